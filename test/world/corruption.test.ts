/**
 * Seeded single corruptions, on either side, of a copied database: `verify` finds every one of them and nothing else, and
 * names row and column. Many at once, each in a row of its own: tables of every type, then a real schema of the corpus.
 * By digests first, which see all but what they say they don't; then byte by byte, where nothing is hidden.
 * HEADGATE_SEED repeats a run; HEADGATE_TEST_CORRUPTIONS asks for more of them than `npm test` does: in larger tables, cut
 * into ranges of the same size, so that a range has no more of them to be found by.
 */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { Client } from "pg";
import { describe, expect, it } from "vitest";
import { freshSeed } from "../fresh-seed.js";
import type { Plan } from "../../src/model.js";
import { digestBlindness } from "../../src/verify/digest-texts.js";
import { shownMismatches } from "../../src/verify/verification.js";
import { Random } from "../simulation/random.js";
import { loginOf } from "./accounts.js";
import { corpora, corpusMissing, loadCorpus } from "./corpus.js";
import { Corrupter } from "./corruption/corrupt.js";
import type { Expected } from "./corruption/corrupt.js";
import { equalInText, kinds } from "./corruption/kinds.js";
import { typedConfig, typedSql } from "./corruption/typed.js";
import { journey } from "./journey.js";
import type { Journey, Said } from "./journey.js";
import { lineOf } from "./live-verifier.js";
import type { NamedRow } from "./live-verifier.js";
import { combinations } from "./matrix.js";
import type { SourceName } from "./matrix.js";
import { openDriver, sourceUrl } from "./source-database.js";

const seed = Number(process.env["HEADGATE_SEED"] ?? freshSeed());
const wanted = Number(process.env["HEADGATE_TEST_CORRUPTIONS"] ?? 100);
/** Of 100, in tables of every type and in the real schema. */
const share = { typed: 70, sakila: 30 } as const;
/** Rows that each of the tables of every type has for as many. */
const rowsFor100 = 400;

const countOf = (schema: keyof typeof share): number => Math.round((wanted * share[schema]) / 100);

/** Of kinds that a digest may not see, in columns of which it says so itself. */
function mayBeUnseen({ kind, table: name, columns }: Expected, plan: Plan, server: SourceName): boolean {
  const table = plan.tables.find(({ source }) => source === name);
  if (!equalInText.has(kind) || table === undefined) return false;
  const said = digestBlindness(table, server === "mariadb" ? "mariadb" : "mysql");
  return said.some(({ column, streamed }) => !streamed && (table.key === null || columns.includes(column)));
}

/** What is to be named where these lines were: of what may be unseen only what was seen. */
function seenOf(
  expected: readonly Expected[],
  told: readonly string[],
  blind: (each: Expected) => boolean,
): Expected[] {
  const left = [...told];
  return [...expected]
    .sort((a, b) => Number(blind(a)) - Number(blind(b)))
    .filter((each) => {
      const at = left.indexOf(expectedLine(each));
      if (at >= 0) left.splice(at, 1);
      return at >= 0 || !blind(each);
    });
}

const expectedLine = (each: Expected): string => lineOf({ ...each, kind: each.mismatch });

interface Named extends NamedRow {
  readonly table: string;
  readonly copies?: number;
}

/**
 * What the verification said, one line a mismatch; of rows without a key as many as it has copies. All of them stand in the
 * file; the object has the first of each table.
 */
function found(said: Said, { folder }: Journey, plan: Plan): string[] {
  const file = said["mismatchFile"] as string | null;
  const lines = file === null ? [] : readFileSync(resolve(folder, file), "utf8").trimEnd().split("\n");
  const all = lines.map((line) => JSON.parse(line) as Named);
  const tables = said["tables"] as readonly {
    readonly table: string;
    readonly mismatches: readonly NamedRow[];
    readonly truncated: boolean;
  }[];
  for (const { table, mismatches, truncated } of tables) {
    const mine = all.filter((each) => each.table === table);
    const shown = mine.slice(0, shownMismatches);
    expect({ table, truncated, mismatches: mismatches.map((each) => ({ ...each, table })) }).toEqual({
      ...{ table, truncated: mine.length > shown.length, mismatches: shown },
    });
  }
  return all.flatMap(({ table, key, kind, columns, copies = 1 }) => {
    const keyless = plan.tables.find(({ source }) => source === table)?.key === null;
    return Array.from({ length: copies }, () => lineOf({ table, key: keyless ? null : key, kind, columns }));
  });
}

