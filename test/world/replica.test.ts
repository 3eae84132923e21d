/**
 * `check` with source.replica: the values are read there, once it is proven to be a replica that has reached the
 * source's position. What is no replica of the source is refused by name. The source is a server of the test's own,
 * so that nothing but its changes reaches the replica.
 */
import { createConnection } from "mysql2/promise";
import type { Connection } from "mysql2/promise";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openMysql } from "../../connectors/mysql/source.js";
import { readFrom } from "../../src/migration/read-from.js";
import type { Finding } from "../../src/model.js";
import { ownServers } from "../faults/own-servers.js";
import { asEngine, dropSourceAccount, engineName, makeSourceAccount } from "./accounts.js";
import { journey, numbers } from "./journey.js";
import type { Journey, Said } from "./journey.js";
import { optionsOf } from "./source-database.js";
import { up } from "./stack/servers.js";

const database = "check_replica";

interface Mismatch {
  readonly key: readonly string[];
  readonly kind: string;
}

function mismatchesOf(said: Said, name: string): readonly Mismatch[] {
  const tables = said["tables"] as readonly { readonly table: string; readonly mismatches: Mismatch[] }[];
  return tables.find(({ table }) => table === name)?.mismatches ?? [];
}

describe("check on a replica", () => {
  const open: AsyncDisposable[] = [];
  let trip: Journey;
  let replica: Connection;
  let url: URL;
  /** Administrators'. */
  let mariadb: string;
  let primaryUrl: string;

  beforeAll(async () => {
    const shared = await up(["mysql9", "mariadb"]);
    const own = await ownServers(["mysql9", "postgres18"]);
    open.push(own);
    primaryUrl = own.servers.mysql9.url;
    const primary = await createConnection({ uri: own.servers.mysql9.url });
    // One number for two servers, and a replica would take its source's changes for its own.
    await primary.query("SET GLOBAL server_id = 19");
    await primary.query("RESET BINARY LOGS AND GTIDS");
    await primary.end();
    trip = await journey(database);
    open.unshift(trip);
    url = new URL(asEngine(shared.mysql9.url, database));
    mariadb = shared.mariadb.url;
    replica = await createConnection({ uri: shared.mysql9.url });
    await dropSourceAccount(replica, engineName(database));
    const from = new URL(own.servers.mysql9.url);
    await replica.query(
      `CHANGE REPLICATION SOURCE TO SOURCE_HOST = '127.0.0.1', SOURCE_PORT = ${from.port}, SOURCE_USER = 'root', SOURCE_AUTO_POSITION = 1, GET_SOURCE_PUBLIC_KEY = 1`,
    );
    await replica.query("START REPLICA");
    await trip.source.sql("CREATE TABLE flags (id INT PRIMARY KEY, b TINYINT(1))");
    await trip.source.sql("INSERT INTO flags VALUES (1, 0), (2, 1)");
    // The engine's account comes to the replica as everything else does.
    const [[set = ""] = []] = await trip.source.sql("SELECT @@GLOBAL.gtid_executed");
    await replica.query("SELECT WAIT_FOR_EXECUTED_GTID_SET(?, 60)", [set]);
  });
  afterAll(async () => {
    await replica.query("STOP REPLICA");
    await replica.query("RESET REPLICA ALL");
    await replica.query("DROP DATABASE IF EXISTS check_replica");
    await dropSourceAccount(replica, engineName(database));
    await replica.end();
    for (const each of open) await each[Symbol.asyncDispose]();
  });

  const configure = (place: string, more: readonly string[] = []): void =>
    trip.configure(more, { replica: place });
  const found = async (exit: number): Promise<readonly Finding[]> =>
    (await trip.said(exit, "check"))["findings"] as readonly Finding[];
  const errors = (findings: readonly Finding[]): readonly string[] =>
    findings.filter(({ severity }) => severity === "error").map(({ code, object }) => `${code} ${object}`);

  it("reads the values there, and what was written last is among them", async () => {
    configure(url.href, ["throttle: { maxReplicaLagSeconds: 30, maxThreadsRunning: 50 }"]);
    expect(errors(await found(0))).toEqual([]);
    // It applies what is written last eight seconds later: a look that does not wait for it sees less.
    const delayed = async (seconds: number): Promise<void> => {
      await replica.query("STOP REPLICA SQL_THREAD");
      await replica.query(`CHANGE REPLICATION SOURCE TO SOURCE_DELAY = ${String(seconds)}`);
      await replica.query("START REPLICA SQL_THREAD");
    };
    await delayed(8);
    await trip.source.sql("INSERT INTO flags VALUES (3, 3)");
    expect(errors(await found(3))).toEqual(["boolean-value flags.b"]);
    await delayed(0);
    // A row that only the replica has shows where the values were read.
    await replica.query("SET SESSION sql_log_bin = 0");
    await replica.query("INSERT INTO check_replica.flags VALUES (4, 4)");
    expect((await found(3)).find(({ code }) => code === "boolean-value")).toMatchObject({ count: 2 });
    // What run looks at before it writes is looked at there too.
    const run = await trip.said(3, "run", "--until", "copied", "--dry-run");
    expect(
      (run["findings"] as readonly Finding[]).find(({ code }) => code === "boolean-value"),
    ).toMatchObject({
      count: 2,
    });
    await replica.query("DELETE FROM check_replica.flags WHERE id = 4");
    await replica.query("SET SESSION sql_log_bin = 1");
  });

  it("is waited for before its rows are read beside the log: they show the position that was asked for", async () => {
    await using source = await openMysql(trip.source.options);
    await using own = await openMysql(optionsOf(url.href, database));
    const { signal } = new AbortController();
    const both = readFrom(source, own, signal);
    const rows = async (): Promise<string> => {
      const sql = `SELECT COUNT(*) FROM ${database}.flags`;
      const [counted] = await replica.query({ sql, rowsAsArray: true });
      return String((counted as unknown[][])[0]?.[0]);
    };
    const before = await rows();
    await replica.query("STOP REPLICA SQL_THREAD");
    await trip.source.sql("INSERT INTO flags VALUES (70, 1)");
    const position = await source.position();
    // The replica's own answer to the wait: it stands still, so it has not come there.
    const seen = both.seen("one", position, signal).then(rows);
    expect(await rows()).toBe(before);
    await replica.query("START REPLICA SQL_THREAD");
    expect(await seen).toBe(String(Number(before) + 1));
    // A person's queries are asked there too.
    const told: (string | null)[] = [];
    const ports = "SELECT @@port";
    await both.ask(
      ports,
      { timeoutMs: 10_000, mostRows: 1 },
      ([port]) => void told.push(port ?? null),
      signal,
    );
    expect(told).toEqual([new URL(url.href).port]);
    await trip.source.sql("DELETE FROM flags WHERE id = 70");
    await both.seen("one", await source.position(), signal);
    expect(await rows()).toBe(before);
  });

  it(
    "is read by a whole verification and by repair, which bring back what was broken",
    { timeout: 240_000 },
    async (context) => {
      if (process.env["HEADGATE_GATE"] !== "1") context.skip("the gate verifies and repairs on a replica");
      // The server is shared, and has markers of other tests: the source's own would not come through.
      const unmarked = async (): Promise<void> => {
        await replica.query("SET SESSION sql_log_bin = 0");
        await replica.query("DROP DATABASE IF EXISTS headgate");
        await replica.query("SET SESSION sql_log_bin = 1");
      };
      await unmarked();
      await trip.source.sql("CREATE TABLE kept (id INT PRIMARY KEY, n INT, note VARCHAR(20))");
      await trip.source.sql("CREATE TABLE bag (a INT, b VARCHAR(9))");
      await trip.source.sql(`INSERT INTO kept SELECT n, n, CONCAT('row ', n) FROM (${numbers(500)}) AS r`);
      await trip.source.sql("INSERT INTO bag VALUES (1, 'x'), (1, 'x'), (2, NULL)");
      configure(url.href, [
        "tables: { include: [kept, bag] }",
        "throttle: { maxReplicaLagSeconds: 30, maxThreadsRunning: 50 }",
      ]);
      await trip.said(0, "run", "--until", "ready", "--timeout", "60s");
      // A row that only the replica has shows where rows are read.
      await replica.query("SET SESSION sql_log_bin = 0");
      await replica.query("INSERT INTO check_replica.kept VALUES (9001, 1, 'there')");
      await replica.query("UPDATE check_replica.kept SET n = -1 WHERE id = 20");
      const there = await trip.said(2, "verify", "--full");
      expect(there).toMatchObject({ replica: true });
      const { proof } = (await trip.said(0, "report")) as {
        readonly proof?: { readonly sentences: string[] };
      };
      expect(proof?.sentences).toContainEqual(
        expect.stringMatching(/read the source's rows on source\.replica/u),
      );
      expect(mismatchesOf(there, "kept")).toMatchObject([
        { key: ["20"], kind: "different", columns: ["n"] },
        { key: ["9001"], kind: "missing" },
      ]);
      // What is repaired is read at the source itself: what the replica has otherwise comes nowhere.
      expect(await trip.said(0, "repair")).toMatchObject({ differences: 0 });
      const [still] = await trip.judge({ only: ["kept"] });
      expect(still?.equal).toBe(true);
      await replica.query("DELETE FROM check_replica.kept WHERE id = 9001");
      await replica.query("UPDATE check_replica.kept SET n = 20 WHERE id = 20");
      await replica.query("SET SESSION sql_log_bin = 1");
      await trip.said(0, "verify");
      await trip.target.sql(
        "SET session_replication_role = replica; UPDATE kept SET n = n + 1 WHERE id IN (7, 8); DELETE FROM kept WHERE id = 9; INSERT INTO kept VALUES (777, 1, 'nobody'); DELETE FROM bag WHERE a = 2; INSERT INTO bag VALUES (1, 'x')",
      );
      await trip.source.sql("UPDATE kept SET note = 'written' WHERE id IN (10, 11)");
      const broken = await trip.said(2, "verify", "--full");
      expect(broken["differences"]).toBe(6);
      expect(mismatchesOf(broken, "kept").map(({ kind }) => kind)).toEqual([
        "different",
        "different",
        "missing",
        "extra",
      ]);
      expect(await trip.said(0, "repair")).toMatchObject({ differences: 0, pending: 0 });
      expect(await trip.said(0, "verify", "--full")).toMatchObject({ differences: 0, pending: 0 });
      const verdicts = await trip.judge({ only: ["kept", "bag"] });
      expect(verdicts.map(({ equal }) => equal)).toEqual([true, true]);
      await unmarked();
    },
  );

  it("is no matter to the source itself: what its log holds and no read shows is waited for (semi-synchronous commits)", async () => {
    await using source = await openMysql(trip.source.options);
    const writer = await createConnection({ uri: primaryUrl });
    const sql = (statement: string): Promise<(string | null)[][]> => trip.source.sql(statement);
    const asked = async (statement: string): Promise<string> => (await sql(statement))[0]?.[0] ?? "";
    const shown = (): Promise<string> => asked("SELECT COUNT(*) FROM flags WHERE id = 80");
    const size = async (): Promise<number> => Number((await sql("SHOW BINARY LOGS")).at(-1)?.[1]);
    await sql("INSTALL PLUGIN rpl_semi_sync_source SONAME 'semisync_source.so'");
    try {
      await sql("SET GLOBAL rpl_semi_sync_source_timeout = 1500");
      await sql("SET GLOBAL rpl_semi_sync_source_enabled = 1");
      const uuid = await asked("SELECT @@server_uuid");
      const next = Number(/(\d+)$/u.exec(await asked("SELECT @@GLOBAL.gtid_executed"))?.[1]) + 1;
      const begun = await size();
      const writing = writer.query(`INSERT INTO ${database}.flags VALUES (80, 1)`);
      while ((await size()) === begun);
      // In the log, and nobody sees it.
      expect(await shown()).toBe("0");
      const position = { kind: "gtid", set: `${uuid}:1-${String(next)}`, file: "", offset: "0" } as const;
      await source.seen("one", position, new AbortController().signal);
      expect(await shown()).toBe("1");
      await writing;
    } finally {
      await sql("SET GLOBAL rpl_semi_sync_source_enabled = 0");
      await sql("DELETE FROM flags WHERE id = 80");
      await sql("UNINSTALL PLUGIN rpl_semi_sync_source");
      await writer.end();
    }
  });

  it("refuses what is no replica of the source", async () => {
    const same = new URL(url);
    same.port = String(trip.source.options.port);
    configure(same.href);
    expect(errors(await found(3))).toEqual(["replica-is-source server.replica"]);
    const maria = await createConnection({ uri: mariadb });
    await maria.query("CREATE DATABASE IF NOT EXISTS check_replica");
    await makeSourceAccount(maria, database);
    configure(asEngine(mariadb, database));
    expect(errors(await found(3))).toContain("replica-of-another server.replica");
    await maria.query("DROP DATABASE check_replica");
    await dropSourceAccount(maria, engineName(database));
    await maria.end();
    await replica.query("CREATE TABLE check_replica.extra (id INT PRIMARY KEY)");
    configure(url.href);
    expect(errors(await found(3))).toEqual(["replica-differs server.replica"]);
    await replica.query("DROP TABLE check_replica.extra");
    await replica.query("STOP REPLICA");
    expect(errors(await found(3))).toEqual(["replica-stopped server.replica"]);
    await replica.query("RESET REPLICA ALL");
    expect(errors(await found(3))).toEqual(["replica-not-replicating server.replica"]);
  });
});
