/**
 * Shows that `npm test` counts as it says: a run whose tests end in every way there is, counted by the reporter that
 * test/run.mjs adds up. A skip without a reason, a suite that cannot begin, a file that cannot be read and a failure
 * after the end must each be one failure, or a red run could look green.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { repoRoot } from "./tree.js";

interface Count {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: readonly { readonly test: string; readonly reason: string }[];
  readonly failures: readonly string[];
}

it("counts every end of a test", { timeout: 60_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), "headgate-count-"));
  try {
    const file = join(folder, "count.json");
    const config = join("test", "architecture", "counting", "vitest.config.ts");
    const reporter = join(repoRoot, "test", "reporter.mjs");
    const words = ["node_modules/vitest/vitest.mjs", "run", "--config", config, `--reporter=${reporter}`];
    const { status } = spawnSync(process.execPath, words, {
      cwd: repoRoot,
      env: { PATH: process.env["PATH"], HEADGATE_TEST_COUNT: file },
      encoding: "utf8",
    });
    expect(status).toBe(1);
    const count = JSON.parse(readFileSync(file, "utf8")) as Count;
    const sample = "every-end.sample.ts > ";
    expect(count.passed).toBe(2);
    expect(count.skipped).toEqual([
      { test: `${sample}is skipped and says why`, reason: "no ../shared/corpus here" },
      {
        test: `${sample}a suite that cannot begin > has a test`,
        reason: "the preparation of its suite failed",
      },
    ]);
    expect([...count.failures].sort()).toEqual([
      `${sample}a suite that cannot begin\n      no server`,
      `${sample}fails\n      expected 1 to be 2 // Object.is equality`,
      `${sample}is not written (skipped without a reason)`,
      `${sample}is skipped in silence (skipped without a reason)`,
      `${sample}is skipped with an empty reason (skipped without a reason)`,
      "unhandled: too late",
      "unreadable.sample.ts\n      cannot be read",
    ]);
    expect(count.failed).toBe(count.failures.length);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
