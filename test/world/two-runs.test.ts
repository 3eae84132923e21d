/**
 * One migration, several engines in its life. Beside a running one nobody else writes a byte, and `status` says who
 * runs. When it is killed and its machine is gone, headgate.yaml alone is enough on another one: the ledger has the
 * rest, and no range is copied twice. After the end a run has nothing to do and says so.
 */
import { copyFileSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { headgate, lastObject } from "./headgate.js";
import {
  doneRanges,
  journey,
  ledgerText,
  numbers,
  openRanges,
  toTheEnd,
  unequal,
  untilDone,
} from "./journey.js";

it("is one engine's at a time, and any machine's that has headgate.yaml", async () => {
  await using trip = await journey("hg_two_runs");
  await trip.source.sql("CREATE TABLE big (id INT PRIMARY KEY, note VARCHAR(40))");
  await trip.source.sql(`INSERT INTO big SELECT n, CONCAT('row ', n) FROM (${numbers(12_000)}) AS r`);
  await trip.source.sql("CREATE TABLE keyless (note VARCHAR(40))");
  await trip.source.sql("INSERT INTO keyless VALUES ('a'), ('a'), (NULL)");
  trip.configure(["snapshot: { rangeRows: 100 }"]);

  const first = trip.start(toTheEnd);
  await untilDone(trip, first, 2);
  first.child.kill("SIGSTOP");
  const files = (): string => {
    const state = join(trip.folder, ".headgate", trip.migration);
    return readdirSync(state, { withFileTypes: true })
      .map((entry) => `${entry.name}\n${entry.isFile() ? readFileSync(join(state, entry.name), "utf8") : ""}`)
      .join("\n");
  };
  const [ledger, kept] = [await ledgerText(trip), files()];
  const pid = first.child.pid ?? 0;
  const second = await trip.headgate(...toTheEnd);
  expect([second.code, lastObject(second)["error"]]).toEqual([
    4,
    expect.objectContaining({ code: "claimed", retriable: false }),
  ]);
  const since = /since (\S+ ?\S*), holds/u.exec(second.stdout)?.[1];
  const status = await trip.said(0, "status");
  expect(status).toMatchObject({ state: "copying", holder: { host: hostname(), pid, since }, nextSteps: [] });
  const plain = await trip.headgate("run", "--until", "copied");
  expect(plain).toMatchObject({ code: 4, stdout: "" });
  expect(plain.stderr).toContain(
    `The engine on ${hostname()}, pid ${String(pid)}, since ${String(since)}, holds`,
  );
  expect([await ledgerText(trip), files()]).toEqual([ledger, kept]);

  first.child.kill("SIGKILL");
  expect((await first.end).signal).toBe("SIGKILL");
  const done = await doneRanges(trip);
  expect(Object.keys(done).length).toBeGreaterThanOrEqual(2);
  expect(await openRanges(trip)).toBeGreaterThan(0);
  expect(await trip.said(0, "status")).toMatchObject({ state: "stopped", holder: null });

  const elsewhere = mkdtempSync(join(tmpdir(), "headgate-new-host-"));
  try {
    copyFileSync(join(trip.folder, "headgate.yaml"), join(elsewhere, "headgate.yaml"));
    rmSync(join(trip.folder, ".headgate"), { recursive: true });
    const resumed = await headgate(toTheEnd, { cwd: elsewhere });
    expect([resumed.code, resumed.stderr]).toEqual([0, expect.any(String)]);
    expect(lastObject(resumed)).toMatchObject({ state: "copied", rows: 12_003 });
    expect(existsSync(join(elsewhere, ".headgate", trip.migration, "plan.json"))).toBe(true);
  } finally {
    rmSync(elsewhere, { recursive: true });
  }
  const all = await doneRanges(trip);
  expect(all).toMatchObject(done);
  expect(await openRanges(trip)).toBe(0);
  expect(unequal(await trip.judge())).toEqual([]);

  const end = await ledgerText(trip);
  const again = await trip.headgate("run", "--until", "copied");
  expect(again.code).toBe(0);
  expect(again.stdout).toContain(`${trip.migration} was copied at`);
  expect(again.stdout).toContain("Nothing to do.");
  expect(await ledgerText(trip)).toBe(end);
});