/** Corrupts a copied database so many times and verifies by each method. Returns the kinds that found a place. */
async function corruptAndVerify(trip: Journey, server: SourceName, count: number): Promise<string[]> {
  const random = new Random(seed);
  const plan = JSON.parse(
    readFileSync(join(trip.folder, ".headgate", trip.migration, "plan.json"), "utf8"),
  ) as Plan;
  const source = await openDriver(await sourceUrl(server));
  const target = new Client(loginOf(trip.target.url));
  await target.connect();
  const expected: Expected[] = [];
  const used: string[] = [];
  try {
    await source.query(`USE \`${trip.source.name}\``);
    await source.query("SET SESSION foreign_key_checks = 0");
    await target.query(
      "SET session_replication_role = replica; SET timezone = 'UTC'; SET extra_float_digits = 1",
    );
    const corrupter = new Corrupter(plan, random, source, target);
    for (let turn = random.shuffled(kinds); used.length < count; turn = random.shuffled(kinds)) {
      let fitted = false;
      for (const kind of turn) {
        if (used.length === count) break;
        const done = await corrupter.corrupt(kind);
        if (done === null) continue;
        fitted = true;
        used.push(kind.name);
        expected.push(...done);
      }
      if (!fitted) throw new Error("nothing is left to corrupt");
    }
  } finally {
    await source.end();
    await target.end();
  }
  const names = new Map(expected.map((each) => [expectedLine(each), each.kind]));
  const shown = (text: string): string => `${text}  (${names.get(text) ?? "nothing was done"})`;
  for (const method of ["digest", "stream"]) {
    // What is on record is looked at by its key, whatever the method: each has to find all by itself.
    await trip.target.sql("DELETE FROM headgate.mismatch");
    const told = found(await trip.said(2, "verify", "--full", "--method", method), trip, plan);
    const wanted = seenOf(expected, told, (each) => method === "digest" && mayBeUnseen(each, plan, server));
    expect([method, told.sort().map(shown)]).toEqual([method, wanted.map(expectedLine).sort().map(shown)]);
    console.log(
      `seed ${seed}, ${trip.source.name} of ${server}, ${method}: ${used.length} corruptions of ${new Set(used).size} kinds, ${told.length} rows named of ${expected.length}`,
    );
  }
  return used;
}

describe.each(combinations)("from $source to $target", ({ source, target }) => {
  it(
    `finds corruptions of every kind in tables of every type (seed ${seed})`,
    { timeout: 1_800_000 },
    async () => {
      await using trip = await journey("hg_corrupt_typed", source, target);
      trip.configure(typedConfig);
      const rows = Math.ceil((rowsFor100 * wanted) / 100);
      for (const sql of typedSql(rows, source !== "mysql56")) await trip.source.sql(sql);
      await trip.said(0, "run", "--until", "copied");
      const used = await corruptAndVerify(trip, source, countOf("typed"));
      expect(new Set(used).size).toBeGreaterThanOrEqual(40);
    },
  );

  it(`finds them in a real schema (seed ${seed})`, { timeout: 1_800_000 }, async (context) => {
    const corpus = corpora.find(({ folder }) => folder === "sakila");
    if (corpusMissing !== null || corpus === undefined) {
      context.skip(corpusMissing ?? "there is no sakila");
      return;
    }
    await using trip = await journey("sakila", source, target);
    trip.configure(["snapshot: { rangeRows: 1000 }"]);
    await loadCorpus(await sourceUrl(source), corpus);
    await trip.said(0, "run", "--until", "copied");
    await corruptAndVerify(trip, source, countOf("sakila"));
  });
});
