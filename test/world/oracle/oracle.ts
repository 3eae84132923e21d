/**
 * The oracle: are two databases equal? Code of its own from end to end (its catalogue queries, its canonical
 * texts, its hashing), because a judge that shares code with the accused shares its mistakes. Counts, two sums of
 * SHA-256 pieces per table computed inside the servers, JSON compared by value in the client; where a table
 * differs, the rows' hashes are listed so that a person finds the row.
 */
import { createHash } from "node:crypto";
import type { Connection, RowDataPacket } from "mysql2/promise";
import type { Client } from "pg";
import type { OracleColumn, Sides } from "./canonical.js";
import { canonical, rowText } from "./canonical.js";
import { canonicalJson } from "./json.js";

export interface TableVerdict {
  readonly table: string;
  readonly rowsSource: string;
  readonly rowsTarget: string;
  readonly digestSource: string;
  readonly digestTarget: string;
  readonly equal: boolean;
  /** Canonical row texts that only one side has, a few at most. */
  readonly onlySource: readonly string[];
  readonly onlyTarget: readonly string[];
}

export interface OracleOptions {
  readonly database: string;
  readonly schema: string;
  /** Source table to target table where names differ. */
  readonly rename?: Readonly<Record<string, string>>;
  readonly skip?: readonly string[];
  /** Source tables to compare; every one where it is not given. */
  readonly only?: readonly string[];
  /** Source column to target column where names differ, by `table.column`. */
  readonly renameColumns?: Readonly<Record<string, string>>;
  /** Views that are compared like tables. */
  readonly views?: readonly string[];
  /** Columns left out on purpose, `table.column`. */
  readonly skipColumns?: readonly string[];
}

/** Compares every base table of the source's database with the target's table of the same name. */
export async function compare(
  source: Connection,
  target: Client,
  options: OracleOptions,
): Promise<TableVerdict[]> {
  await source.query(
    "SET SESSION sql_mode='NO_ENGINE_SUBSTITUTION', time_zone='+00:00', group_concat_max_len=1048576",
  );
  await source.query("SET NAMES utf8mb4");
  await target.query(
    "SET timezone='UTC'; SET datestyle='ISO'; SET extra_float_digits=1; SET bytea_output='hex'",
  );
  const [tables] = await source.query<RowDataPacket[]>(
    "SELECT TABLE_NAME AS n FROM information_schema.TABLES WHERE TABLE_SCHEMA=? AND TABLE_TYPE IN ('BASE TABLE','SYSTEM VERSIONED') ORDER BY 1",
    [options.database],
  );
  const verdicts: TableVerdict[] = [];
  for (const table of [...tables.map((row) => String(row["n"])), ...(options.views ?? [])]) {
    if (options.skip?.includes(table) === true || options.only?.includes(table) === false) continue;
    verdicts.push(await compareTable(source, target, table, options));
  }
  return verdicts;
}

async function compareTable(
  source: Connection,
  target: Client,
  table: string,
  options: OracleOptions,
): Promise<TableVerdict> {
  const columns = await columnsOf(source, target, table, options);
  const plain = columns.flatMap((column) => {
    const sides = canonical(column);
    return sides === null ? [] : [{ column, sides }];
  });
  const text = rowText(
    plain.map((p) => p.sides),
    plain.map((p) => p.column),
  );
  const from = {
    source: `\`${options.database.replaceAll("`", "``")}\`.\`${table.replaceAll("`", "``")}\``,
    target: `"${options.schema}"."${(options.rename?.[table] ?? table).replaceAll('"', '""')}"`,
  };
  const json = columns.filter((column) => column.json);
  const a = await sourceDigest(source, from.source, text);
  const b = await targetDigest(target, from.target, text);
  let [digestSource, digestTarget] = [a.digest, b.digest];
  if (json.length > 0) {
    digestSource += await jsonDigest(sourceRows(source, from.source, text, json));
    digestTarget += await jsonDigest(targetRows(target, from.target, text, json));
  }
  const equal = a.count === b.count && digestSource === digestTarget;
  const only = equal
    ? { onlySource: [], onlyTarget: [] }
    : await difference(source, target, from, text, json);
  return {
    table,
    rowsSource: a.count,
    rowsTarget: b.count,
    digestSource: short(digestSource),
    digestTarget: short(digestTarget),
    equal,
    ...only,
  };
}

async function columnsOf(
  source: Connection,
  target: Client,
  table: string,
  options: OracleOptions,
): Promise<OracleColumn[]> {
  const [version] = await source.query<RowDataPacket[]>("SELECT VERSION() AS v");
  const mariadb = /mariadb/iu.test(String(version[0]?.["v"]));
  const [rows] = await source.query<RowDataPacket[]>(
    "SELECT COLUMN_NAME AS n, DATA_TYPE AS d, COLUMN_TYPE AS t FROM information_schema.COLUMNS WHERE TABLE_SCHEMA=? AND TABLE_NAME=? ORDER BY ORDINAL_POSITION",
    [options.database, table],
  );
  const types = await target.query<{ n: string; t: string }>(
    "SELECT a.attname AS n, format_type(a.atttypid, a.atttypmod) AS t FROM pg_attribute a JOIN pg_class c ON c.oid=a.attrelid JOIN pg_namespace s ON s.oid=c.relnamespace WHERE s.nspname=$1 AND c.relname=$2 AND a.attnum>0 AND NOT a.attisdropped",
    [options.schema, options.rename?.[table] ?? table],
  );
  const byName = new Map(types.rows.map((row) => [row.n, row.t]));
  const out: OracleColumn[] = [];
  for (const row of rows) {
    const name = String(row["n"]);
    if (options.skipColumns?.includes(`${table}.${name}`) === true) continue;
    const targetName = options.renameColumns?.[`${table}.${name}`] ?? name;
    const targetType = byName.get(targetName);
    if (targetType === undefined) throw new Error(`The target has no column ${table}.${name}.`);
    const json = targetType === "jsonb" || targetType === "json" || String(row["d"]).toLowerCase() === "json";
    out.push({
      name,
      targetName,
      dataType: String(row["d"]).toLowerCase(),
      columnType: String(row["t"]),
      targetType,
      json,
      mariadb,
    });
  }
  return out;
}

