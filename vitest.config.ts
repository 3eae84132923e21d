// The four kinds of test: `unit` needs nothing but the code; `world` real servers; `faults` real servers and
// processes that are killed; `simulation` a virtual world. World and faults share servers and two cores, so their
// files run one at a time. Nothing is retried anywhere: a test that passes the second time has told us something.
// test/run.mjs runs the projects one after another and counts them through test/reporter.mjs.
import { defineConfig } from "vitest/config";

const oneAtATime = { fileParallelism: false, maxWorkers: 1, pool: "forks", isolate: true } as const;

export default defineConfig({
  test: {
    retry: 0,
    allowOnly: false,
    projects: [
      {
        test: {
          name: "unit",
          // Everything that no other project claims: a test in a new folder must not be left out in silence.
          include: ["{src,connectors,bench,test}/**/*.test.ts"],
          exclude: [
            "test/{conformance,hazards,faults,simulation}/**",
            "test/world/*/**",
            "test/world/!(compose).test.ts",
          ],
          setupFiles: ["test/property-seed.ts"],
          testTimeout: 10_000,
          // Nothing here has a world to leave behind, and loading the same modules anew for each file takes longer than the tests.
          isolate: false,
        },
      },
      {
        test: {
          name: "world",
          include: ["test/{world,conformance,hazards}/**/*.test.ts"],
          setupFiles: ["test/property-seed.ts", "test/world/engine-only-setup.ts"],
          exclude: ["test/world/compose.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 180_000,
          sequence: { groupOrder: 1 },
          ...oneAtATime,
        },
      },
      {
        test: {
          name: "faults",
          include: ["test/faults/**/*.test.ts"],
          setupFiles: ["test/property-seed.ts", "test/world/engine-only-setup.ts"],
          testTimeout: 300_000,
          hookTimeout: 180_000,
          sequence: { groupOrder: 2 },
          ...oneAtATime,
        },
      },
      {
        test: {
          name: "simulation",
          include: ["test/simulation/**/*.test.ts"],
          setupFiles: ["test/property-seed.ts"],
          testTimeout: 120_000,
          // Seeds have both cores: nothing in a virtual world waits for the other.
          maxWorkers: 2,
          // Both cores are busy: threads that help to collect what these short lives leave take more than they give.
          execArgv: ["--single-threaded-gc"],
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
