/**
 * The floor: PostgreSQL alone. The same rows as binary COPY files on the server's own disk, loaded by two sessions
 * into empty tables, then the very statements that Headgate runs after the data, in the same order of steps, by two
 * sessions. No network, no source, no client that does anything.
 */
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { homeOf } from "../../test/world/stack/home.js";
import { dataFolder, handToServer, serverFolder } from "../../test/world/stack/place.js";
import { used } from "./cpu.js";
import type { Meter } from "./cpu.js";
import type { Figures } from "./figures.js";
import type { Statement } from "./headgate.js";
import { bigTables, smallTables } from "./schema.js";
import { freshDatabase, inSessions, withClient } from "./target.js";

export interface Floor {
  /** What the tables and indexes need before them, then CREATE TABLE statements without keys. */
  readonly before: readonly string[];
  /** COPY statements, biggest table first. */
  readonly copies: readonly (readonly string[])[];
  readonly after: readonly Statement[];
  readonly rows: number;
}

const perFile = 500_000;
/** As Headgate's own build order: keys first, then the rest; foreign keys there are none. */
const steps: readonly (readonly string[])[] = [
  ["primary"],
  ["unique"],
  ["index"],
  ["check"],
  ["analyze"],
  ["identity", "trigger", "comment"],
];

/** What the plan makes before its tables: indexes name a collation that no fresh database has. */
const beforeTables: readonly string[] = ["schema", "collation", "type"];

const folderOf = (rows: number): string =>
  join(homeOf(dataFolder(), "postgres18").files, `floor-${String(rows)}`);
const recordOf = (rows: number): string => `${folderOf(rows)}.json`;

/** What an earlier piece of the same bench prepared; null where it is for other statements or another number of rows. */
export function preparedFloor(rows: number, build: string): Floor | null {
  if (!existsSync(recordOf(rows))) return null;
  const made = JSON.parse(readFileSync(recordOf(rows), "utf8")) as {
    readonly build: string;
    readonly floor: Floor;
  };
  return made.build === build && made.floor.rows === rows ? made.floor : null;
}

/** Writes the files from a database that Headgate loaded. Done once for a build. */
export async function prepareFloor(
  loaded: string,
  tables: readonly string[],
  { before, after }: { readonly before: readonly Statement[]; readonly after: readonly Statement[] },
  rows: number,
  build: string,
): Promise<Floor> {
  const folder = folderOf(rows);
  rmSync(recordOf(rows), { force: true });
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o777);
  handToServer(folder);
  const place = serverFolder(folder);
  const copies: (readonly string[])[] = [];
  await withClient(loaded, async (client) => {
    for (const table of [...bigTables.map((t) => t.name), ...smallTables]) {
      const [count] = (await client.query<{ n: string }>(`SELECT count(*)::text AS n FROM ${table}`)).rows;
      for (let from = 0, part = 0; from < Number(count?.n ?? 0); from += perFile, part++) {
        const file = `${place}/${table}.${String(part)}.bin`;
        await client.query(
          `COPY (SELECT * FROM ${table} ORDER BY ctid OFFSET ${String(from)} LIMIT ${String(perFile)}) TO '${file}' WITH (FORMAT binary)`,
        );
        copies.push([`COPY ${table} FROM '${file}' WITH (FORMAT binary)`]);
      }
    }
  });
  if (readdirSync(folder).length !== copies.length) throw new Error("The floor's files are not all there.");
  const first = before.filter(({ kind }) => beforeTables.includes(kind)).map(({ sql }) => sql);
  const floor: Floor = { before: [...first, ...tables], copies, after, rows };
  writeFileSync(recordOf(rows), JSON.stringify({ build, floor }));
  return floor;
}

export async function runFloor(admin: string, floor: Floor, meter: Meter): Promise<Figures> {
  const url = await freshDatabase(admin, "headgate_bulk_floor");
  await withClient(url, async (client) => {
    for (const sql of floor.before) await client.query(sql);
  });
  const started = performance.now();
  const first = meter.read();
  await inSessions(url, 2, "SET synchronous_commit = off", floor.copies);
  const loaded = performance.now();
  const middle = meter.read();
  for (const kinds of steps) {
    const jobs = floor.after.filter((one) => kinds.includes(one.kind)).map((one) => [one.sql]);
    await inSessions(url, 2, "SET maintenance_work_mem = '256MB'", jobs);
  }
  const ended = performance.now();
  const unknown = floor.after.filter((one) => !steps.flat().includes(one.kind)).map((one) => one.kind);
  if (unknown.length > 0) throw new Error(`The floor leaves out ${unknown.join(", ")}.`);
  const apart = { data: used(first, middle), whole: used(first, meter.read()) };
  const data = (loaded - started) / 1000;
  const indexes = (ended - loaded) / 1000;
  return { data, indexes, wall: data + indexes, cpu: null, rss: null, rows: floor.rows, bytes: null, apart };
}
