/**
 * Verification in the virtual world: the product's own `verify`, round after round beside the stream, by whatever engine
 * lives. Once in a life a value of the target is changed behind the engine's back. No round may name a row that nobody
 * broke; the last one, when all is written and applied, names the broken row unless an event has healed it.
 */
import { Fault } from "../../src/errors.js";
import { followingOf } from "../../src/migration/following.js";
import type { Plan } from "../../src/model.js";
import type { Source } from "../../src/port.js";
import { throwIfStopped } from "../../src/stop.js";
import { placesOf, valuesOf } from "../../src/stream/example-rows.js";
import type { Stream } from "../../src/stream/options.js";
import type { VerifyLedger, TargetLook } from "../../src/verify-port.js";
import { streamed } from "../../src/verify/streamed.js";
import type { Following } from "../../src/verify/tools.js";
import { verify } from "../../src/verify/verification.js";
import type { TableOutcome } from "../../src/verify/verification.js";
import { countOf } from "./model-source.js";
import type { ModelTarget } from "./model-target.js";
import type { Random } from "./random.js";

export interface ProofFlaws {
  /** Nobody waits until the lane has applied what the source showed. */
  readonly impatient?: boolean;
  /** Whoever looks does not ask what was touched meanwhile. */
  readonly heedless?: boolean;
}

/** One engine's part. */
export interface ProvingEngine {
  readonly source: Source;
  readonly ledger: VerifyLedger;
  readonly look: () => Promise<TargetLook>;
  readonly stream: Stream;
  readonly joined: () => boolean;
  readonly now: () => number;
  readonly wait: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  readonly moment: (moment: string) => void | Promise<void>;
  readonly signal: AbortSignal;
}

export class Proving {
  readonly #plan: Plan;
  readonly #target: ModelTarget;
  readonly #random: Random;
  readonly #flaws: ProofFlaws;
  /** What a round said that it should not have. */
  readonly problems: string[] = [];
  readonly met = new Set<string>();
  /** Nothing is written any more and all is applied: the next round is the last. */
  last = false;
  done = false;
  #broken: { readonly table: string; readonly key: string } | null = null;

  constructor(plan: Plan, target: ModelTarget, random: Random, flaws: ProofFlaws) {
    this.#plan = plan;
    this.#target = target;
    this.#random = random;
    this.#flaws = flaws;
  }

  /** The world's turn: once the keys are built a value changes behind everybody's back. */
  turn(): void {
    if (this.#broken !== null || !this.#target.unique || !(this.last || this.#random.chance(0.004))) return;
    const tables = this.#plan.tables.filter(({ columns }) => columns.at(-1)?.source === "v");
    for (const table of this.#random.shuffled(tables)) {
      const names = [...(this.#target.tables.get(table.source)?.keys() ?? [])];
      const [name] = this.#random.shuffled(names);
      if (name === undefined) continue;
      this.#broken = { table: table.source, key: this.#target.spoil(table, name) };
      this.met.add("spoilt");
      return;
    }
  }

  /** Round after round until the signal or a fault ends it. */
  async run(engine: ProvingEngine): Promise<void> {
    const { source, stream, wait, signal } = engine;
    const holds = (later: Parameters<typeof countOf>[0], earlier: Parameters<typeof countOf>[0]): boolean =>
      countOf(later) >= countOf(earlier);
    const following: Following = followingOf({
      source,
      lanes: () => stream.lanes,
      standing: () => stream.standing,
      holds,
      wait,
    });
    while (!this.done) {
      throwIfStopped(signal);
      if (!engine.joined()) {
        await wait(20, signal);
        continue;
      }
      const last = this.last;
      const full = last || this.#random.chance(0.5);
      const round = { resumed: false };
      const verified = verify(
        {
          ...{ source, plan: this.#plan, engine: "mysql", ledger: this.#ledger(engine.ledger) },
          ...{ comparings: { stream: streamed, digest: streamed }, workers: () => 2, slots: 9, rangeRows: 2 },
          slot: () => Promise.reject(new Error("nothing is asked here")),
          target: { look: () => engine.look() },
          cuts: () => Promise.resolve(this.#target.cuts),
          following: this.#flaws.impatient === true ? { caughtUp: async () => undefined } : following,
          now: engine.now,
          wait,
          moment: engine.moment,
          onEvent: (event) => {
            this.met.add(`verify ${event.kind}`);
            if (event.kind === "begun" && event.resumed > 0) round.resumed = true;
          },
        },
        { method: "stream", full, tables: null },
        signal,
      );
      const tables = await verified.then(
        (outcome) => outcome.tables,
        (error: unknown) => {
          // A lane that stands before DDL until somebody accepts it: the round says so, and the next one comes, as in the
          // product's own verifier.
          if (error instanceof Fault && error.code === "quarantined") return null;
          throw error;
        },
      );
      if (tables === null) {
        this.met.add("not judged");
        await wait(this.#random.below(100), signal);
        continue;
      }
      if (round.resumed) this.met.add("resumed");
      // What an engine before had compared already was broken after that, perhaps.
      this.#judge(tables, last && !round.resumed);
      await wait(this.#random.below(100), signal);
    }
  }

  #ledger(ledger: VerifyLedger): VerifyLedger {
    if (this.#flaws.heedless !== true) return ledger;
    // A look asks for all that came after it; whoever goes through dirty keys says where they end.
    return {
      ...ledger,
      touched: async (table, after, upTo, onBatch, signal) =>
        upTo === null ? undefined : ledger.touched(table, after, upTo, onBatch, signal),
    };
  }

  #judge(tables: readonly TableOutcome[], last: boolean): void {
    const broken = this.#broken;
    const named: string[] = [];
    for (const { table, mismatches, pending } of tables) {
      if (last && pending > 0n)
        this.problems.push(`${table.source}: ${String(pending)} rows are pending at rest`);
      for (const { key, kind, columns } of mismatches) {
        const tuple = { rows: 1, bytes: key.length, chunks: [key] };
        const [values = []] =
          table.key === null ? [] : valuesOf(table, placesOf(table, table.key.columns), tuple);
        const text = JSON.stringify(values);
        const known = broken?.table === table.source && broken.key === text;
        if (known && kind === "different" && columns.join() === "v") named.push(text);
        else this.problems.push(`a false alarm: ${table.source} ${text} ${kind} ${columns.join()}`);
      }
    }
    if (!last) return;
    this.done = true;
    const wanted = this.#target.spoilt ? 1 : 0;
    if (named.length !== wanted) this.problems.push(`a miss: ${JSON.stringify(broken)} is not named`);
    this.met.add(wanted === 1 ? "named" : "healed");
  }
}
