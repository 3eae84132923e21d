/**
 * What happens to a source while Headgate looks at it or copies it, and what it can't show: a table altered or dropped
 * under `check`, one that somebody holds locked, one that is dropped half-way through the copy, a view whose definer
 * is gone, a routine that the account may not read. Each is a finding or a sentence through the real command line,
 * never a stack trace. From MySQL 9 where no servers are named; the gate names each source.
 */
import type { RowDataPacket } from "mysql2/promise";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fromSources } from "./from-sources.js";
import type { Ended } from "./headgate.js";
import { lastObject } from "./headgate.js";
import { journey, numbers, toTheEnd, unequal, untilDone } from "./journey.js";
import type { Journey, Running } from "./journey.js";
import { foundIn } from "./hazard/finding.js";
import type { Found } from "./hazard/finding.js";
import { serversAreNamed, testSources } from "./matrix.js";
import { openDriver, sourceUrl } from "./source-database.js";
import type { SourceName } from "./source-database.js";

/** A second administrator, beside the one who holds the locks; the last statement's first cell. */
async function another(server: SourceName, ...statements: readonly string[]): Promise<unknown> {
  const driver = await openDriver(await sourceUrl(server));
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
async function untilWaiting(server: SourceName, running: Running, sessions: number): Promise<void> {
  const waiting =
    "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE DB = DATABASE() AND STATE = 'Waiting for table metadata lock'";
  while (Number(await another(server, waiting)) < sessions)
    if (running.child.exitCode !== null) throw new Error((await running.end).stdout);
}

function calm(ended: Ended): void {
  expect(ended.stderr + ended.stdout).not.toMatch(/^\s+at .+:\d+:\d+\)?$/mu);
  expect(ended.stdout).not.toContain('"bug"');
}

function errorsIn(ended: Ended): readonly Found[] {
  return foundIn(lastObject(ended)).filter(({ severity }) => severity === "error");
}

fromSources(serversAreNamed ? testSources : ["mysql9"], "bad moments of %s", (server) => {
  let trip: Journey;
  /** Whether the server says who holds which table; 5.6 only who may. */
  const tells = server !== "mysql56";

  /** MySQL 5.6 has no DROP USER IF EXISTS. */
  async function dropUser(user: string): Promise<void> {
    const there = await trip.source.sql("SELECT 1 FROM mysql.user WHERE user = ? AND host = '%'", [user]);
    if (there.length > 0) await trip.source.sql(`DROP USER ${user}@'%'`);
  }

  beforeEach(async () => {
    trip = await journey("hg_bad_moments", server);
    for (const table of ["a", "b", "c", "d"])
      await trip.source.sql(`CREATE TABLE ${table} (id int PRIMARY KEY, flag tinyint(1), note varchar(20))`);
    await trip.source.sql("INSERT INTO c VALUES (1, 1, 'x')");
  });

  afterEach(async () => {
    await trip.source.sql("UNLOCK TABLES");
    await trip[Symbol.asyncDispose]();
  });

  describe("check", () => {
    it("tells of a table that was dropped and one that was altered while it looked", async () => {
      await trip.source.sql("LOCK TABLES a WRITE, b WRITE");
      const running = trip.start(["check", "--json"]);
      await untilWaiting(server, running, 2);
      await another(server, "DROP TABLE c", "ALTER TABLE d DROP COLUMN flag");
      await trip.source.sql("UNLOCK TABLES");
      const ended = await running.end;
      calm(ended);
      expect(ended.code).toBe(3);
      expect(errorsIn(ended).map(({ code, object }) => [code, object])).toEqual([
        ["table-changed", "c"],
        ["table-changed", "d"],
      ]);
    });

    it("waits so long and no longer for a locked table and for a view over it, and names who holds it", async () => {
      await trip.source.sql("CREATE VIEW over_b AS SELECT id FROM b");
      await trip.source.sql("LOCK TABLES b WRITE");
      const [holder] = await trip.source.sql("SELECT CONNECTION_ID()");
      const ended = await trip.headgate("check", "--json");
      calm(ended);
      expect(ended.code).toBe(3);
      const [locked, ...more] = errorsIn(ended);
      expect(more).toEqual([]);
      expect(locked).toMatchObject({ code: "table-locked", object: "b" });
      expect(locked?.sentence).toMatch(
        new RegExp(`session ${holder?.[0] ?? ""} of root@[\\w.:]+ .* more than 10 seconds`, "u"),
      );
      const [view] = foundIn(lastObject(ended)).filter(({ object }) => object === "over_b");
      expect(view).toMatchObject({ code: "view-locked", severity: "warning" });
      expect(view?.sentence).toMatch(
        new RegExp(`session ${holder?.[0] ?? ""} of root@[\\w.:]+ .*${tells ? "with b" : "held it"}`, "u"),
      );
    });

    it("tells of a view whose definer is gone, and of a routine that it may not read", async () => {
      for (const user of ["hg_moments_gone", "hg_moments_read"]) {
        await dropUser(user);
        await trip.source.sql(`CREATE USER ${user}@'%'`);
      }
      try {
        await trip.source.sql("CREATE DEFINER = hg_moments_gone@'%' VIEW orphaned AS SELECT id FROM a");
        await trip.source.sql("CREATE FUNCTION secret() RETURNS int DETERMINISTIC NO SQL RETURN 1");
        await trip.source.sql("DROP USER hg_moments_gone@'%'");
        const whole = await trip.headgate("check", "--json");
        calm(whole);
        const view = foundIn(lastObject(whole)).filter(({ object }) => object === "orphaned");
        expect(view.map(({ code, severity }) => [code, severity])).toContainEqual([
          "definer-gone",
          "warning",
        ]);

        await trip.source.sql(
          "GRANT SELECT, LOCK TABLES, SHOW VIEW, TRIGGER, EVENT, EXECUTE ON `hg\\_bad\\_moments`.* TO hg_moments_read@'%'",
        );
        const url = new URL(await sourceUrl(server));
        trip.configure([], { source: `mysql://hg_moments_read@${url.host}/hg_bad_moments` });
        const blind = await trip.headgate("check", "--json");
        calm(blind);
        const routine = foundIn(lastObject(blind)).filter(({ object }) => object === "secret");
        expect(routine.map(({ code }) => code)).toContain("object-hidden");
      } finally {
        for (const user of ["hg_moments_gone", "hg_moments_read"]) await dropUser(user);
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
      await another(server, "DROP TABLE a");
      const ended = await running.end;
      calm(ended);
      const { error, exit } = lastObject(ended);
      expect([exit, error]).toMatchObject([
        3,
        { code: "plan-stale", sentence: expect.stringMatching(/\ba is gone or was renamed/u) as string },
      ]);
      const again = await trip.headgate(...toTheEnd);
      calm(again);
      expect(again.code).not.toBe(0);
      expect(JSON.stringify(lastObject(again))).toMatch(/\ba\b/u);
    });
  });
});
