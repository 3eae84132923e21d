/**
 * Many random schemas in one database, taken across: `check`, what it proposes, `check` again, `run --until copied`,
 * and the oracle. The property: what `check` passes never fails in `run`, and every row arrives. A schema that fails
 * is set aside and told; the others still travel.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { foundIn, spoken } from "../hazard/finding.js";
import { isMap, merged } from "../hazard/settlement.js";
import type { Fragment } from "../hazard/settlement.js";
import { lastObject } from "../headgate.js";
import type { Ended } from "../headgate.js";
import { judges } from "../journey.js";
import type { Journey, Said } from "../journey.js";
import { compare } from "../oracle/oracle.js";
import { sourceUrl } from "../source-database.js";
import type { SourceName } from "../source-database.js";
import { make } from "./made.js";
import type { Tally } from "./made.js";
import { quotedName } from "./names.js";
import type { Schema, Table } from "./schema.js";

export interface Outcome {
  /** What is wrong with Headgate, by the schema's seed. */
  readonly problems: ReadonlyMap<number, readonly string[]>;
  /** Schemas with data that only mending helps, and the code of the finding that says so. */
  readonly refused: ReadonlyMap<number, string>;
  readonly rows: number;
  readonly tables: number;
  /** Codes of the errors that lines of `check --propose` settled, and how often. */
  readonly settled: ReadonlyMap<string, number>;
}

/** As often as lines are put into the file; a rule may bring a new finding to light once. */
const rounds = 3;

export async function cross(
  trip: Journey,
  server: SourceName,
  schemas: readonly Schema[],
  counts: Tally,
): Promise<Outcome> {
  const crossing = new Crossing(trip, server);
  const times: string[] = [];
  const timed = async <T>(what: string, act: () => Promise<T>): Promise<T> => {
    const from = performance.now();
    const result = await act();
    times.push(`${what} in ${((performance.now() - from) / 1000).toFixed(1)} s`);
    return result;
  };
  await timed("made", () => crossing.make(schemas, counts));
  await timed("checked", () => crossing.settle());
  await timed("copied", () => crossing.run());
  const outcome = await timed("judged", () => crossing.judge());
  console.log(`${server}: ${times.join(", ")}`);
  return outcome;
}

const planned = z.object({
  tables: z.array(
    z.object({
      source: z.string(),
      target: z.string(),
      columns: z.array(z.object({ source: z.string(), target: z.string() })),
    }),
  ),
});
const policyCounts = z.array(z.object({ object: z.string(), policy: z.string(), count: z.number() }));
const advised = z.object({
  findings: z.array(z.object({ fix: z.string(), settle: z.array(z.unknown()).optional() })),
});

class Crossing {
  readonly #trip: Journey;
  readonly #server: SourceName;
  readonly #problems = new Map<number, string[]>();
  readonly #refused = new Map<number, string>();
  /** What is left to travel: seed to the tables that the source took. */
  readonly #left = new Map<number, readonly Table[]>();
  readonly #settled = new Map<string, number>();
  #proposals: Fragment[] = [];
  #said: Said = {};

  constructor(trip: Journey, server: SourceName) {
    this.#trip = trip;
    this.#server = server;
  }

