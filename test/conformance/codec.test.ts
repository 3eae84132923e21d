/**
 * Every codec against real servers: random values -> source -> binary-protocol packets -> codec -> binary COPY ->
 * target. Then four things must hold for every value: the target's canonical text is the source's own; what the
 * target sends back in binary is what we sent, byte for byte; the text form gives the same bytes; and what `decode`
 * says gives them again. Batched: one wide table with a column a codec, NULLs among the values.
 * HEADGATE_GATE=1 raises 500 values a codec to 10,000, HEADGATE_TEST_VALUES to any number. HEADGATE_SEED repeats a run.
 */
import { once } from "node:events";
import type { RowDataPacket } from "mysql2";
import { createConnection } from "mysql2/promise";
import type { Connection } from "mysql2/promise";
import pg from "pg";
import { from as copyFrom, to as copyTo } from "pg-copy-streams";
import { describe, expect, it } from "vitest";
import { freshSeed } from "../fresh-seed.js";
import type { Codec } from "../../src/typemap/codec.js";
import { codecOf } from "../../src/typemap/compile.js";
import type { SourceEngine } from "../../src/model.js";
import { makeSourceAccount } from "../world/accounts.js";
import { combinations, ownServer } from "../world/matrix.js";
import { world } from "../world/world.js";
import { cases } from "./cases.js";
import type { CodecCase } from "./cases-scalar.js";
import { database, encoded, fieldsOf, fill, literals, offered, planned, rowsAtOnce } from "./codec-world.js";

const gate = process.env["HEADGATE_GATE"] === "1";
const valuesEach = Number(process.env["HEADGATE_TEST_VALUES"] ?? (gate ? 10_000 : 500));
/** The stack's servers that are known to lack some of the types. */
const lacking: ReadonlySet<string> = new Set(["mysql56"]);
type Texts = (string | null)[];

describe.each(combinations)("every codec from $source to $target", (combination) => {
  const engine: SourceEngine = combination.source === "mariadb" ? "mariadb" : "mysql";
  const seed = Number(process.env["HEADGATE_SEED"] ?? freshSeed());
  const meant = cases.filter((one) => one.engine === undefined || one.engine === engine);

  it(
    `carries ${valuesEach} values each (seed ${seed})`,
    { timeout: gate ? 1_800_000 : 180_000 },
    async () => {
      const servers = await world(combination);
      const source = await createConnection({ uri: servers.source, charset: "utf8mb4" });
      const target = new pg.Client({ connectionString: servers.target });
      await target.connect();
      try {
        await source.query(`DROP DATABASE IF EXISTS ${database}`);
        await source.query(`CREATE DATABASE ${database} CHARACTER SET utf8mb4`);
        await source.query(`USE ${database}`);
        await makeSourceAccount(source, database);
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
        const tried = await offered(source, meant);
        console.log(
          `codec.test ${combination.source} to ${combination.target}: seed ${seed}, ${tried.length} codecs of ${meant.length}, ${valuesEach} values each`,
        );
        if (!lacking.has(combination.source) && ownServer("SOURCE") === undefined)
          expect(tried.length).toBe(meant.length);
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
  await checkJson(target, codecs, printed, ours, problems);
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
