/**
 * Every codec against real servers: random values -> source -> binary-protocol packets -> codec -> binary COPY ->
 * target. Then four things must hold for every value: the target's canonical text is the source's own; what the
 * target sends back in binary is what we sent, byte for byte; the text form gives the same bytes; and what `decode`
 * says gives them again. Batched: one wide table with a column a codec, NULLs among the values.
 * HEADGATE_GATE=1 raises 500 values a codec to 10,000. HEADGATE_SEED repeats a run.
 */
import { once } from "node:events";
import fc from "fast-check";
import type { RowDataPacket } from "mysql2";
import { createConnection } from "mysql2/promise";
import type { Connection } from "mysql2/promise";
import pg from "pg";
import { from as copyFrom, to as copyTo } from "pg-copy-streams";
import { describe, expect, it } from "vitest";
import { openMysql } from "../../connectors/mysql/source.js";
import type { Codec } from "../../src/typemap/codec.js";
import { codecOf } from "../../src/typemap/compile.js";
import { rowEncoder } from "../../src/typemap/row.js";
import type { ColumnPolicy, PlanTable, SourceColumn, SourceEngine } from "../../src/model.js";
import { world } from "../world/world.js";
import { cases } from "./cases.js";
import type { CodecCase } from "./cases.js";

const database = "headgate_codec";
const gate = process.env["HEADGATE_GATE"] === "1";
const valuesEach = gate ? 10_000 : 500;
const rowsAtOnce = 500;
const strict: ColumnPolicy = { zeroDate: "refuse", nul: "refuse", badText: "refuse", enumZero: "refuse" };
const engines: readonly SourceEngine[] = ["mysql", "mariadb"];

type Texts = (string | null)[];

describe.each(engines)("every codec from %s", (engine) => {
  const seed = Number(process.env["HEADGATE_SEED"] ?? Math.floor(Math.random() * 0x7fffffff));
  const tried = cases.filter((one) => one.engine === undefined || one.engine === engine);

  it(
    `carries ${valuesEach} values each (seed ${seed})`,
    { timeout: gate ? 1_800_000 : 180_000 },
    async () => {
      console.log(`codec.test ${engine}: seed ${seed}, ${tried.length} codecs, ${valuesEach} values each`);
      const servers = await world({
        source: engine === "mysql" ? "mysql9" : "mariadb",
        target: "postgres18",
      });
      const source = await createConnection({ uri: servers.source, charset: "utf8mb4" });
      const target = new pg.Client({ connectionString: servers.target });
      await target.connect();
      try {
        await source.query(`DROP DATABASE IF EXISTS ${database}`);
        await source.query(`CREATE DATABASE ${database} CHARACTER SET utf8mb4`);
        await source.query(`USE ${database}`);
        await source.query(
          "SET NAMES utf8mb4, time_zone='+00:00', sql_mode='NO_ENGINE_SUBSTITUTION,ALLOW_INVALID_DATES'",
        );
        await target.query(`DROP SCHEMA IF EXISTS ${database} CASCADE`);
        await target.query(`CREATE SCHEMA ${database}`);
        await target.query(
          `SET search_path=${database}; SET timezone='UTC'; SET datestyle='ISO'; SET intervalstyle='postgres'; SET extra_float_digits=1`,
        );
        await target.query(
          `CREATE TYPE codec_label AS ENUM ('small','MEDIUM','größer','a,b','it''s',E'back\\\\slash','😀')`,
        );
        for (let batch = 0; batch * rowsAtOnce < valuesEach; batch++)
          await proveBatch(source, target, servers.source, engine, tried, seed + batch);
      } finally {
        await source.query(`DROP DATABASE IF EXISTS ${database}`);
        await source.end();
        await target.query(`DROP SCHEMA IF EXISTS ${database} CASCADE`);
        await target.end();
      }
    },
  );
});

