/**
 * A source with a replica: the copy is read there, and it fails over in the middle of a migration. The replica that takes its place is followed when it has every
 * transaction that the target stands on, and the one that was left behind is not gone back to. Both servers are the
 * test's own: nothing but this migration is in their logs.
 */
import { createConnection } from "mysql2/promise";
import type { Connection } from "mysql2/promise";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ownServers } from "../faults/own-servers.js";
import { asEngine } from "./accounts.js";
import { journey } from "./journey.js";
import type { Journey } from "./journey.js";
import { lockedTable } from "./locked-table.js";

const database = "failover";
const lanes = ["lanes: [[flags], [others]]"];
const ready = ["run", "--until", "ready", "--timeout", "60s"] as const;

describe("a source with a replica", () => {
  const open: AsyncDisposable[] = [];
  let trip: Journey;
  let replica: Connection;
  let url: string;

  beforeAll(async () => {
    const second = await ownServers(["mysql9"]);
    open.unshift(second);
    const first = await ownServers(["mysql9", "postgres18"]);
    open.unshift(first);
    const primary = await createConnection({ uri: first.servers.mysql9.url });
    // One number for two servers, and a replica would take its source's changes for its own.
    await primary.query("SET GLOBAL server_id = 19");
    await primary.query("RESET BINARY LOGS AND GTIDS");
    await primary.end();
    replica = await createConnection({ uri: second.servers.mysql9.url });
    await replica.query("RESET BINARY LOGS AND GTIDS");
    await replica.query(
      `CHANGE REPLICATION SOURCE TO SOURCE_HOST = '127.0.0.1', SOURCE_PORT = ${new URL(first.servers.mysql9.url).port}, SOURCE_USER = 'root', SOURCE_AUTO_POSITION = 1, GET_SOURCE_PUBLIC_KEY = 1`,
    );
    await replica.query("START REPLICA");
    trip = await journey(database);
    open.unshift(trip);
    url = asEngine(second.servers.mysql9.url, database);
    await trip.source.sql("CREATE TABLE flags (id INT PRIMARY KEY, b INT)");
    await trip.source.sql("INSERT INTO flags VALUES (1, 0), (2, 1)");
    await trip.source.sql("CREATE TABLE others (id INT PRIMARY KEY, b INT)");
    await trip.source.sql("INSERT INTO others VALUES (1, 0)");
  });
  afterAll(async () => {
    await replica.end();
    for (const each of open) await each[Symbol.asyncDispose]();
  });

  const there = (): Promise<readonly Record<string, string | null>[]> =>
    trip.target.sql("SELECT f.id::text FROM flags f ORDER BY f.id");
  const others = async (): Promise<string> =>
    (await trip.target.sql("SELECT string_agg(id::text, ' ' ORDER BY id) AS ids FROM others"))[0]?.["ids"] ??
    "";
  const replicated = async (): Promise<void> => {
    const [[set = ""] = []] = await trip.source.sql("SELECT @@GLOBAL.gtid_executed");
    const [rows] = await replica.query({
      sql: "SELECT WAIT_FOR_EXECUTED_GTID_SET(?, 60)",
      values: [set],
      rowsAsArray: true,
    });
    expect(rows).toEqual([[0]]);
  };

  it("is copied from its replica, where source.replica names one", async () => {
    await replicated();
    // A row that only the replica has shows where the rows were read.
    await replica.query("SET SESSION sql_log_bin = 0");
    await replica.query(`INSERT INTO ${database}.flags VALUES (5, 1)`);
    trip.configure(lanes, { replica: url });
    await trip.said(0, ...ready);
    expect(await there()).toEqual([{ id: "1" }, { id: "2" }, { id: "5" }]);
    await replica.query(`DELETE FROM ${database}.flags WHERE id = 5`);
    await replica.query("SET SESSION sql_log_bin = 1");
    await trip.target.sql("DELETE FROM flags WHERE id = 5");
    trip.configure(lanes);
  });

  it("trap 51: is followed to the server that has all that it had, in another order, each lane from where a kill -9 left it", async () => {
    await replica.query("STOP REPLICA SQL_THREAD");
    const doomed = trip.start(["run", "--json"]);
    await doomed.logged(/"msg":"ready"/u);
    {
      await using lock = await lockedTable(trip.target.url, "others");
      await trip.source.sql("INSERT INTO others VALUES (11, 0)");
      await trip.source.sql("INSERT INTO flags VALUES (11, 0)");
      while ((await there()).length < 3);
      expect(lock.table).toBe("others");
      doomed.child.kill("SIGKILL");
      expect(await doomed.end).toMatchObject({ signal: "SIGKILL" });
    }
    expect(await others()).toBe("1");
    const positions = await trip.target.sql("SELECT position->>'set' AS at FROM headgate.lane");
    expect(new Set(positions.map(({ at }) => at)).size).toBe(2);
    // The last transaction is the first of them on the replica, as with several appliers that keep no order.
    await trip.source.sql("INSERT INTO flags VALUES (14, 0)");
    const [[set = ""] = []] = await trip.source.sql("SELECT @@GLOBAL.gtid_executed");
    const [, uuid, last] = /^([0-9a-f-]{36}):1-(\d+)$/u.exec(set ?? "") ?? [];
    await replica.query("SET SESSION gtid_next = ?", [`${uuid ?? ""}:${last ?? ""}`]);
    await replica.query(`INSERT INTO ${database}.flags VALUES (14, 0)`);
    await replica.query("SET SESSION gtid_next = 'AUTOMATIC'");
    await replica.query("START REPLICA SQL_THREAD");
    await replicated();
    await replica.query("STOP REPLICA");
    await replica.query(`INSERT INTO ${database}.flags VALUES (12, 1)`);
    trip.configure(lanes, { source: url });
    const moved = trip.start([...ready, "--json"]);
    await moved.logged(/the source is another server now/u);
    expect(await moved.end).toMatchObject({ code: 0 });
    expect(await there()).toEqual([{ id: "1" }, { id: "2" }, { id: "11" }, { id: "12" }, { id: "14" }]);
    expect(await others()).toBe("1 11");
  });

  it("trap 51: is not gone back to: it lacks what the new one has written since", async () => {
    await trip.source.sql("INSERT INTO flags VALUES (13, 1)");
    trip.configure(lanes);
    const back = await trip.said(1, ...ready);
    expect(back["error"]).toMatchObject({
      code: "server-changed",
      sentence: expect.stringMatching(/lacks transactions/u) as string,
    });
    expect(await there()).toEqual([{ id: "1" }, { id: "2" }, { id: "11" }, { id: "12" }, { id: "14" }]);
  });
});
