/**
 * kill -9 of the engine and of the source while rows of prepared transactions wait in files (decision 0010): as soon as
 * there is a file, while it waits, and while it is read for its commit. What was committed arrives exactly once, in a
 * table without a key too, where anything that came twice stays; what was rolled back never does; no file is left.
 */
import { watch } from "node:fs";
import { mkdtemp, readdir, readlink, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createConnection } from "mysql2/promise";
import type { Connection } from "mysql2/promise";
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import { asEngine, makeSourceAccount } from "../world/accounts.js";
import { isFree } from "../world/stack/port.js";
import { kill, start } from "../world/stack/servers.js";
import { databaseAt } from "../world/target-database.js";
import { ownServers } from "./own-servers.js";
import { startEngine } from "./stream-engine-process.js";
import type { Engine } from "./stream-engine-process.js";
import type { StreamEngineSettings } from "./stream-engine.js";

const database = "faults_spilled";
/** 19 MB of each transaction, where memory keeps 16 of all; and more than the lane takes before the target has had any. */
const rows = 1200;

let servers: Awaited<ReturnType<typeof ownServers<"mysql9" | "mariadb" | "postgres18">>>;

beforeAll(async () => {
  servers = await ownServers(["mysql9", "mariadb", "postgres18"]);
});
afterAll(async () => {
  await servers[Symbol.asyncDispose]();
});

it.each(["mysql9", "mariadb"] as const)(
  "%s: rows of prepared transactions in files outlive the engine and the source, and arrive once",
  async (name) => {
    const url = new URL(servers.servers[name].url);
    const session = async (): Promise<Connection> => {
      const one = await createConnection({ uri: url.href, rowsAsArray: true, multipleStatements: true });
      // Its server dies.
      one.on("error", () => undefined);
      return one;
    };
    const root = await session();
    await root.query(`CREATE DATABASE ${database}`);
    await makeSourceAccount(root, database);
    await root.query(
      `USE ${database};
      CREATE TABLE wide (id INT PRIMARY KEY, s MEDIUMTEXT NOT NULL);
      CREATE TABLE loose (v VARCHAR(20) NOT NULL);
      INSERT INTO wide VALUES (1, 'first');
      INSERT INTO loose VALUES ('old'), ('old'), ('old'), ('old')`,
    );
    url.pathname = `/${database}`;
    await using target = await databaseAt(servers.servers.postgres18.url, database);
    const spill = await realpath(await mkdtemp(join(tmpdir(), "headgate-spilled-")));
    onTestFinished(() => rm(spill, { recursive: true }));
    const settings: StreamEngineSettings = {
      source: asEngine(url.href, database),
      target: target.options.url,
      migration: "20261127_spilled",
      rangeRows: 50,
      batchRows: 50,
      spill,
    };
    const ids = async (engine: Engine, wanted: number): Promise<void> => {
      const ended = engine.end.then(
        (end) => `it ended without row ${String(wanted)}: ${JSON.stringify(end)}`,
      );
      for (;;) {
        const found = await Promise.race([target.sql("SELECT 1 FROM wide WHERE id = $1", [wanted]), ended]);
        if (typeof found === "string") throw new Error(found);
        if (found.length > 0) return;
      }
    };
    const killed = async (engine: Engine): Promise<void> => {
      engine.child.kill("SIGKILL");
      expect([await engine.end, engine.child.signalCode]).toEqual([null, "SIGKILL"]);
      expect(await readdir(spill)).toEqual([]);
    };
    const killSource = async (): Promise<void> => {
      await kill(name);
      while (!(await isFree(Number(url.port))));
      await start(name);
    };
    const one = async (sql: string): Promise<void> => {
      const by = await session();
      await by.query(sql);
      await by.end();
    };
    const prepare = (xid: string, base: number): Promise<void> =>
      one(
        `SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED; XA START '${xid}'; ${rowsFrom(base)}; XA END '${xid}'; XA PREPARE '${xid}'`,
      );

    // As soon as there is a file: it may have its name still, and some of its rows.
    const first = startEngine(settings);
    await first.line("event going-on");
    const there = new Promise<void>((resolve) => {
      const watching = watch(spill, () => {
        watching.close();
        first.child.kill("SIGKILL");
        resolve();
      });
    });
    await prepare("kept", 1000);
    await there;
    expect([await first.end, first.child.signalCode]).toEqual([null, "SIGKILL"]);
    // So is one left whose engine died in between; what another engine's is called does not matter.
    await writeFile(join(spill, "xa-00000000-0000-0000-0000-000000000000-0"), "");

    // While it waits.
    const second = startEngine(settings);
    await one("INSERT INTO wide VALUES (2, 'behind what is prepared')");
    await ids(second, 2);
    expect(await filesOf(second, spill)).toBe(1);
    expect(await readdir(spill)).toEqual([]);
    await killed(second);

    // While it is read: the lane can take no more of it before the target has written what it has.
    const third = startEngine({ ...settings, at: { moment: "apply:group-written", hit: 1, act: "tell" } });
    await one("XA COMMIT 'kept'");
    expect(await third.line("met ")).toBe("met apply:group-written");
    expect(await filesOf(third, spill)).toBe(1);
    await killed(third);
    expect(await target.sql("SELECT id FROM wide WHERE id >= 1000")).toEqual([]);

    // The source, while two of them wait: the engine outlives that, and what it has read anew it has once.
    const fourth = startEngine(settings);
    await ids(fourth, 1000 + rows);
    await prepare("also", 5000);
    await prepare("gone", 9000);
    await one("INSERT INTO wide VALUES (3, 'behind both')");
    await ids(fourth, 3);
    expect(await filesOf(fourth, spill)).toBe(2);
    await killSource();
    await one("INSERT INTO wide VALUES (4, 'after the source was killed')");
    await ids(fourth, 4);
    expect(await filesOf(fourth, spill)).toBe(2);
    await killed(fourth);

    // The source, while one of them is read.
    const fifth = startEngine({ ...settings, at: { moment: "apply:group-written", hit: 1, act: "tell" } });
    await one("XA COMMIT 'also'");
    expect(await fifth.line("met ")).toBe("met apply:group-written");
    await killSource();
    fifth.say("go on");
    await one("XA ROLLBACK 'gone'; INSERT INTO wide VALUES (5, 'last')");
    fifth.say("level");
    expect(await fifth.end).toMatchObject({ code: null, replays: 0 });

    expect(await readdir(spill)).toEqual([]);
    const judge = await session();
    const [wide] = await judge.query("SELECT CAST(id AS CHAR), SHA2(s, 256) FROM wide ORDER BY id");
    const [loose] = await judge.query("SELECT v, CAST(COUNT(*) AS CHAR) FROM loose GROUP BY v ORDER BY v");
    expect(wide).toHaveLength(5 + 2 * rows);
    const sides = async (sql: string): Promise<(string | null)[][]> =>
      (await target.sql(sql)).map((row) => Object.values(row));
    expect(
      await sides(
        "SELECT wide.id::text AS key, encode(sha256(convert_to(s, 'UTF8')), 'hex') FROM wide ORDER BY id",
      ),
    ).toEqual(wide);
    expect(await sides("SELECT v, count(*)::text FROM loose GROUP BY v ORDER BY v")).toEqual(loose);
    await judge.query(`DROP DATABASE ${database}; DROP DATABASE headgate`);
    await judge.end();
    root.destroy();
  },
);