async function proveBatch(
  source: Connection,
  target: pg.Client,
  url: string,
  engine: SourceEngine,
  tried: readonly CodecCase[],
  seed: number,
): Promise<void> {
  const columns = literals(tried, seed);
  await fill(source, tried, columns);
  const table = await planned(url, tried);
  const codecs = table.columns.map((column) => codecOf(column, engine));
  const quote = (name: string): string => "`" + name + "`";
  const select = table.columns.map((column, index) => codecs[index]!.select(quote(column.source)));

  const sent = await encoded(url, table, engine, select);
  const names = table.columns.map((column) => `"${column.target}"`);
  await target.query("DROP TABLE IF EXISTS t");
  await target.query(
    `CREATE TABLE t (${table.columns.map((c, i) => `${names[i]} ${c.targetType}`).join(", ")})`,
  );
  const load = target.query(copyFrom("COPY t FROM STDIN (FORMAT binary)"));
  load.end(sent);
  await once(load, "finish");

  const back: Buffer[] = [];
  for await (const piece of target.query(
    copyTo("COPY (SELECT * FROM t ORDER BY id) TO STDOUT (FORMAT binary)"),
  ))
    back.push(piece as Buffer);
  const ours = fieldsOf(sent);
  const theirs = fieldsOf(Buffer.concat(back));
  expect(ours.length).toBe(columns[0]!.length);
  expect(theirs.length).toBe(ours.length);

  const [sourceText] = await source.query<RowDataPacket[][]>({
    sql: `SELECT ${codecs.map((codec, i) => codec.canonicalSource(quote(table.columns[i]!.source)) ?? "NULL").join(", ")} FROM t ORDER BY t.id`,
    rowsAsArray: true,
    typeCast: (field) => field.string(),
  });
  const targetText = await target.query<Texts>({
    text: `SELECT ${codecs.map((codec, i) => codec.canonicalTarget(names[i]!) ?? "NULL").join(", ")} FROM t ORDER BY t.id`,
    rowMode: "array",
  });
  // SELECT prints FLOAT with six digits, so that its text form is that of the double it widens to.
  const asText = select.map((expression, i) =>
    /^FLOAT/.test(tried[i - 1]?.ddl ?? "") ? `${expression}+0e0` : expression,
  );
  const [printed] = await source.query<RowDataPacket[][]>({
    sql: `SELECT ${asText.join(", ")} FROM t ORDER BY t.id`,
    rowsAsArray: true,
    typeCast: (field) => field.buffer(),
  });

  const problems: string[] = [];
  for (let i = 1; i < codecs.length; i++) {
    const codec = codecs[i]!;
    for (let row = 0; row < ours.length; row++) {
      const problem = judge(codec, {
        sent: ours[row]![i]!,
        kept: theirs[row]![i]!,
        sourceText: (sourceText as unknown[][])[row]![i] as string | null,
        targetText: targetText.rows[row]![i]!,
        printed: (printed as unknown[][])[row]![i] as Buffer | null,
        ddl: tried[i - 1]!.ddl,
      });
      if (problem !== null) {
        problems.push(
          `${tried[i - 1]!.ddl} -> ${codec.targetType}, value ${columns[i - 1]![row]}: ${problem}`,
        );
        break;
      }
    }
  }
  await checkJson(target, codecs, printed as unknown[][], ours, problems);
  expect(problems, `seed ${seed}`).toEqual([]);
}

interface Seen {
  readonly sent: Buffer | null;
  readonly kept: Buffer | null;
  readonly sourceText: string | null;
  readonly targetText: string | null;
  readonly printed: Buffer | null;
  readonly ddl: string;
}

function judge(codec: Codec, seen: Seen): string | null {
  const hex = (field: Buffer | null): string => field?.toString("hex") ?? "NULL";
  if (seen.sourceText !== seen.targetText) return `canonical ${seen.sourceText} became ${seen.targetText}`;
  if (hex(seen.sent) !== hex(seen.kept)) return `sent ${hex(seen.sent)}, the target has ${hex(seen.kept)}`;
  const fromText = codec.encodeText(seen.printed);
  if (hex(fromText) !== hex(seen.sent)) return `from text ${hex(fromText)}, from the wire ${hex(seen.sent)}`;
  // A label that carries its prefix is told apart by the select expression alone; what decode says has none.
  if (seen.sent === null || codec.select("c").startsWith("CONCAT(")) return null;
  const decoded = codec.decode(seen.sent);
  const again = codec.encodeText(
    Buffer.from(decoded, /^(BIT|.*BINARY|.*BLOB|VECTOR|GEOMETRY|POINT)/.test(seen.ddl) ? "hex" : "utf8"),
  );
  return hex(again) === hex(seen.sent) ? null : `decoded to ${decoded}, which gives ${hex(again)}`;
}

/** JSON has no canonical SQL text; the target's own reading of the source's text is the judge. */
async function checkJson(
  target: pg.Client,
  codecs: readonly Codec[],
  printed: readonly unknown[][],
  ours: readonly (Buffer | null)[][],
  problems: string[],
): Promise<void> {
  for (const [i, codec] of codecs.entries()) {
    if (codec.targetType !== "jsonb") continue;
    const texts = printed.map((row) => (row[i] as Buffer | null)?.toString() ?? null);
    const answer = await target.query<{ t: string | null }>(
      "SELECT v::jsonb::text AS t FROM unnest($1::text[]) WITH ORDINALITY AS u(v,n) ORDER BY n",
      [texts],
    );
    const wrong = answer.rows.findIndex(({ t }, row) => t !== (ours[row]![i]?.toString("utf8", 1) ?? null));
    if (wrong >= 0)
      problems.push(
        `JSON ${texts[wrong]}: the target says ${answer.rows[wrong]!.t}, we ${ours[wrong]![i]?.toString("utf8", 1)}`,
      );
  }
}

/** A list of literals a case, all of one length: extremes and NULL first, then random. */
function literals(tried: readonly CodecCase[], seed: number): string[][] {
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

async function fill(
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
async function planned(url: string, tried: readonly CodecCase[]): Promise<PlanTable> {
  await using source = await openMysql(optionsOf(url));
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
async function encoded(
  url: string,
  table: PlanTable,
  engine: SourceEngine,
  select: readonly string[],
): Promise<Buffer> {
  await using source = await openMysql(optionsOf(url));
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
  const query = { table: "t", select, key: table.key, range: null, ordered: true };
  const read = await reader.read(query, encoder, new AbortController().signal);
  const done = encoder.finish();
  expect(done.rows).toBe(read.rows);
  const all = Buffer.concat(pieces);
  expect(done.bytes).toBe(all.length);
  return all;
}

function optionsOf(url: string): Parameters<typeof openMysql>[0] {
  const { hostname, port, username, password } = new URL(url);
  return {
    host: hostname,
    port: Number(port),
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
    database,
    tls: { mode: "off" },
  };
}

/** Rows of fields of a binary COPY stream. */
function fieldsOf(copy: Buffer): (Buffer | null)[][] {
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
