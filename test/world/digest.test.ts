/**
 * Digests inside both servers: random tables of all types are equal by them where the oracle finds them equal; one
 * random change on either side is seen wherever the oracle sees it, and found by key. HEADGATE_SEED=N repeats a run.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { freshSeed } from "../fresh-seed.js";
import { openMysql } from "../../connectors/mysql/source.js";
import { openPostgres } from "../../connectors/postgres/target.js";
import type { PlanColumn, PlanTable, SourceEngine } from "../../src/model.js";
import { readPlan } from "../../src/plan/file.js";
import { mysqlName, postgresName } from "../../src/safety/identifier.js";
import { bisect, bothSums, differing } from "../../src/verify/bisect.js";
import type { Digests } from "../../src/verify/bisect.js";
import { digestTexts } from "../../src/verify/digest-texts.js";
import { journey } from "./journey.js";
import type { Journey } from "./journey.js";
import { cross } from "./random/crossing.js";
import { thrown } from "./random/dice.js";
import type { Dice } from "./random/dice.js";
import { tally } from "./random/made.js";
import { randomSchema } from "./random/schema.js";

const signal = new AbortController().signal;
const alone = process.env["HEADGATE_SEED"];
const seed = Number(alone ?? freshSeed());
const schemas = alone !== undefined ? 1 : process.env["HEADGATE_GATE"] === "1" ? 60 : 5;

/** The oracle knows nothing of what a policy makes of a value. */
function policed({ policy }: PlanColumn): boolean {
  return Object.values(policy).some((word) => word !== "refuse");
}

/** Changes one cell, takes a row away or doubles one; false where the server would not. */
async function change(trip: Journey, table: PlanTable, dice: Dice): Promise<string | null> {
  const side = dice.pick(["source", "target"] as const);
  const column = dice.pick(table.columns.filter((one) => !policed(one)));
  const at = dice.between(0, 1000);
  const act = dice.pick(["cell", "cell", "cell", "cell", "null", "delete"] as const);
  try {
    if (side === "source") {
      const [name, c] = [mysqlName(table.source), mysqlName(column.source)];
      const one = `ORDER BY SHA2(CONCAT(${String(at)}, COALESCE(HEX(${c}), '')), 256) LIMIT 1`;
      await trip.source.sql("SET SESSION foreign_key_checks = 0");
      if (act === "delete") await trip.source.sql(`DELETE FROM ${name} ${one}`);
      else if (act === "null") await trip.source.sql(`UPDATE ${name} SET ${c} = NULL ${one}`);
      else
        await trip.source.sql(
          `UPDATE ${name} SET ${c} = (SELECT v FROM (SELECT ${c} AS v FROM ${name} ORDER BY HEX(${c}) ${dice.pick(["", "DESC"])} LIMIT 1) AS o) ${one}`,
        );
    } else {
      const [name, c] = [`public.${postgresName(table.target)}`, postgresName(column.target)];
      const one = `(SELECT ctid FROM ${name} ORDER BY md5(${String(at)} || coalesce(${c}::text, '')) LIMIT 1)`;
      if (act === "delete") await trip.target.sql(`DELETE FROM ${name} WHERE ctid = ${one}`);
      else
        await trip.target.sql(
          `SET session_replication_role = replica; UPDATE ${name} SET ${c} = ${act === "null" ? "NULL" : smallest(column.targetType, c)} WHERE ctid = ${one}`,
        );
    }
    return `${act} of ${side}.${table.source}.${column.source} (${column.sourceType} -> ${column.targetType})`;
  } catch {
    return null;
  }
}