  async make(schemas: readonly Schema[], counts: Tally): Promise<void> {
    for (const schema of schemas) {
      const tables = await make(this.#trip.source, schema, counts);
      if (tables.length > 0) this.#left.set(schema.seed, tables);
    }
  }

  /** Puts in what `check` proposes until it passes; what lines don't settle travels no further. */
  async settle(): Promise<void> {
    for (let round = 0; this.#left.size > 0;) {
      configure(this.#trip, this.#proposals);
      const said = await this.#check();
      const found = foundIn(said);
      const advice = advised.parse(said).findings;
      const errors = found.flatMap((one, at) =>
        one.severity === "error" ? [{ one, advice: advice[at] }] : [],
      );
      if (errors.length === 0) return;
      const aside = new Set<number>();
      for (const { one, advice: told } of errors) {
        const seed = this.#seedIn(one.object);
        if (seed === null) throw new Error(`an error that is no schema's: ${spoken(one)}`);
        const lines = told?.settle?.length ?? 0;
        if (lines === 0) {
          aside.add(seed);
          // Nobody touches these tables: what could not be looked at is a statement of ours that failed.
          if (one.code.startsWith("table-")) this.#problem(seed, `not looked at: ${spoken(one)}`);
          else if (told === undefined || told.fix === "")
            this.#problem(seed, `neither lines nor a fix: ${spoken(one)}`);
          else this.#refused.set(seed, one.code);
        } else if (round === rounds) {
          aside.add(seed);
          this.#problem(seed, `what check proposes leaves ${spoken(one)}`);
        }
      }
      for (const seed of aside) await this.#drop(seed);
      if (aside.size === 0)
        for (const { one } of errors) this.#settled.set(one.code, (this.#settled.get(one.code) ?? 0) + 1);
      // Lines for tables that are gone would be warnings of their own; ask again.
      if (aside.size === 0) {
        this.#proposals = [proposalOf(said), ...this.#proposals];
        round += 1;
      } else this.#proposals = this.#proposals.map((piece) => this.#without(piece));
    }
  }

  async run(): Promise<void> {
    while (this.#left.size > 0) {
      const ended = await this.#trip.headgate("run", "--until", "copied", "--json");
      this.#noCrash(ended);
      if (ended.code === 0) {
        this.#said = lastObject(ended);
        return;
      }
      const last = ended.stdout.trimEnd().split("\n").at(-1) ?? "";
      const blamed = this.#seedsIn(last);
      if (blamed.length === 0)
        throw new Error(
          `run ended with ${String(ended.code)} and names no table:\n${last}\n${ended.stderr.slice(-4000)}`,
        );
      for (const seed of blamed) {
        this.#problem(seed, `check passed it, and run ended with ${String(ended.code)}: ${last}`);
        await this.#drop(seed);
      }
      rmSync(join(this.#trip.folder, ".headgate"), { recursive: true, force: true });
      await this.#trip.target.sql(
        "DROP SCHEMA public CASCADE; CREATE SCHEMA public; GRANT CREATE, USAGE ON SCHEMA public TO PUBLIC; DROP SCHEMA IF EXISTS headgate CASCADE",
      );
      this.#proposals = this.#proposals.map((piece) => this.#without(piece));
      await this.settle();
    }
  }

  async judge(): Promise<Outcome> {
    let [rows, tables] = [0, 0];
    const outcome = (): Outcome => ({
      problems: this.#problems,
      refused: this.#refused,
      rows,
      tables,
      settled: this.#settled,
    });
    if (this.#left.size === 0) return outcome();
    const plan = planned.parse(await this.#trip.said(0, "plan", "--dry-run"));
    const changed = policyCounts.parse(this.#said["policies"]).filter(({ count }) => count > 0);
    const from = new URL(await sourceUrl(this.#server));
    from.pathname = `/${this.#trip.source.name}`;
    const [source, target] = await judges(from.href, this.#trip.target.url);
    try {
      for (const [seed, { name }] of [...this.#left].flatMap(([each, all]) =>
        all.map((table) => [each, table] as const),
      )) {
        const there = plan.tables.find((table) => table.source === name);
        if (there === undefined) {
          this.#problem(seed, `the plan has no table ${name}`);
          continue;
        }
        try {
          const [verdict] = await compare(source, target, {
            database: this.#trip.source.name,
            schema: "public",
            only: [name],
            rename: { [name]: there.target },
            renameColumns: Object.fromEntries(
              there.columns.map((column) => [`${name}.${column.source}`, column.target]),
            ),
            skipColumns: changed.map(({ object }) => object),
          });
          tables += 1;
          rows += Number(verdict?.rowsSource);
          if (verdict?.equal !== true)
            this.#problem(seed, `unequal by the oracle: ${JSON.stringify(verdict)}`);
        } catch (error) {
          this.#problem(
            seed,
            `the oracle can't compare ${name}: ${error instanceof Error ? error.message : String(error)}`,
          );
        }
      }
    } finally {
      await source.end();
      await target.end();
    }
    return outcome();
  }

  async #check(): Promise<Said> {
    const ended = await this.#trip.headgate("check", "--propose", "--json");
    this.#noCrash(ended);
    if (ended.code !== 0 && ended.code !== 3)
      throw new Error(
        `check ended with ${String(ended.code)}:\n${ended.stdout.slice(-4000)}\n${ended.stderr.slice(-4000)}`,
      );
    return lastObject(ended);
  }

  #noCrash(ended: Ended): void {
    if (/^\s+at .+:\d+:\d+\)?$/mu.test(ended.stderr) || /"code":"bug"/u.test(ended.stdout))
      throw new Error(`a crash:\n${ended.stdout.slice(-4000)}\n${ended.stderr.slice(-4000)}`);
  }

  #problem(seed: number, problem: string): void {
    this.#problems.set(seed, [...(this.#problems.get(seed) ?? []), problem]);
  }

  async #drop(seed: number): Promise<void> {
    const tables = this.#left.get(seed) ?? [];
    this.#left.delete(seed);
    await this.#trip.source.sql("SET SESSION foreign_key_checks = 0");
    for (const { name } of tables) await this.#trip.source.sql(`DROP TABLE ${quotedName(name)}`);
    await this.#trip.source.sql("SET SESSION foreign_key_checks = 1");
  }

  #seedsIn(text: string): readonly number[] {
    return [...this.#left].flatMap(([seed, tables]) =>
      tables.some(({ mark }) => text.includes(mark)) ? [seed] : [],
    );
  }

  #seedIn(text: string): number | null {
    return this.#seedsIn(text)[0] ?? null;
  }

  /** A proposal without the lines of tables that are gone: they would match nothing. */
  #without(piece: Fragment): Fragment {
    const ours = (value: unknown): boolean => this.#seedIn(JSON.stringify(value)) !== null;
    return Object.fromEntries(
      Object.entries(piece).map(([key, value]) => {
        if (Array.isArray(value)) return [key, (value as unknown[]).filter(ours)];
        if (!isMap(value)) return [key, value];
        const inner = Object.entries(value).map(([section, map]) => [
          section,
          isMap(map) ? Object.fromEntries(Object.entries(map).filter(([from]) => ours(from))) : map,
        ]);
        return [key, Object.fromEntries(inner)];
      }),
    );
  }
}

function configure(trip: Journey, pieces: readonly Fragment[]): void {
  const whole = merged([{ snapshot: { rangeRows: 100 } }, ...pieces]);
  // JSON is YAML, and says exactly what is meant.
  trip.configure(
    Object.entries(whole).map(([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}`),
  );
}

function proposalOf(said: Said): Fragment {
  const lines = z.array(z.string()).parse(said["propose"]);
  const proposal: unknown = parse(lines.join("\n")) ?? {};
  if (!isMap(proposal)) throw new Error(`check --propose prints no YAML map:\n${lines.join("\n")}`);
  return proposal;
}
