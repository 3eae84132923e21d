/**
 * What people and servers do to a migration beside crashes of its engine: it is paused and goes on, the target's server
 * crashes and loses what no disk has yet, a table is copied again past its join, a change that the target refuses is left
 * out by somebody's word, and XA transactions stay prepared for a while. Few lives have any of it, drawn beside the rest.
 */
import type { Plan } from "../../src/model.js";
import type { Stream } from "../../src/stream/options.js";
import type { ModelSource } from "./model-source.js";
import type { ModelTarget } from "./model-target.js";
import { Random } from "./random.js";
import { tied } from "./world-tables.js";
import type { Writer } from "./writer.js";

export const allActs = ["pause", "crash", "recopy", "skip", "xa"] as const;
export type Act = (typeof allActs)[number];

/** Lives with one of them, or two. */
const actingLives = 0.06;

export function drawActs(seed: number): ReadonlySet<Act> {
  const random = new Random(seed ^ 0xac75);
  if (!random.chance(actingLives)) return new Set();
  return new Set([random.pick(allActs), ...(random.chance(0.4) ? [random.pick(allActs)] : [])]);
}

export interface ActedOn {
  readonly plan: Plan;
  readonly source: ModelSource;
  readonly target: ModelTarget;
  readonly writer: Writer;
  readonly met: Set<string>;
  readonly stream: () => Stream | null;
  /** Every engine loses its connections to the target. */
  readonly cutOff: () => void;
  /** The engine is stopped as by kill -9. */
  readonly stop: () => void;
  /** Another one is begun. */
  readonly start: () => void;
}

export class Acts {
  readonly #world: ActedOn;
  readonly #random: Random;
  readonly #left: Record<Exclude<Act, "skip">, number>;
  /** A transaction that is prepared, by its place in the log. */
  #prepared: number | null = null;

  constructor(acts: ReadonlySet<Act>, seed: number, world: ActedOn) {
    this.#world = world;
    this.#random = new Random(seed ^ 0xac7ed);
    const times = (act: Act): number => (acts.has(act) ? 1 + this.#random.below(2) : 0);
    this.#left = { pause: times("pause"), crash: times("crash"), recopy: times("recopy"), xa: times("xa") };
    world.target.refuses = acts.has("skip");
  }

  /** Something is still to happen, or has to be ended. */
  get open(): boolean {
    const { pause, crash, recopy, xa } = this.#left;
    return (
      pause + crash + recopy + xa > 0 || this.#prepared !== null || this.#world.stream()?.paused === true
    );
  }

  turn(): void {
    if (!this.open) return;
    const { plan, target, source, met } = this.#world;
    const random = this.#random;
    const stream = this.#world.stream();
    if (stream?.paused === true) {
      if (random.chance(0.03)) stream.resume();
    } else if (stream !== null && this.#does("pause", 0.01)) {
      met.add("paused");
      stream.pause();
    }
    if (this.#does("crash", 0.006)) {
      met.add("target crashed");
      if (target.crash()) met.add("ranges lost");
      this.#world.cutOff();
    }
    if (this.#prepared !== null) {
      if (random.chance(0.02)) this.#end(this.#prepared);
    } else if (this.#does("xa", 0.02)) {
      met.add("prepared");
      this.#prepared = source.prepare();
    }
    if (target.joins.size === plan.lanes.length && this.#does("recopy", 0.02)) {
      met.add("copied again");
      const table = random.pick(plan.tables).source;
      this.#world.stop();
      target.recopy(tied.find((set) => set.includes(table)) ?? [table]);
      this.#world.start();
    }
  }

  #end(prepared: number): void {
    this.#prepared = null;
    const { source, writer } = this.#world;
    if (this.#random.chance(0.3))
      source.commit({ changes: [], truncates: null, marker: null, ends: prepared }, source.state);
    else writer.write(prepared);
  }

  #does(act: Exclude<Act, "skip">, chance: number): boolean {
    if (this.#left[act] === 0 || !this.#random.chance(chance)) return false;
    this.#left[act] -= 1;
    return true;
  }
}