/** The smallest change of a value of the type. */
function smallest(type: string, c: string): string {
  const bare = type.replace(/\(.*?\)/u, "").trim();
  if (["smallint", "integer", "bigint"].includes(bare)) return `${c} # 1`;
  if (bare === "numeric") return `${c} + power(10::numeric, -coalesce(scale(${c}), 0))`;
  if (bare === "real") return `(CASE WHEN ${c} = 0 THEN 1e-45 ELSE ${c} * 1.0000002::real END)::real`;
  if (bare === "double precision") return `CASE WHEN ${c} = 0 THEN 5e-324 ELSE ${c} * 1.0000000000000003 END`;
  if (bare === "boolean") return `NOT ${c}`;
  if (bare === "bytea") return `${c} || '\\x00'::bytea`;
  if (bare === "date") return `${c} + 1`;
  if (bare.startsWith("timestamp") || bare === "interval") return `${c} + interval '1 microsecond'`;
  if (bare === "time without time zone") return `${c} + interval '1 microsecond'`;
  if (bare === "bit") return `~${c}`;
  if (bare === "text[]") return `${c} || 'x'::text`;
  if (bare === "real[]") return `array_append(${c}, 1::real)`;
  if (bare === "uuid") return "gen_random_uuid()";
  if (bare === "character varying" || bare === "text")
    return `CASE WHEN ${c} = '' THEN ' ' ELSE overlay(${c} placing ' ' from 1 for 1) END`;
  return c;
}

describe.each(["mysql9", "mariadb"] as const)("random tables of %s", (server) => {
  const engine: SourceEngine = server === "mysql9" ? "mysql" : "mariadb";

  it("are equal, and then not, as the oracle has it", { timeout: 600_000 }, async () => {
    console.log(`digest.test: HEADGATE_SEED=${String(seed)} (${server})`);
    await using trip = await journey("hg_digest", server);
    const made = Array.from({ length: schemas }, (_, at) => randomSchema(seed + at, engine));
    // What stops a schema on its way is random-schemas.test.ts's matter; whatever arrived is compared.
    await cross(trip, server, made, tally());
    const plan = readPlan(readFileSync(join(trip.folder, ".headgate", trip.migration, "plan.json"), "utf8"));
    await using source = await openMysql(trip.source.options);
    await using target = await openPostgres(trip.target.options);
    const sides = async <T>(act: (digests: Digests) => Promise<T>): Promise<T> => {
      await using reader = await source.reader(4);
      await using look = await target.look(plan, 4);
      if (reader?.digests === undefined || look?.digests === undefined) throw new Error("no digests");
      return await act({ source: reader.digests, target: look.digests });
    };
    const digest = (table: PlanTable) => {
      const texts = digestTexts(table.columns, engine);
      const parted = { table, texts, range: null, engine };
      return sides(async (digests) => {
        const [whole, buckets] = [
          await bothSums(digests, parted, 1, signal),
          await bothSums(digests, parted, 16, signal),
        ];
        const differ = differing(whole.source, whole.target).length > 0;
        expect(differing(buckets.source, buckets.target).length > 0).toBe(differ);
        const rows = Number(whole.source[0]?.rows ?? "0");
        const keys = table.key === null ? [] : await bisect(digests, parted, rows, signal);
        return { differ, keys: keys?.length ?? Infinity };
      });
    };
    const unseen = plan.tables.flatMap((table) =>
      [...digestTexts(table.columns, engine).streamed, ...table.columns.filter(policed)].map(
        ({ source: name }) => `${table.source}.${name}`,
      ),
    );
    const unequal: string[] = [];
    for (const table of plan.tables)
      if ((await digest(table)).differ)
        for (const column of table.columns)
          if ((await digest({ ...table, columns: [column], key: null })).differ)
            unequal.push(`${table.source}.${column.source} (${column.sourceType} -> ${column.targetType})`);
    expect(unequal).toEqual([]);
    const [changed, silent]: string[][] = [[], []];
    for (const [at, table] of plan.tables.entries()) {
      if (table.columns.every(policed)) continue;
      const what = await thrown(seed + at, (dice) => change(trip, table, dice));
      if (what === null) continue;
      const [verdict] = await trip.judge({
        only: [table.source],
        rename: { [table.source]: table.target },
        renameColumns: Object.fromEntries(
          table.columns.map((column) => [`${table.source}.${column.source}`, column.target]),
        ),
        skipColumns: unseen,
      });
      const found = await digest(table);
      expect([what, found.differ]).toEqual([what, verdict?.equal === false]);
      (found.differ ? changed : silent)?.push(what);
      // A cascade may take more rows of the same table along.
      if (found.differ && table.key !== null) expect([what, found.keys > 0]).toEqual([what, true]);
    }
    console.log(
      `${server}: seen ${String(changed?.length)}, nothing to see ${String(silent?.length)}:\n${silent?.join("\n")}`,
    );
    expect(changed?.length).toBeGreaterThan(0);
  });
});
