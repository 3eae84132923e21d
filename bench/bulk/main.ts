/**
 * `npm run bench -- bulk [--scale 1] [--rounds 5] [--seconds N]`: the whole copy, side by side in interleaved rounds
 * after a warm-up: the floor, Headgate from MySQL 9.7 and from MariaDB, pgloader from the same MariaDB. Prints a
 * Markdown table and writes it to bench/results. Each run is kept as it ends: who stops goes on with the same command.
 */
import { writeFileSync } from "node:fs";
import { up } from "../../test/world/stack/servers.js";
import { Meter } from "./cpu.js";
import type { Figures } from "./figures.js";
import { preparedFloor, prepareFloor, runFloor } from "./floor.js";
import { runHeadgate } from "./headgate.js";
import { contestants, pageOf, smallPart } from "./page.js";
import type { Contestant } from "./page.js";
import { pgloaderRoot, runPgloader } from "./pgloader.js";
import { buildNow, Rounds } from "./rounds.js";
import { bigTables, databaseAt, smallTables } from "./schema.js";
import { fillSource, warm } from "./source.js";
import { databaseUrl, freshDatabase, withClient } from "./target.js";
import { tune } from "./tune.js";

export interface BulkOptions {
  readonly scale: number;
  readonly rounds: number;
  /** No run is begun after so many seconds; those that are missing are for the next call. */
  readonly seconds: number;
}

export async function bulk(options: BulkOptions): Promise<void> {
  const began = performance.now();
  const servers = await up(["mysql9", "mariadb", "postgres18"]);
  const untune = [await tune(servers.mysql9.url), await tune(servers.mariadb.url)];
  try {
    await compete(servers, options, () => performance.now() - began < options.seconds * 1000);
  } finally {
    for (const act of untune) await act();
  }
}

type Servers = Awaited<ReturnType<typeof up<"mysql9" | "mariadb" | "postgres18">>>;

async function compete(
  servers: Servers,
  { scale, rounds: wanted }: BulkOptions,
  isTime: () => boolean,
): Promise<void> {
  const { mysql9, mariadb, postgres18 } = servers;
  const admin = postgres18.url;
  const [database, smallDatabase] = [databaseAt(scale), databaseAt(scale / smallPart)];
  const total = await fillSource("mysql9", mysql9.url, scale);
  const small = await fillSource("mysql9", mysql9.url, scale / smallPart);
  await fillSource("mariadb", mariadb.url, scale);
  const pgloader = await pgloaderRoot();
  const counted = async (url: string, rows: number, figures: Figures): Promise<Figures> => {
    const there = await rowsIn(url);
    if (there !== rows) throw new Error(`${String(there)} rows arrived of ${String(rows)}.`);
    return figures;
  };
  const meter = (source: { readonly pid: number } | null): Meter =>
    new Meter(source?.pid ?? null, postgres18.pid);
  const copy = async (
    source: { readonly url: string; readonly pid: number },
    from: string,
    rows: number,
  ): ReturnType<typeof runHeadgate> => {
    const url = await freshDatabase(admin, "headgate_bulk");
    const made = await runHeadgate({ url: source.url, database: from }, url, meter(source));
    await counted(url, rows, made.figures);
    return made;
  };

  const build = buildNow();
  const stem = `bench/results/bulk${scale === 1 ? "" : `-${String(scale)}`}`;
  const rounds = new Rounds(`${stem}.rounds.jsonl`, build);
  let floor = preparedFloor(total, build);
  if (floor === null) {
    process.stderr.write("making the floor's files\n");
    const made = await copy(mysql9, database, total);
    const url = databaseUrl(admin, "headgate_bulk");
    floor = await prepareFloor(url, await tablesOf(url), made, total, build);
  }
  const ready = floor;

  const one: Record<Contestant, () => Promise<Figures>> = {
    floor: () => runFloor(admin, ready, meter(null)),
    "headgate, MySQL 9.7": async () => (await copy(mysql9, database, total)).figures,
    "headgate, MariaDB 10.11": async () => (await copy(mariadb, database, total)).figures,
    "headgate, MySQL 9.7, a ninth of the rows": async () =>
      (await copy(mysql9, smallDatabase, small)).figures,
    "pgloader, MariaDB 10.11": async () => {
      const url = await freshDatabase(admin, "headgate_bulk");
      const from = { url: mariadb.url, database };
      return await counted(url, total, await runPgloader(pgloader, from, url, total, meter(mariadb)));
    },
  };
  const missing = Array.from({ length: wanted + 1 }, (_, round) => round).flatMap((round) =>
    contestants.filter((name) => !rounds.has(name, round)).map((name) => ({ round, name })),
  );
  if (missing.length > 0) for (const source of [mysql9, mariadb]) await warm(source.url, scale);
  for (const { round, name } of missing) {
    if (!isTime()) {
      process.stderr.write("The time is over; the same command goes on.\n");
      return;
    }
    await rounds.measure(name, round, one[name]);
  }
  const page = pageOf(rounds.counted(contestants), { scale, total, small });
  process.stdout.write(page);
  writeFileSync(`${stem}.md`, page);
}

async function rowsIn(url: string): Promise<number> {
  return await withClient(url, async (client) => {
    let sum = 0;
    for (const table of [...bigTables.map((t) => t.name), ...smallTables])
      sum += Number(
        (await client.query<{ n: string }>(`SELECT count(*)::text AS n FROM ${table}`)).rows[0]?.n ?? 0,
      );
    return sum;
  });
}

/** The bare tables as Headgate made them: columns, types, NOT NULL; no keys. */
async function tablesOf(url: string): Promise<string[]> {
  return await withClient(url, async (client) => {
    const { rows } = await client.query<{ sql: string }>(
      `SELECT format('CREATE TABLE %I (%s)', c.relname, string_agg(format('%I %s%s', a.attname, format_type(a.atttypid, a.atttypmod),
              CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END || CASE WHEN a.attidentity <> '' THEN ' GENERATED BY DEFAULT AS IDENTITY' ELSE '' END), ', ' ORDER BY a.attnum)) AS sql
         FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
        GROUP BY c.oid, c.relname ORDER BY c.relname`,
    );
    return rows.map((row) => row.sql);
  });
}
