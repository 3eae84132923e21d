/**
 * What happens to a source while Headgate looks at it or copies it, and what it can't show: a table altered or dropped
 * under `check`, one that somebody holds locked, one that is dropped half-way through the copy, a view whose definer
 * is gone, a routine that the account may not read. Each is a finding or a sentence through the real command line,
 * never a stack trace.
 */
import type { RowDataPacket } from "mysql2/promise";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Ended } from "./headgate.js";
import { lastObject } from "./headgate.js";
import { journey, numbers, toTheEnd, unequal, untilDone } from "./journey.js";
import type { Journey, Running } from "./journey.js";
import { foundIn } from "./hazard/finding.js";
import type { Found } from "./hazard/finding.js";
import { openDriver, sourceUrl } from "./source-database.js";

let trip: Journey;

beforeEach(async () => {
  trip = await journey("hg_bad_moments");
  for (const table of ["a", "b", "c", "d"])
    await trip.source.sql(`CREATE TABLE ${table} (id int PRIMARY KEY, flag tinyint(1), note varchar(20))`);
  await trip.source.sql("INSERT INTO c VALUES (1, 1, 'x')");
});

afterEach(async () => {
  await trip.source.sql("UNLOCK TABLES");
  await trip[Symbol.asyncDispose]();
});

/** A second administrator, beside the one who holds the locks; the last statement's first cell. */
async function another(...statements: readonly string[]): Promise<unknown> {
  const driver = await openDriver(await sourceUrl("mysql9"));
  try {
    await driver.query("USE hg_bad_moments");
    let cell: unknown;
    for (const statement of statements) {
      const [rows] = await driver.query<RowDataPacket[][]>(statement);
      cell = Array.isArray(rows) ? rows[0]?.[0] : undefined;
    }
    return cell;
  } finally {
    await driver.end();
  }
}

/** Resolves as soon as so many sessions wait for a table; throws when the process ends before. */
async function untilWaiting(running: Running, sessions: number): Promise<void> {
  const waiting =
    "SELECT COUNT(*) FROM performance_schema.threads WHERE PROCESSLIST_DB = DATABASE() AND PROCESSLIST_STATE = 'Waiting for table metadata lock'";
  while (Number(await another(waiting)) < sessions)
    if (running.child.exitCode !== null) throw new Error((await running.end).stdout);
}

function calm(ended: Ended): void {
  expect(ended.stderr + ended.stdout).not.toMatch(/^\s+at .+:\d+:\d+\)?$/mu);
  expect(ended.stdout).not.toContain('"bug"');
}

function errorsIn(ended: Ended): readonly Found[] {
  return foundIn(lastObject(ended)).filter(({ severity }) => severity === "error");
}

describe("check", () => {
  it("tells of a table that was dropped and one that was altered while it looked", async () => {
    await trip.source.sql("LOCK TABLES a WRITE, b WRITE");
    const running = trip.start(["check", "--json"]);
    await untilWaiting(running, 2);
    await another("DROP TABLE c", "ALTER TABLE d DROP COLUMN flag");
    await trip.source.sql("UNLOCK TABLES");
    const ended = await running.end;
    calm(ended);
    expect(ended.code).toBe(3);
    expect(errorsIn(ended).map(({ code, object }) => [code, object])).toEqual([
      ["table-changed", "c"],
      ["table-changed", "d"],
    ]);
  });

  it("waits so long and no longer for a locked table, and names who holds it", async () => {
    await trip.source.sql("LOCK TABLES b WRITE");
    const [holder] = await trip.source.sql("SELECT CONNECTION_ID()");
    const ended = await trip.headgate("check", "--json");
    calm(ended);
    expect(ended.code).toBe(3);
    const [locked, ...more] = errorsIn(ended);
    expect(more).toEqual([]);
    expect(locked).toMatchObject({ code: "table-locked", object: "b" });
    expect(locked?.sentence).toMatch(
      new RegExp(`session ${holder?.[0] ?? ""} of root@[\\w.]+ .* more than 10 seconds`, "u"),
    );
  });

  it("tells of a view whose definer is gone, and of a routine that it may not read", async () => {
    for (const user of ["hg_moments_gone", "hg_moments_reader"]) {
      await trip.source.sql(`DROP USER IF EXISTS ${user}@'%'`);
      await trip.source.sql(`CREATE USER ${user}@'%'`);
    }
    try {
      await trip.source.sql("CREATE DEFINER = hg_moments_gone@'%' VIEW orphaned AS SELECT id FROM a");
      await trip.source.sql("CREATE FUNCTION secret() RETURNS int DETERMINISTIC NO SQL RETURN 1");
      await trip.source.sql("DROP USER hg_moments_gone@'%'");
      const whole = await trip.headgate("check", "--json");
      calm(whole);
      const view = foundIn(lastObject(whole)).filter(({ object }) => object === "orphaned");
      expect(view.map(({ code, severity }) => [code, severity])).toContainEqual(["definer-gone", "warning"]);

      await trip.source.sql(
        "GRANT SELECT, LOCK TABLES, SHOW VIEW, TRIGGER, EVENT, EXECUTE ON `hg\\_bad\\_moments`.* TO hg_moments_reader@'%'",
      );
      const url = new URL(await sourceUrl("mysql9"));
      trip.configure([], { source: `mysql://hg_moments_reader@${url.host}/hg_bad_moments` });
      const blind = await trip.headgate("check", "--json");
      calm(blind);
      const routine = foundIn(lastObject(blind)).filter(({ object }) => object === "secret");
      expect(routine.map(({ code }) => code)).toContain("object-hidden");
    } finally {
      for (const user of ["hg_moments_gone", "hg_moments_reader"])
        await trip.source.sql(`DROP USER IF EXISTS ${user}@'%'`);
    }
  });
});

describe("run", () => {
  beforeEach(async () => {
    trip.configure(["snapshot: { workers: 1, rangeRows: 100 }"]);
    await trip.source.sql(`INSERT INTO a SELECT n, 0, REPEAT('x', 20) FROM (${numbers(20_000)}) AS many`);
  });

  it("names who holds a table that it must wait for, and goes on when the lock is gone", async () => {
    const running = trip.start(toTheEnd);
    await untilDone(trip, running, 1);
    await trip.source.sql("LOCK TABLES a WRITE");
    const [holder] = await trip.source.sql("SELECT CONNECTION_ID()");
    await running.logged(new RegExp(`session ${holder?.[0] ?? ""} of root@`, "u"));
    await trip.source.sql("UNLOCK TABLES");
    const ended = await running.end;
    calm(ended);
    expect(ended.code, ended.stdout).toBe(0);
    expect(unequal(await trip.judge())).toEqual([]);
  });

  it("ends with a sentence when a table is dropped half-way, and says so again when it is asked to go on", async () => {
    const running = trip.start(toTheEnd);
    await untilDone(trip, running, 1);
    await another("DROP TABLE a");
    const ended = await running.end;
    calm(ended);
    const { error, exit } = lastObject(ended);
    expect([exit, error]).toMatchObject([
      1,
      { sentence: expect.stringMatching(/hg_bad_moments\.a|\ba\b/u) as string },
    ]);
    const again = await trip.headgate(...toTheEnd);
    calm(again);
    expect(again.code).not.toBe(0);
    expect(JSON.stringify(lastObject(again))).toMatch(/\ba\b/u);
  });
});
