// The four kinds of test: `unit` needs nothing but the code; `world` real servers; `faults` real servers and
// processes that are killed; `simulation` a virtual world. Files of world and faults share servers, so they run one at a
// time; where test/run.mjs has a second set of servers up they run two at a time, each worker on a set of its own: one
// file alone leaves much of two cores idle. Nothing is retried anywhere: a test that passes the second time has told us
// something. test/run.mjs runs the projects and counts them through test/reporter.mjs.
import { defineConfig } from "vitest/config";

const second = process.env["HEADGATE_TEST_SECOND"] !== undefined;

const onServers = {
  maxWorkers: second ? 2 : 1,
  pool: "forks",
  isolate: true,
  // One queue: while the last of one are under way, the other's have the other set of servers.
  sequence: { groupOrder: 1 },
} as const;

const serverSetups = ["test/world/second-servers-setup.ts", "test/world/engine-only-setup.ts"];

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
          setupFiles: ["test/property-seed.ts", ...serverSetups],
          exclude: ["test/world/compose.test.ts"],
          // The longest take a minute alone; another file, lives of the simulation and the linter may be beside them.
          testTimeout: 240_000,
          hookTimeout: 240_000,
          ...onServers,
        },
      },
      {
        test: {
          name: "faults",
          include: ["test/faults/**/*.test.ts"],
          setupFiles: ["test/property-seed.ts", ...serverSetups],
          testTimeout: 300_000,
          hookTimeout: 240_000,
          ...onServers,
        },
      },
      {
        test: {
          name: "simulation",
          include: ["test/simulation/**/*.test.ts"],
          setupFiles: ["test/property-seed.ts"],
          // In `npm test` it has what world and faults leave of the cores, and no clock of a virtual world says anything.
          testTimeout: 1_200_000,
          // Seeds have both cores: nothing in a virtual world waits for the other.
          maxWorkers: 2,
          // Both cores are busy: threads that help to collect what these short lives leave take more than they give.
          execArgv: ["--single-threaded-gc"],
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
