/**
 * The hazards that share one database and one headgate.yaml: one `check` that must find what each expects, one config
 * with every settlement, one `run --until copied`, and then each judged by its expected.yaml and by the oracle. A
 * hazard that fails is set aside and told; the others still travel.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { lastObject } from "../headgate.js";
import type { Ended } from "../headgate.js";
import { journey, judges } from "../journey.js";
import type { Journey, Said } from "../journey.js";
import type { Combination } from "../matrix.js";
import { sourceUrl } from "../source-database.js";
import { findingProblems, foundIn, ownerOf, spoken } from "./finding.js";
import type { Found } from "./finding.js";
import type { Hazard } from "./folder.js";
import { oracleProblems, settleSession, statementProblems, tableProblems } from "./held.js";
import { made } from "./made.js";
import type { Made } from "./made.js";
import { isMap, merged, shareOf } from "./settlement.js";
import type { Fragment } from "./settlement.js";

const policies = z.array(z.object({ object: z.string(), policy: z.string(), count: z.number() }));

/** One database's worth of hazards on its way. */
export class Crossing {
  readonly #hazards: readonly Hazard[];
  readonly #holds: (condition: Hazard["expected"]["applies"] | undefined) => boolean;
  readonly #problems: Map<string, string[]>;
  /** Hazards that travel no further: refused on purpose, or failed. */
  readonly #aside = new Set<string>();
  #made: Made = { owners: new Map(), tables: new Map(), failures: new Map() };

  constructor(
    hazards: readonly Hazard[],
    holds: (condition: Hazard["expected"]["applies"] | undefined) => boolean,
  ) {
    this.#hazards = hazards;
    this.#holds = holds;
    this.#problems = new Map(hazards.map(({ name }) => [name, []]));
  }

