/**
 * A source that comes back with less log than the target has applied (a crash with sync_binlog other than 1, a restore):
 * the stream stops by name. With GTIDs also where the numbers of what was lost were given to others in the meantime, so
 * that by them nothing is missing.
 */
import { truncateSync } from "node:fs";
import { join } from "node:path";
import { createConnection } from "mysql2/promise";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openMysql } from "../../connectors/mysql/source.js";
import type { Position } from "../../src/model.js";
import { ownServers } from "../faults/own-servers.js";
import { asEngine, makeSourceAccount } from "./accounts.js";
import { startLive } from "./live.js";
import { optionsOf } from "./source-database.js";
import { isFree } from "./stack/port.js";
import { kill, start } from "./stack/servers.js";
import { databaseAt } from "./target-database.js";

let servers: Awaited<ReturnType<typeof ownServers<"mysql9" | "postgres18">>>;

beforeAll(async () => {
  servers = await ownServers(["mysql9", "postgres18"]);
});
afterAll(async () => {
  await servers[Symbol.asyncDispose]();
});

const database = "hg_shorter";

const withoutGtids = ["ON_PERMISSIVE", "OFF_PERMISSIVE", "OFF"].map(
  (mode) => `SET GLOBAL gtid_mode = ${mode};`,
);

it.each([
  ["by a set that has become smaller", "smaller", /does not have all transactions/u],
  ["by GTIDs, which others have now", "again", /log is shorter/u],
  ["by file and offset", "file", /log does not reach the position/u],
] as const)("trap 52: a log that was cut, %s", async (_, how, sentence) => {
  const url = new URL(servers.servers.mysql9.url);
  const open = async (): ReturnType<typeof createConnection> =>
    createConnection({ uri: url.href, rowsAsArray: true, multipleStatements: true });
  let admin = await open();
  if (how === "file") await admin.query(withoutGtids.join(" "));
  await admin.query(
    `DROP DATABASE IF EXISTS ${database}; DROP DATABASE IF EXISTS headgate; FLUSH LOGS; CREATE DATABASE ${database}; CREATE TABLE ${database}.t (id INT PRIMARY KEY)`,
  );
  await makeSourceAccount(admin, database);
  await using target = await databaseAt(servers.servers.postgres18.url, database);
  const settings = {
    source: optionsOf(asEngine(url.href, database), database),
    target: target.options,
    migration: `20261127_${how}`,
  };
  const position = async (): Promise<Position> => {
    await using source = await openMysql(settings.source);
    return await source.position();
  };
  const life = async (): Promise<void> => {
    await using live = startLive(settings);
    await live.event("going-on");
    await live.level();
    await live.stop();
  };
  await life();
  const before = await position();
  const write = (first: number): Promise<unknown> =>
    admin.query(
      [0, 1, 2].map((more) => `INSERT INTO ${database}.t VALUES (${String(first + more)})`).join("; "),
    );
  await write(1);
  await life();
  const applied = await position();
  if (how === "file") {
    const [[folder = ""] = []] = (await admin.query("SELECT @@datadir"))[0] as string[][];
    admin.on("error", () => undefined);
    await kill("mysql9");
    while (!(await isFree(Number(url.port))));
    truncateSync(join(folder, before.file), Number(before.offset));
    await start("mysql9");
    admin = await open();
  } else {
    if (before.kind !== "gtid") throw new Error("no GTIDs");
    // As after a restore: the rows are another matter.
    await admin.query(`RESET BINARY LOGS AND GTIDS; SET GLOBAL gtid_purged = '${before.set}'`);
  }
  if (how !== "smaller") for (const first of [11, 21, 31]) await write(first);
  if (how === "again" && applied.kind === "gtid") {
    const [[held] = []] = (
      await admin.query("SELECT GTID_SUBSET(?, @@GLOBAL.gtid_executed)", [applied.set])
    )[0] as number[][];
    expect(held).toBe(1);
  }
  await using live = startLive(settings);
  const fault = await live.ended;
  expect([fault?.code, fault?.message]).toEqual(["position-unknown", expect.stringMatching(sentence)]);
  await admin.end();
});
