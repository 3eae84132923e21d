/**
 * Seeded single corruptions, on either side, of a copied database: `verify` finds every one of them and nothing else, and
 * names row and column. Many at once, each in a row of its own: tables of every type, then real schemas of the corpus.
 * HEADGATE_SEED repeats a run; HEADGATE_TEST_CORRUPTIONS asks for more of them than `npm test` does.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Client } from "pg";
import { describe, expect, it } from "vitest";
import type { Plan } from "../../src/model.js";
import { Random } from "../simulation/random.js";
import { loginOf } from "./accounts.js";
import { corpora, corpusMissing, loadCorpus } from "./corpus.js";
import { Corrupter } from "./corruption/corrupt.js";
import type { Expected } from "./corruption/corrupt.js";
import { kinds } from "./corruption/kinds.js";
import { typedConfig, typedSql } from "./corruption/typed.js";
import { journey } from "./journey.js";
import type { Journey, Said } from "./journey.js";
import { combinations } from "./matrix.js";
import { openDriver, sourceUrl } from "./source-database.js";

const seed = Number(process.env["HEADGATE_SEED"] ?? Math.floor(Math.random() * 0x7fffffff));
const wanted = Number(process.env["HEADGATE_TEST_CORRUPTIONS"] ?? 100);
/** A round is one copy and one verification. */
const roundOf = { typed: 70, sakila: 30 } as const;

interface Told {
  readonly table: string;
  readonly key: readonly string[] | null;
  readonly kind: string;
  readonly columns: readonly string[];
}

const line = ({ table, key, kind, columns }: Told): string =>
  `${table} ${key === null ? "" : JSON.stringify(key)} ${kind} ${[...columns].sort().join(",")}`;

/** What the verification said, one line a mismatch; of rows without a key as many as it has copies. */
function found(said: Said, plan: Plan): string[] {
  const tables = said["tables"] as readonly {
    readonly table: string;
    readonly mismatches: readonly (Told & { readonly copies?: number })[];
  }[];
  return tables.flatMap(({ table, mismatches }) => {
    const keyless = plan.tables.find(({ source }) => source === table)?.key === null;
    return mismatches.flatMap(({ key, kind, columns, copies = 1 }) =>
      Array.from({ length: copies }, () => line({ table, key: keyless ? null : key, kind, columns })),
    );
  });
}

/** Corrupts a copied database so many times and verifies once. Returns the kinds that found a place. */
async function round(trip: Journey, server: string, random: Random, count: number): Promise<string[]> {
  const plan = JSON.parse(
    readFileSync(join(trip.folder, ".headgate", trip.migration, "plan.json"), "utf8"),
  ) as Plan;
  const source = await openDriver(server);
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
  const said = await trip.said(2, "verify");
  const names = new Map(expected.map((each) => [line({ ...each, kind: each.mismatch }), each.kind]));
  const lines = expected.map((each) => line({ ...each, kind: each.mismatch })).sort();
  const shown = (text: string): string => `${text}  (${names.get(text) ?? "nothing was done"})`;
  expect(found(said, plan).sort().map(shown)).toEqual(lines.map(shown));
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
        const used = await round(trip, await sourceUrl(source), new Random(seed + turn), roundOf.typed);
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
      await round(trip, await sourceUrl(source), new Random(seed + turn), roundOf.sakila);
    }
  });
});
