/**
 * The plumbing of codec.test.ts: a source table with a column a case, its plan, and the COPY stream that the product's
 * own reader and encoder make of it.
 */
import fc from "fast-check";
import type { Connection } from "mysql2/promise";
import { openMysql } from "../../connectors/mysql/source.js";
import { rowEncoder } from "../../src/typemap/row.js";
import type { ColumnPolicy, PlanTable, SourceColumn, SourceEngine } from "../../src/model.js";
import { engineName, enginePassword } from "../world/accounts.js";
import type { CodecCase } from "./cases-scalar.js";

export const database = "headgate_codec";
export const rowsAtOnce = 500;
const strict: ColumnPolicy = { zeroDate: "refuse", nul: "refuse", badText: "refuse", enumZero: "refuse" };

/** The cases whose type the source has, found by asking it. A refusal that says anything else is a slip in a case. */
export async function offered(
  source: Connection,
  meant: readonly CodecCase[],
): Promise<readonly CodecCase[]> {
  const known = new Map<string, boolean>();
  for (const { ddl } of meant) if (!known.has(ddl)) known.set(ddl, await takesType(source, ddl));
  return meant.filter(({ ddl }) => known.get(ddl) === true);
}

/** "You have an error in your SQL syntax", and MariaDB's "Unknown data type". */
const unknownType: readonly unknown[] = [1064, 4161];

export async function takesType(source: Connection, ddl: string): Promise<boolean> {
  try {
    await source.query(`CREATE TEMPORARY TABLE probe (c ${ddl})`);
    await source.query("DROP TEMPORARY TABLE probe");
    return true;
  } catch (error) {
    if (error instanceof Error && "errno" in error && unknownType.includes(error.errno)) return false;
    throw error;
  }
}

/** A list of literals a case, all of one length: extremes and NULL first, then random. */
export function literals(tried: readonly CodecCase[], seed: number): string[][] {
  return tried.map((one, index) => {
    const fixed = ["NULL", ...one.extremes];
    const random = fc.sample(
      fc.oneof({ weight: 1, arbitrary: fc.constant("NULL") }, { weight: 19, arbitrary: one.values }),
      {
        seed: seed * 1000 + index,
        numRuns: Math.max(1, rowsAtOnce - fixed.length),
      },
    );
    return [...fixed, ...random].slice(0, rowsAtOnce);
  });
}

export async function fill(
  source: Connection,
  tried: readonly CodecCase[],
  columns: readonly string[][],
): Promise<void> {
  await source.query("DROP TABLE IF EXISTS t");
  const definitions = tried.map((one, i) => `c${i} ${one.ddl}${/\bNULL\b/.test(one.ddl) ? "" : " NULL"}`);
  await source.query(
    `CREATE TABLE t (id INT NOT NULL PRIMARY KEY, ${definitions.join(", ")}) ROW_FORMAT=DYNAMIC`,
  );
  for (let row = 0; row < rowsAtOnce; row += 100) {
    const tuples = Array.from(
      { length: 100 },
      (_, k) => `(${row + k},${columns.map((values) => values[row + k]).join(",")})`,
    );
    await source.query(`INSERT INTO t VALUES ${tuples.join(",")}`);
  }
}

/** A plan as the rules would make it, with the targets and policies that are to be tried. */
export async function planned(url: string, tried: readonly CodecCase[], name = database): Promise<PlanTable> {
  await using source = await openMysql(optionsOf(url, name));
  const { tables } = await source.catalogue(new AbortController().signal);
  const columns = tables.find((table) => table.name === "t")!.columns;
  const column = (
    found: SourceColumn,
    target: string,
    policy: ColumnPolicy,
  ): PlanTable["columns"][number] => ({
    column: found,
    source: found.name,
    target: found.name,
    sourceType: found.columnType,
    targetType: target,
    rule: "test",
    nullable: true,
    policy,
    identity: null,
  });
  return {
    source: "t",
    target: "t",
    lane: "one",
    key: { index: "PRIMARY", columns: ["id"], primary: true },
    columns: columns.map((found, i) =>
      i === 0
        ? column(found, "integer", strict)
        : column(found, tried[i - 1]!.target, { ...strict, ...tried[i - 1]!.policy }),
    ),
    estimatedRows: rowsAtOnce,
    estimatedBytes: 0,
    exactCut: false,
  };
}

/** The whole COPY stream of the table. */
export async function encoded(
  url: string,
  table: PlanTable,
  engine: SourceEngine,
  select: readonly string[],
  name = database,
): Promise<Buffer> {
  await using source = await openMysql(optionsOf(url, name));
  await using reader = (await source.reader(2))!;
  const pieces: Buffer[] = [];
  const encoder = rowEncoder(table, engine, {
    write: (bytes, released) => {
      pieces.push(Buffer.from(bytes));
      // A buffer that was given back may be written again at once; a test that kept it would see that.
      bytes.fill(0xee);
      released();
      return true;
    },
    drained: () => Promise.resolve(),
  });
  const query = { table: table.source, select, key: table.key, range: null, ordered: true };
  const read = await reader.read(query, encoder, new AbortController().signal);
  const done = encoder.finish();
  const all = Buffer.concat(pieces);
  if (done.rows !== read.rows || done.bytes !== all.length) throw new Error("the encoder counts wrongly");
  return all;
}

export function optionsOf(url: string, name = database): Parameters<typeof openMysql>[0] {
  const { hostname, port } = new URL(url);
  return {
    host: hostname,
    port: Number(port),
    user: engineName(name),
    password: enginePassword,
    database: name,
    tls: { mode: "off" },
  };
}

/** Rows of fields of a binary COPY stream. */
export function fieldsOf(copy: Buffer): (Buffer | null)[][] {
  const rows: (Buffer | null)[][] = [];
  let at = 19;
  for (let count = copy.readInt16BE(at); count >= 0; count = copy.readInt16BE(at)) {
    at += 2;
    const row: (Buffer | null)[] = [];
    for (let k = 0; k < count; k++) {
      const length = copy.readInt32BE(at);
      at += 4;
      row.push(length < 0 ? null : copy.subarray(at, at + length));
      at += Math.max(0, length);
    }
    rows.push(row);
  }
  return rows;
}
