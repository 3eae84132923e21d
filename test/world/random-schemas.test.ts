/**
 * Random schemas with random rows on real servers: what `check` passes never fails in `run`, and every row arrives as
 * the oracle sees it. `npm test` takes 60, those that found something once and fresh ones; the gate takes ten times 100
 * (HEADGATE_GATE=1). HEADGATE_SEED=N repeats the one schema of a seed; a schema that fails is made smaller before it is told.
 */
import { describe, expect, it } from "vitest";
import { freshSeed } from "../fresh-seed.js";
import { journey } from "./journey.js";
import { cross } from "./random/crossing.js";
import { statementsOf, tally } from "./random/made.js";
import type { Tally } from "./random/made.js";
import { randomSchema } from "./random/schema.js";
import type { Schema } from "./random/schema.js";
import { smaller } from "./random/smaller.js";

const gate = process.env["HEADGATE_GATE"] === "1";
const alone = process.env["HEADGATE_SEED"];
const share: Readonly<Record<"mysql9" | "mariadb", number>> = gate
  ? { mysql9: 75, mariadb: 25 }
  : { mysql9: 45, mariadb: 15 };
const batch = 25;
/** Of a hundred statements that make a schema, how many the server may refuse. */
const refusedMost = 35;

/** Seeds that have found something, in `npm test` for good. */
const found: Readonly<Record<"mysql9" | "mariadb", readonly number[]>> = gate
  ? { mysql9: [], mariadb: [] }
  : { mysql9: [1517465851, 742839339, 685848117, 1475106527, 248380074], mariadb: [355586404] };
/** The others are fresh, one after another from here. */
const base = freshSeed();

async function outcomeOf(server: "mysql9" | "mariadb", schemas: readonly Schema[], counts: Tally) {
  await using trip = await journey("hg_random", server);
  return await cross(trip, server, schemas, counts);
}

function listed(counted: ReadonlyMap<string, number>): string {
  const each = [...counted].map(([what, times]) => `${what} ${String(times)}`);
  return each.length === 0 ? "none" : each.join(", ");
}

/** Those that follow one another as `first to last`. */
function listedSeeds(seeds: readonly number[]): string {
  const spans: { readonly from: number; to: number }[] = [];
  for (const seed of seeds) {
    const last = spans.at(-1);
    if (last?.to === seed - 1) last.to = seed;
    else spans.push({ from: seed, to: seed });
  }
  return spans
    .map(({ from, to }) => (from === to ? String(from) : `${String(from)} to ${String(to)}`))
    .join(", ");
}

function tallied(words: Iterable<string>): ReadonlyMap<string, number> {
  const counted = new Map<string, number>();
  for (const word of words) counted.set(word, (counted.get(word) ?? 0) + 1);
  return counted;
}

describe.each(["mysql9", "mariadb"] as const)("random schemas of %s", (server) => {
  const engine = server === "mysql9" ? "mysql" : "mariadb";
  const known = found[server];
  const fresh = Array.from({ length: share[server] - known.length }, (_, number) => base + number);
  const seeds = alone === undefined ? [...known, ...fresh] : [Number(alone)];
  const batches = Array.from({ length: Math.ceil(seeds.length / batch) }, (_, at) => at);
  const counts = tally();

  it.each(batches)("travel whole, batch %i", { timeout: 600_000 }, async (at) => {
    const ours = seeds.slice(at * batch, (at + 1) * batch);
    const schemas = ours.map((seed) => randomSchema(seed, engine));
    const { problems, refused, rows, tables, settled } = await outcomeOf(server, schemas, counts);
    console.log(
      `${server}: seeds ${listedSeeds(ours)}: ${String(tables)} tables with ${String(rows)} rows equal; ` +
        `errors settled: ${listed(settled)}; schemas whose data must be mended: ${listed(tallied(refused.values()))}`,
    );
    const told: string[] = [];
    for (const [seed, said] of problems) {
      // Told at once: making it smaller takes its time.
      console.log([`HEADGATE_SEED=${String(seed)} (${server})`, ...said].join("\n"));
      const least = await smaller(randomSchema(seed, engine), said, async (schema) => {
        const again = await outcomeOf(server, [schema], tally());
        return again.problems.get(seed) ?? [];
      });
      told.push([`HEADGATE_SEED=${String(seed)} (${server})`, ...said, ...statementsOf(least)].join("\n"));
    }
    expect(told.join("\n\n")).toBe("");
    // A generator whose schemas nothing is left of would prove nothing.
    if (alone === undefined) expect(refused.size).toBeLessThan(ours.length / 3);
  });

  it("are mostly such as the server takes", () => {
    const statements = counts.tables + counts.extras;
    const part = (100 * (counts.tablesRefused + counts.extrasRefused)) / statements;
    console.log(
      `${server}: of ${String(statements)} statements that make a schema ${part.toFixed(1)} % refused, ` +
        `${String(counts.rowsKept)} of ${String(counts.rows)} rows kept`,
    );
    if (process.env["HEADGATE_RANDOM_WORDS"] === "1")
      console.log(
        [...counts.words]
          .sort((a, b) => b[1] - a[1])
          .map(([words, times]) => `${String(times)} ${words}`)
          .join("\n"),
      );
    if (alone === undefined) expect(part).toBeLessThan(refusedMost);
  });
});
