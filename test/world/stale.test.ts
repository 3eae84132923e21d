/**
 * A plan is a function of catalogue and config. Whichever of them changes under it (between `plan` and `run`, while
 * the copy runs, between a kill and the resume), the run stops before it writes anything by the old plan; and when
 * the change is taken back, it goes on. What does not alter the plan does not stop it.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { lastObject } from "./headgate.js";
import {
  doneRanges,
  journey,
  ledgerText,
  lockedRanges,
  numbers,
  openRanges,
  toTheEnd,
  unequal,
  untilDone,
} from "./journey.js";
import type { Journey } from "./journey.js";

const snapshot = "snapshot: { rangeRows: 100 }";

let trip: Journey;

beforeAll(async () => {
  trip = await journey("hg_stale");
});
afterAll(async () => {
  await trip[Symbol.asyncDispose]();
});
beforeEach(async () => {
  await trip.source.sql("DROP TABLE IF EXISTS big, small, late");
  await trip.source.sql("CREATE TABLE big (id INT PRIMARY KEY, note VARCHAR(40), KEY (note))");
  await trip.source.sql(`INSERT INTO big SELECT n, CONCAT('row ', n) FROM (${numbers(12_000)}) AS r`);
  await trip.source.sql("CREATE TABLE small (id INT PRIMARY KEY, flag TINYINT(1))");
  await trip.source.sql("INSERT INTO small VALUES (1, 0), (2, 1)");
  await trip.target.sql("DROP TABLE IF EXISTS big, small, late");
  await trip.target.sql("DROP SCHEMA IF EXISTS headgate CASCADE");
  rmSync(join(trip.folder, ".headgate"), { recursive: true, force: true });
  trip.configure([snapshot]);
});

/** Indexes on the target's tables: what is built after the data. */
async function indexes(): Promise<unknown[]> {
  return trip.target.sql("SELECT indexname FROM pg_indexes WHERE schemaname = 'public'");
}

/** A run that must refuse with exit 3 and write nothing. */
async function refused(code: string): Promise<string> {
  const before = await ledgerText(trip);
  const ended = await trip.headgate(...toTheEnd);
  expect(ended.code, ended.stdout).toBe(3);
  const last = lastObject(ended);
  const findings = (last["findings"] ?? []) as readonly {
    code: string;
    severity: string;
    sentence: string;
  }[];
  const errors = findings.filter((finding) => finding.severity === "error");
  const error = last["error"] as { code: string; sentence: string } | undefined;
  const said = error ?? errors[0];
  expect(said?.code).toBe(code);
  expect(await ledgerText(trip)).toBe(before);
  return said?.sentence ?? "";
}

it("a table that was altered between plan and run stops the run before it writes", async () => {
  await trip.said(0, "plan");
  await trip.source.sql("ALTER TABLE small ADD COLUMN extra INT");
  expect(await refused("plan-stale")).toContain("plan.json");
  expect(await ledgerText(trip)).toBeNull();
  const tables = await trip.target.sql(
    "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace",
  );
  expect(tables).toEqual([]);
  // Planned again, it is a plan of today's table.
  await trip.said(0, "plan");
  await trip.said(0, ...toTheEnd.slice(0, -1));
  expect(unequal(await trip.judge())).toEqual([]);
});

it("a table that is altered while it is copied stops the run before anything is built on it", async () => {
  const running = trip.start(toTheEnd);
  await untilDone(trip, running, 2);
  await trip.source.sql("ALTER TABLE big ADD COLUMN extra INT");
  const ended = await running.end;
  expect(ended.code, ended.stdout).toBe(3);
  expect(lastObject(ended)).toMatchObject({ error: { code: "plan-stale", retriable: false } });
  expect(await openRanges(trip)).toBe(0);
  expect(await indexes()).toEqual([]);
  // The altered table is refused again and again; as it was planned, it is built from what was copied.
  await refused("plan-stale");
  await trip.source.sql("ALTER TABLE big DROP COLUMN extra");
  const done = await doneRanges(trip);
  await trip.said(0, ...toTheEnd.slice(0, -1));
  expect(await doneRanges(trip)).toEqual(done);
  expect(await indexes()).toHaveLength(3);
  expect(unequal(await trip.judge())).toEqual([]);
});

it("a run that follows the log copies a table again that was altered while it was copied, by itself", async () => {
  const follow = ["run", "--until", "ready", "--timeout", "60s", "--json"];
  const killed = trip.start(follow);
  await untilDone(trip, killed, 2);
  killed.child.kill("SIGKILL");
  await killed.end;
  // What the log says of it until here is of a shape that no plan has any more.
  await trip.source.sql("UPDATE small SET flag = 1 WHERE id = 1");
  await trip.source.sql("ALTER TABLE small ADD made DATETIME NOT NULL DEFAULT '2026-11-27 11:30:00' FIRST");
  // Whatever the machine does meanwhile, the copy cannot come to its end before the source was altered.
  await using held = await lockedRanges(trip, "big", 60);
  const running = trip.start(follow);
  await untilDone(trip, running, 10);
  await trip.source.sql("CREATE TABLE late (id INT PRIMARY KEY)");
  await trip.source.sql("INSERT INTO late VALUES (1)");
  await trip.source.sql("UPDATE big SET note = 'old' WHERE id = 3");
  await trip.source.sql(
    "ALTER TABLE big ADD COLUMN extra INT NOT NULL DEFAULT 7, CHANGE note words VARCHAR(99)",
  );
  await trip.source.sql("UPDATE big SET words = 'new', extra = 8 WHERE id = 4");
  await held.release();
  const ended = await running.end;
  expect(ended.code, ended.stdout).toBe(0);
  expect(lastObject(ended)).toMatchObject({ state: "ready", blocking: [] });
  expect(unequal(await trip.judge())).toEqual([]);
  // Cut at one position each, and not in ranges; big twice over, once by each plan.
  expect(Object.keys(await doneRanges(trip)).sort()).toEqual(["big/0", "late/0", "small/0"]);
});

it("a killed run goes on only while catalogue, config and target are those of its plan", async () => {
  const killed = trip.start(toTheEnd);
  await untilDone(trip, killed, 2);
  killed.child.kill("SIGKILL");
  await killed.end;
  const done = await doneRanges(trip);
  expect(await openRanges(trip)).toBeGreaterThan(0);

  await trip.source.sql("ALTER TABLE small MODIFY flag INT");
  expect(await refused("plan-stale")).toContain("the target's ledger");
  await trip.source.sql("ALTER TABLE small MODIFY flag TINYINT(1)");

  trip.configure([snapshot, "typemap: [{ match: { table: small, column: flag }, to: { type: smallint } }]"]);
  await refused("plan-stale");
  trip.configure([snapshot, "tables: { exclude: [small] }"]);
  await refused("plan-stale");

  trip.configure([snapshot]);
  await trip.target.sql("ALTER TABLE big RENAME TO mine");
  expect(await refused("ledger-mismatch")).toContain("big");
  await trip.target.sql("CREATE TABLE big (LIKE mine)");
  expect(await refused("target-not-empty")).toContain("big");
  await trip.target.sql("DROP TABLE big");
  await trip.target.sql("ALTER TABLE mine RENAME TO big");

  // How the work is cut is no part of the plan: bounds that are recorded stay.
  trip.configure(["snapshot: { rangeRows: 5000, workers: 1 }"]);
  expect((await trip.said(0, ...toTheEnd.slice(0, -1)))["state"]).toBe("copied");
  expect(await doneRanges(trip)).toMatchObject(done);
  expect(unequal(await trip.judge())).toEqual([]);
});
