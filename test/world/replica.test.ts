/**
 * `check` with source.replica: the values are read there, once it is proven to be a replica that has reached the
 * source's position. What is no replica of the source is refused by name. The source is a server of the test's own,
 * so that nothing but its changes reaches the replica.
 */
import { createConnection } from "mysql2/promise";
import type { Connection } from "mysql2/promise";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Finding } from "../../src/model.js";
import { ownServers } from "../faults/own-servers.js";
import { asEngine, dropSourceAccount, engineName, makeSourceAccount } from "./accounts.js";
import { journey } from "./journey.js";
import type { Journey } from "./journey.js";
import { up } from "./stack/servers.js";

const database = "check_replica";

describe("check on a replica", () => {
  const open: AsyncDisposable[] = [];
  let trip: Journey;
  let replica: Connection;
  let url: URL;
  /** An administrator's. */
  let mariadb: string;

  beforeAll(async () => {
    const shared = await up(["mysql9", "mariadb"]);
    const own = await ownServers(["mysql9", "postgres18"]);
    open.push(own);
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
    await trip.source.sql("INSERT INTO flags VALUES (3, 3)");
    expect(errors(await found(3))).toEqual(["boolean-value flags.b"]);
    // A row that only the replica has shows where the values were read.
    await replica.query("SET SESSION sql_log_bin = 0");
    await replica.query("INSERT INTO check_replica.flags VALUES (4, 4)");
    expect((await found(3)).find(({ code }) => code === "boolean-value")).toMatchObject({ count: 2 });
    await replica.query("DELETE FROM check_replica.flags WHERE id = 4");
    await replica.query("SET SESSION sql_log_bin = 1");
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
