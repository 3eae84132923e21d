/**
 * XA across everything that can die: transactions are prepared while the stream runs, later ones are applied, the engine
 * stops and the source is killed (where it has GTIDs); then one is committed and one rolled back by other sessions. The next engine begins
 * past both and still has their rows to apply. By sets of GTIDs, by MariaDB's domains, by file and offset.
 */
import { createConnection } from "mysql2/promise";
import type { Connection } from "mysql2/promise";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openMysql } from "../../connectors/mysql/source.js";
import { ownServers } from "../faults/own-servers.js";
import { asEngine, makeSourceAccount } from "./accounts.js";
import { startLive } from "./live.js";
import type { LiveSettings } from "./live.js";
import { optionsOf } from "./source-database.js";
import { isFree } from "./stack/port.js";
import { kill, start } from "./stack/servers.js";
import { databaseAt } from "./target-database.js";

const database = "hg_prepared";
const elsewhere = "hg_prepared_elsewhere";
let servers: Awaited<ReturnType<typeof ownServers<"mysql9" | "mysql56" | "mariadb" | "postgres18">>>;

beforeAll(async () => {
  servers = await ownServers(["mysql9", "mysql56", "mariadb", "postgres18"]);
});
afterAll(async () => {
  await servers[Symbol.asyncDispose]();
});

const withoutGtids = ["ON_PERMISSIVE", "OFF_PERMISSIVE", "OFF"].map(
  (mode) => `SET GLOBAL gtid_mode = ${mode}`,
);

it.each([
  ["mysql9", "gtid"],
  ["mariadb", "gtid"],
  ["mysql9", "file"],
  ["mysql56", "gtid"],
] as const)(
  "%s by %s: prepared before the engine stops and the source dies, ended after it",
  async (name, kind) => {
    const url = new URL(servers.servers[name].url);
    const sessions: Connection[] = [];
    const session = async (path = `/${database}`): Promise<Connection> => {
      url.pathname = path;
      sessions.push(await createConnection({ uri: url.href, rowsAsArray: true }));
      const one = sessions.at(-1)!;
      // Its server dies.
      one.on("error", () => undefined);
      return one;
    };
    const admin = await session("/");
    if (kind === "file") for (const step of withoutGtids) await admin.query(step);
    await admin.query(`CREATE DATABASE ${database}`);
    await makeSourceAccount(admin, database);
    await using target = await databaseAt(servers.servers.postgres18.url, database);
    const settings: LiveSettings = {
      source: optionsOf(asEngine(url.href, database), database),
      target: target.options,
      migration: `20261127_${kind}`,
    };
    const rowsOf = async (): Promise<string> => {
      const [found] = await target.sql("SELECT string_agg(id || '=' || v, ' ' ORDER BY id) AS rows FROM t");
      return found?.["rows"] ?? "";
    };
    const writer = await session();
    await writer.query("CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(20))");
    await writer.query("INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, 'c')");
    await writer.query(`CREATE DATABASE ${elsewhere}`);
    await writer.query(`CREATE TABLE ${elsewhere}.memory (id INT) ENGINE = MEMORY`);
    {
      await using live = startLive(settings);
      await live.event("going-on");
      await live.level();
      for (const [xid, statement] of [
        ["kept", "UPDATE t SET v = 'kept' WHERE id = 1"],
        ["gone", "UPDATE t SET v = 'gone' WHERE id = 2"],
      ] as const) {
        const one = await session();
        for (const part of [`XA START '${xid}'`, statement, `XA END '${xid}'`, `XA PREPARE '${xid}'`])
          await one.query(part);
      }
      await writer.query("INSERT INTO t VALUES (4, 'later')");
      await live.when(async () => (await rowsOf()).includes("later"));
      expect(await rowsOf()).toBe("1=a 2=b 3=c 4=later");
      expect(live.stream?.lanes[0]?.position?.kind).toBe(kind);
      await live.stop();
    }
    // The stack's MySQL comes back with GTIDs.
    if (kind === "gtid") {
      await kill(name);
      while (!(await isFree(Number(url.port))));
      await start(name);
    }
    for (const each of sessions.splice(0)) each.destroy();
    const other = await session();
    // The server says with its first use that a restart has emptied it: that is no row of ours.
    await other.query(`USE ${elsewhere}`);
    await other.query("SELECT * FROM memory");
    await other.query(`USE ${database}`);
    await other.query("XA COMMIT 'kept'");
    await other.query("INSERT INTO t VALUES (5, 'last')");
    await other.query("XA ROLLBACK 'gone'");
    await using live = startLive(settings);
    await live.event("going-on");
    await live.level();
    expect(await rowsOf()).toBe(`1=${name === "mysql56" ? "a" : "kept"} 2=b 3=c 4=later 5=last`);
    await live.stop();
    const position = live.stream?.lanes[0]?.position;
    expect(position?.without).toBeUndefined();
    await using source = await openMysql(settings.source);
    expect((await source.position()).kind).toBe(kind);
    await other.query(`DROP DATABASE ${database}`);
    await other.query("DROP DATABASE headgate");
    await other.query(`DROP DATABASE ${elsewhere}`);
    for (const each of sessions) await each.end();
  },
);