async function sourceDigest(
  source: Connection,
  from: string,
  text: Sides,
): Promise<{ count: string; digest: string }> {
  const [rows] = await source.query<RowDataPacket[]>(
    `SELECT CAST(COUNT(*) AS CHAR) AS n, CAST(COALESCE(SUM(CAST(CONV(LEFT(h,8),16,10) AS UNSIGNED)),0) AS CHAR) AS a, CAST(COALESCE(SUM(CAST(CONV(SUBSTRING(h,9,8),16,10) AS UNSIGNED)),0) AS CHAR) AS b FROM (SELECT SHA2(${text.source},256) AS h FROM ${from}) AS x`,
  );
  const row = rows[0];
  return { count: String(row?.["n"]), digest: `${String(row?.["a"])}/${String(row?.["b"])}` };
}

async function targetDigest(
  target: Client,
  from: string,
  text: Sides,
): Promise<{ count: string; digest: string }> {
  const result = await target.query<{ n: string; a: string; b: string }>(
    `SELECT count(*)::text AS n, coalesce(sum(('x'||left(h,8))::bit(32)::bigint),0)::text AS a, coalesce(sum(('x'||substr(h,9,8))::bit(32)::bigint),0)::text AS b FROM (SELECT encode(sha256(convert_to(${text.target},'UTF8')),'hex') AS h FROM ${from}) AS x`,
  );
  const row = result.rows[0];
  return { count: row?.n ?? "", digest: `${row?.a ?? ""}/${row?.b ?? ""}` };
}

type RowStream = AsyncGenerator<{ text: string; json: (string | null)[] }>;

async function* sourceRows(
  source: Connection,
  from: string,
  text: Sides,
  json: readonly OracleColumn[],
): RowStream {
  const list = [text.source, ...json.map((c) => `CAST(\`${c.name.replaceAll("`", "``")}\` AS CHAR)`)];
  const [rows] = await source.query<RowDataPacket[][]>({
    sql: `SELECT ${list.join(",")} FROM ${from}`,
    rowsAsArray: true,
  });
  for (const row of rows as unknown[][]) yield { text: String(row[0]), json: row.slice(1).map(nullable) };
}

async function* targetRows(
  target: Client,
  from: string,
  text: Sides,
  json: readonly OracleColumn[],
): RowStream {
  const list = [text.target, ...json.map((c) => `"${c.targetName.replaceAll('"', '""')}"::text`)];
  const result = await target.query<unknown[]>({
    text: `SELECT ${list.join(",")} FROM ${from}`,
    rowMode: "array",
  });
  for (const row of result.rows)
    yield await Promise.resolve({ text: String(row[0]), json: row.slice(1).map(nullable) });
}

function nullable(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  // Drivers hand JSON over as text here; anything else would be compared in a spelling of JavaScript's.
  if (typeof value !== "string") throw new Error(`The oracle got ${typeof value} where it asked for text.`);
  return value;
}

function rowHash(row: { text: string; json: (string | null)[] }): string {
  const hash = createHash("sha256").update(row.text);
  for (const value of row.json) hash.update(value === null ? "\0N" : `\0V${canonicalJson(value)}`);
  return hash.digest("hex");
}

/** A sum, so that neither order nor duplicates hide a difference. */
async function jsonDigest(rows: RowStream): Promise<string> {
  let sum = 0n;
  for await (const row of rows) sum += BigInt(`0x${rowHash(row).slice(0, 24)}`);
  return `/${sum.toString(16)}`;
}

async function difference(
  source: Connection,
  target: Client,
  from: Sides,
  text: Sides,
  json: readonly OracleColumn[],
): Promise<{ onlySource: string[]; onlyTarget: string[] }> {
  const seen = new Map<string, { n: number; show: string }>();
  const add = (row: { text: string; json: (string | null)[] }, step: number): void => {
    const hash = rowHash(row);
    const entry = seen.get(hash) ?? { n: 0, show: `${row.text} ${JSON.stringify(row.json)}`.slice(0, 600) };
    entry.n += step;
    if (entry.n === 0) seen.delete(hash);
    else seen.set(hash, entry);
  };
  for await (const row of sourceRows(source, from.source, text, json)) add(row, 1);
  for await (const row of targetRows(target, from.target, text, json)) add(row, -1);
  const left = [...seen.values()];
  return {
    onlySource: left
      .filter((e) => e.n > 0)
      .slice(0, 5)
      .map((e) => e.show),
    onlyTarget: left
      .filter((e) => e.n < 0)
      .slice(0, 5)
      .map((e) => e.show),
  };
}

function short(digest: string): string {
  return createHash("sha256").update(digest).digest("hex").slice(0, 16);
}