/** What one transaction writes: rows with a key, and some without, of which many are the same. */
function rowsFrom(base: number): string {
  const wide = (from: string): string => `SELECT ${from}, REPEAT(LPAD(${from}, 16, 'x'), 1000)`;
  const parts = [`INSERT INTO wide ${wide(String(base + 1))}`];
  for (let have = 1; have < rows; have *= 2)
    parts.push(
      `INSERT INTO wide ${wide(`id + ${String(have)}`)} FROM wide WHERE id > ${String(base)} ORDER BY id LIMIT ${String(Math.min(have, rows - have))}`,
    );
  return [
    ...parts,
    `INSERT INTO loose SELECT id % 3 FROM wide WHERE id > ${String(base)} ORDER BY id LIMIT 40`,
    // One alone, as it locks what it looks at.
    ...(base === 1000 ? ["DELETE FROM loose WHERE v = 'old' LIMIT 1"] : []),
    `UPDATE wide SET s = CONCAT(s, '!') WHERE id = ${String(base + rows)}`,
  ].join("; ");
}

/** Files of that folder that the engine has open: they have no name any more, and only the system's list tells of them. */
async function filesOf({ child }: Engine, folder: string): Promise<number> {
  const open = `/proc/${String(child.pid)}/fd`;
  let files = 0;
  for (const each of await readdir(open))
    if ((await linkOf(join(open, each))).startsWith(join(folder, "xa-"))) files += 1;
  return files;
}

/** Empty where it has been closed since it was listed. */
async function linkOf(path: string): Promise<string> {
  try {
    return await readlink(path);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return "";
    throw error;
  }
}