  async go({ source, target }: Combination): Promise<ReadonlyMap<string, readonly string[]>> {
    await using trip = await journey("hg_hazards", source, target);
    const began = performance.now();
    this.#made = await made(trip.source, this.#hazards);
    for (const [name, why] of this.#made.failures) this.#fail(name, why);
    const own = this.#hazards.flatMap(({ name, expected }) =>
      this.#aside.has(name) ? [] : [expected.headgate],
    );
    const base = merged([{ snapshot: { rangeRows: 100 } }, ...own]);
    configure(trip, [base, this.#excluded()]);
    const checked = performance.now();
    const first = await check(trip);
    const settlements = this.#first(first, trip);
    const ran = performance.now();
    const { said, left } = await this.#settled(trip, base, settlements);
    const judged = performance.now();
    await this.#judge(trip, await sourceUrl(source), said, left);
    const seconds = [began, checked, ran, judged, performance.now()].map(
      (at, i, all) => (at - (all[i - 1] ?? at)) / 1000,
    );
    const [, make = 0, look = 0, run = 0, judge = 0] = seconds;
    console.log(
      `${source} to ${target}: ${this.#hazards.length} hazards, ${this.#made.tables.size} tables; made in ${make.toFixed(1)} s, ` +
        `checked in ${look.toFixed(1)} s, settled and copied in ${run.toFixed(1)} s, judged in ${judge.toFixed(1)} s`,
    );
    return this.#problems;
  }

  #fail(name: string, ...problems: readonly string[]): void {
    this.#problems.get(name)?.push(...problems);
    this.#aside.add(name);
  }

  #ownedBy(object: string): string | null {
    return ownerOf(object, this.#made.owners);
  }

  #tablesOf(hazard: string): readonly string[] {
    return [...this.#made.tables].flatMap(([table, owner]) => (owner === hazard ? [table] : []));
  }

  #excluded(): Fragment {
    return {
      tables: {
        exclude: [...this.#made.tables].flatMap(([table, owner]) => (this.#aside.has(owner) ? [table] : [])),
      },
    };
  }

  /** Holds the findings without any settlement against what is expected; gives each hazard's piece of config. */
  #first(said: Said, trip: Journey): ReadonlyMap<string, Fragment> {
    const all = foundIn(said);
    const stray = all.filter((one) => one.severity === "error" && this.#ownedBy(one.object) === null);
    const expected = this.#hazards.flatMap((hazard) => hazard.expected.findings.map(({ code }) => code));
    const nobodys = stray.filter(
      ({ code, object }) => object !== trip.source.name || !expected.includes(code),
    );
    if (nobodys.length > 0)
      throw new Error(`errors that are no hazard's:\n${nobodys.map(spoken).join("\n")}`);
    const proposal = proposalOf(said);
    const settlements = new Map<string, Fragment>();
    for (const { name, expected: wants } of this.#hazards) {
      if (this.#aside.has(name)) continue;
      this.#problems.get(name)?.push(
        ...findingProblems({
          expected: wants.findings.filter(({ when }) => this.#holds(when)),
          own: all.filter(({ object }) => this.#ownedBy(object) === name),
          all,
          database: trip.source.name,
          exactly: wants.exactly === true,
        }),
      );
      if (wants.settle === "refused") this.#aside.add(name);
      else if (wants.settle === "proposed")
        settlements.set(
          name,
          shareOf(proposal, (table) => this.#ownedBy(table) === name),
        );
      else settlements.set(name, wants.settle);
    }
    return settlements;
  }

  /** Runs with every settlement, until those that stand in the way are set aside. */
  async #settled(
    trip: Journey,
    base: Fragment,
    settlements: ReadonlyMap<string, Fragment>,
  ): Promise<{ readonly said: Said | null; readonly left: readonly Found[] }> {
    for (;;) {
      const settled = [...settlements].flatMap(([name, piece]) => (this.#aside.has(name) ? [] : [piece]));
      if (settled.length === 0) return { said: null, left: [] };
      // Of rules and policies the first that matches wins, so what settles something stands above.
      configure(trip, [...settled, base, this.#excluded()]);
      const left = foundIn(await check(trip));
      const blamed = new Set<string>();
      for (const one of left) {
        if (one.severity !== "error") continue;
        const owner = this.#ownedBy(one.object);
        if (owner === null) throw new Error(`an error that is no hazard's: ${spoken(one)}`);
        this.#fail(owner, `its settlement leaves ${spoken(one)}`);
        blamed.add(owner);
      }
      if (blamed.size > 0) continue;
      const ended = await trip.headgate("run", "--until", "copied", "--json");
      if (ended.code === 0) return { said: lastObject(ended), left };
      this.#blame(ended);
      rmSync(join(trip.folder, ".headgate"), { recursive: true, force: true });
      await trip.target.sql(
        "DROP SCHEMA public CASCADE; CREATE SCHEMA public; GRANT CREATE, USAGE ON SCHEMA public TO PUBLIC; DROP SCHEMA IF EXISTS headgate CASCADE",
      );
    }
  }

  /** What `check` passes must not fail in `run`: the hazards whose tables the fault names. */
  #blame(ended: Ended): void {
    const text = ended.stdout.trimEnd().split("\n").at(-1) ?? "";
    const named = [...this.#made.tables].filter(([table]) => text.includes(table)).map(([, owner]) => owner);
    const blamed = new Set(named.filter((name) => !this.#aside.has(name)));
    if (blamed.size === 0)
      throw new Error(`run ended with ${String(ended.code)}:\n${ended.stdout}\n${ended.stderr}`);
    for (const name of blamed)
      this.#fail(name, `check passed it, and run ended with ${String(ended.code)}: ${text}`);
  }

  async #judge(trip: Journey, from: string, said: Said | null, left: readonly Found[]): Promise<void> {
    if (said === null) return;
    const [source, target] = await judges(from, trip.target.url);
    try {
      await settleSession(target);
      const counted = policies.parse(said["policies"]);
      for (const { name, expected } of this.#hazards) {
        if (this.#aside.has(name)) continue;
        const add = (problems: readonly string[]): void => void this.#problems.get(name)?.push(...problems);
        add(
          findingProblems({
            expected: expected.remains.filter(({ when }) => this.#holds(when)),
            own: left.filter(({ object }) => this.#ownedBy(object) === name),
            all: left,
            database: trip.source.name,
            exactly: false,
          }),
        );
        const ours = counted.filter(({ object }) => this.#ownedBy(object) === name);
        if (sorted(ours) !== sorted(expected.policies)) add([`the report counts policies: ${sorted(ours)}`]);
        const tables = expected.target.filter(({ when }) => this.#holds(when));
        for (const table of tables) add(await tableProblems(target, table));
        for (const statement of expected.statements)
          if (this.#holds(statement.when)) add(await statementProblems(target, statement));
        add(
          await oracleProblems(source, target, {
            database: trip.source.name,
            tables: this.#tablesOf(name).filter((table) => !leftBehind(expected).includes(table)),
            expected: tables,
            changed: ours.map(({ object }) => object),
          }),
        );
      }
    } finally {
      await source.end();
      await target.end();
    }
  }
}

function sorted(counts: z.output<typeof policies>): string {
  return counts
    .map(({ object, policy, count }) => `{ object: ${object}, policy: ${policy}, count: ${count} }`)
    .sort()
    .join(", ");
}

const behind = z.object({ tables: z.object({ exclude: z.array(z.string()).default([]) }).optional() });

/** Tables that the hazard's own config excludes. */
function leftBehind({ headgate, settle }: Hazard["expected"]): readonly string[] {
  return [headgate, settle].flatMap((piece) => behind.safeParse(piece).data?.tables?.exclude ?? []);
}

function configure(trip: Journey, pieces: readonly Fragment[]): void {
  const whole = merged(pieces);
  // JSON is YAML, and says exactly what is meant.
  trip.configure(
    Object.entries(whole).map(([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}`),
  );
}

async function check(trip: Journey): Promise<Said> {
  const ended = await trip.headgate("check", "--propose", "--json");
  if (ended.code !== 0 && ended.code !== 3)
    throw new Error(`check ended with ${String(ended.code)}:\n${ended.stdout}\n${ended.stderr}`);
  return lastObject(ended);
}

/** The lines that `check --propose` prints, read as the YAML that they are. */
function proposalOf(said: Said): Fragment {
  const lines = z.array(z.string()).parse(said["propose"]);
  const proposal: unknown = parse(lines.join("\n")) ?? {};
  if (!isMap(proposal)) throw new Error(`check --propose prints no YAML map:\n${lines.join("\n")}`);
  return proposal;
}
