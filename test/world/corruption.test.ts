/**
 * Seeded single corruptions, on either side, of a copied database: `verify` finds every one of them and nothing else, and
 * names row and column. Many at once, each in a row of its own: tables of every type, then real schemas of the corpus.
 * By digests first, which see all but what they say they don't; then byte by byte, where nothing is hidden.
 * HEADGATE_SEED repeats a run; HEADGATE_TEST_CORRUPTIONS asks for more of them than `npm test` does.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Client } from "pg";
import { describe, expect, it } from "vitest";
import { freshSeed } from "../fresh-seed.js";
import type { Plan } from "../../src/model.js";
import { digestBlindness } from "../../src/verify/digest-texts.js";
import { Random } from "../simulation/random.js";
import { loginOf } from "./accounts.js";
import { corpora, corpusMissing, loadCorpus } from "./corpus.js";
import { Corrupter } from "./corruption/corrupt.js";
import type { Expected } from "./corruption/corrupt.js";
import { kinds } from "./corruption/kinds.js";
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
/** A round is one copy and one verification. */
const roundOf = { typed: 70, sakila: 30 } as const;

/** Kinds that a digest may not see, in columns of which it says so itself. */
const unseen: ReadonlySet<string> = new Set(["the sign of zero", "a day instead of 24 hours", "a netmask"]);

function mayBeUnseen({ kind, table: name, columns }: Expected, plan: Plan, server: SourceName): boolean {
  const table = plan.tables.find(({ source }) => source === name);
  if (!unseen.has(kind) || table === undefined) return false;
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

/** What the verification said, one line a mismatch; of rows without a key as many as it has copies. */
function found(said: Said, plan: Plan): string[] {
  const tables = said["tables"] as readonly {
    readonly table: string;
    readonly mismatches: readonly (NamedRow & { readonly copies?: number })[];
  }[];
  return tables.flatMap(({ table, mismatches }) => {
    const keyless = plan.tables.find(({ source }) => source === table)?.key === null;
    return mismatches.flatMap(({ key, kind, columns, copies = 1 }) =>
      Array.from({ length: copies }, () => lineOf({ table, key: keyless ? null : key, kind, columns })),
    );
  });
}

/** Corrupts a copied database so many times and verifies by each method. Returns the kinds that found a place. */
async function round(trip: Journey, server: SourceName, random: Random, count: number): Promise<string[]> {
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
  // What is on record is looked at byte by byte whatever the method, so digests come first.
  for (const method of ["digest", "stream"]) {
    const told = found(await trip.said(2, "verify", "--full", "--method", method), plan);
    const wanted = seenOf(expected, told, (each) => method === "digest" && mayBeUnseen(each, plan, server));
    expect([method, told.sort().map(shown)]).toEqual([method, wanted.map(expectedLine).sort().map(shown)]);
    console.log(`${server}, ${method}: ${told.length} rows named of ${expected.length}`);
  }
  return used;
}

describe.each(combinations)("from $source to $target", ({ source, target }) => {
  const rounds = Math.max(1, Math.round(wanted / (roundOf.typed + roundOf.sakila)));

  it(
    `finds corruptions of every kind in tables of every type (seed ${seed})`,
    { timeout: 1_800_000 },
    async () => {
      console.log(`corruption.test ${source} to ${target}: seed ${seed}`);
      for (let turn = 0; turn < rounds; turn++) {
        await using trip = await journey("hg_corrupt_typed", source, target);
        trip.configure(typedConfig);
        for (const sql of typedSql) await trip.source.sql(sql);
        await trip.said(0, "run", "--until", "copied");
        const used = await round(trip, source, new Random(seed + turn), roundOf.typed);
        expect(new Set(used).size).toBeGreaterThanOrEqual(40);
      }
    },
  );

  it(`finds them in a real schema (seed ${seed})`, { timeout: 1_800_000 }, async (context) => {
    const corpus = corpora.find(({ folder }) => folder === "sakila");
    if (corpusMissing !== null || corpus === undefined) {
      context.skip(corpusMissing ?? "there is no sakila");
      return;
    }
    for (let turn = 0; turn < rounds; turn++) {
      await using trip = await journey("sakila", source, target);
      await loadCorpus(await sourceUrl(source), corpus);
      await trip.said(0, "run", "--until", "copied");
      await round(trip, source, new Random(seed + turn), roundOf.sakila);
    }
  });
});
