/**
 * Takes the feed apart into lanes: each change goes to the lane of its table, unless the lane has the transaction
 * already or the table's exact cut holds it. Where all lanes have met their joins, and where a statement changes the
 * shape of a table, a gate closes: the feed stands still until everything before it is in the target.
 */
import { amending, Fault, recopying } from "../errors.js";
import type { PlanTable, Position } from "../model.js";
import type {
  ChangeOperation,
  ChangeSink,
  RowImages,
  SchemaChange,
  SourceTransaction,
} from "../stream-port.js";
import { helperIn } from "../plan/online-change.js";
import type { Bell } from "./bell.js";
import type { Counters } from "./counts.js";
import type { Lane } from "./lane.js";
import type { StreamOptions } from "./options.js";
import { Places } from "./place.js";
import type { Place } from "./place.js";
import { Shape } from "./table.js";
import type { StreamTable } from "./table.js";

/** What everything waits for before the feed goes on; `end`: the Fault with which these lanes stand then, and a table that it is about. */
export type Gate =
  | { readonly kind: "join" }
  | { readonly kind: "end"; readonly fault: Fault; readonly table: string; readonly lanes: readonly Lane[] };

export interface SinkTools {
  readonly options: StreamOptions;
  /** Those that take part. */
  readonly lanes: readonly Lane[];
  readonly all: readonly Lane[];
  readonly tables: ReadonlyMap<string, StreamTable>;
  /** Counts what belongs to no lane. */
  readonly strays: Counters;
  readonly bell: Bell;
  /** Whether what is built at the join is built in this run. */
  readonly joined: { readonly built: boolean };
  /** Ids of changes that are left out by somebody's word. */
  readonly skips: ReadonlySet<string>;
  readonly signal: AbortSignal;
  /** Ends this reading of the log. `lane` is the one that failed. */
  readonly fail: (fault: unknown, lane: Lane | null) => void;
}

interface Route {
  readonly shape: Shape;
  readonly lane: Lane;
  readonly place: Place;
}

export class Sink implements ChangeSink {
  gate: Gate | null = null;
  readonly #tools: SinkTools;
  readonly #lanes: ReadonlyMap<string, Lane>;
  readonly #routes = new WeakMap<RowImages, Route>();
  readonly #places: Places;
  #last: { readonly images: RowImages; readonly route: Route } | null = null;

  constructor(tools: SinkTools) {
    this.#tools = tools;
    this.#lanes = new Map(tools.lanes.map((lane) => [lane.name, lane]));
    this.#places = new Places(tools.options.cuts);
  }

  begin(transaction: SourceTransaction): void {
    this.#places.begin(transaction);
    for (const lane of this.#tools.lanes) lane.begin(transaction);
  }

  wants(table: PlanTable): boolean {
    const lane = this.#lanes.get(table.lane);
    return lane !== undefined && !lane.within && !this.#places.of(table.source).cut && !this.#isClosed(table);
  }

  change(
    images: RowImages,
    operation: ChangeOperation,
    bytes: Buffer,
    before: number,
    beforeEnd: number,
    after: number,
    afterEnd: number,
    unchecked = false,
  ): void {
    const route = this.#route(images);
    if (route === null) {
      this.#tools.strays.read += 1;
      this.#tools.strays.filtered += 1;
      return;
    }
    const { shape, lane, place } = route;
    this.#places.enter(place, shape.table.plan.source);
    place.ordinal += 1;
    if (this.#isLeftOut(lane, place, shape.table.plan)) return;
    const change = { shape, operation, bytes, before, beforeEnd, after, afterEnd, unchecked };
    this.#guarded(lane, () => {
      lane.change(change, () => this.#places.origin(change, lane.name, place));
    });
  }

  truncate(planned: PlanTable): void {
    const table = this.#tools.tables.get(planned.source);
    const lane = this.#lanes.get(planned.lane);
    if (table === undefined || lane === undefined) return;
    const place = this.#places.of(planned.source);
    place.ordinal += 1;
    if (this.#isLeftOut(lane, place, planned)) return;
    this.#guarded(lane, () => {
      lane.truncate(table, () => this.#places.emptied(planned, lane.name, place));
    });
  }

  awaits(): boolean {
    return this.#tools.lanes.some((lane) => lane.stopped === null && lane.settled.awaits);
  }

  endsUnseen(): void {
    for (const lane of this.#tools.lanes) this.#guarded(lane, () => lane.endsUnseen());
  }

  marker(lane: string, id: string, note: string): void {
    this.#lanes.get(lane)?.marker(id, note);
  }

  commit(position: () => Position): void {
    this.#places.end();
    for (const lane of this.#tools.lanes) this.#guarded(lane, () => lane.commit(position));
    this.#meet(position);
  }

  idle(position: () => Position): void {
    this.#places.end();
    for (const lane of this.#tools.lanes) this.#guarded(lane, () => lane.idle(position));
    this.#meet(position);
  }

  schemaChange(change: SchemaChange, position: () => Position): void {
    const { options, skips } = this.#tools;
    if (skips.has(change.at)) return;
    const met = change.tables.filter((name) => {
      const table = this.#tools.tables.get(name);
      if (table === undefined) return false;
      const lane = this.#lanes.get(table.plan.lane);
      const cut = options.cuts.get(name);
      if (lane === undefined || change.within(lane.settled.base)) return false;
      return cut === undefined || !change.within(cut);
    });
    const [table] = met;
    if (table === undefined) return;
    const lanes = met.flatMap((name) => this.#lanes.get(this.#tools.tables.get(name)?.plan.lane ?? "") ?? []);
    options.onEvent({ kind: "schema-change", change });
    const helper = helperIn(change.statement, [...this.#tools.tables.keys()]);
    const by = helper === null ? "" : `, by an online change (${helper.tool}, its table ${helper.name})`;
    const next = nextOf(table, change.adds, helper !== null);
    const statement = change.statement.replace(/\s+/g, " ").slice(0, 200);
    this.#close(
      {
        kind: "end",
        table,
        lanes: [...new Set(lanes)],
        fault: new Fault("schema-changed", `${met.join(", ")} at ${change.at}${by}: ${statement}`, {
          next,
          facts: { at: change.at, statement: change.statement, tables: met.join(" ") },
        }),
      },
      position,
    );
  }

  full(): boolean {
    return this.gate !== null || this.#tools.lanes.some((lane) => lane.full);
  }

  async drained(): Promise<void> {
    await this.#tools.bell.until(() => !this.full(), this.#tools.signal);
  }

  /** All lanes have met their joins before anything is read. */
  beginShut(): void {
    this.gate = { kind: "join" };
    for (const lane of this.#tools.lanes) lane.outgoing.held = true;
  }

  /** The gate's work is done: the feed goes on, unless something else has closed the gate meanwhile. */
  open(done: Gate): void {
    if (this.gate !== done) return;
    this.gate = null;
    for (const lane of this.#tools.lanes) {
      lane.outgoing.held = false;
      lane.flush();
    }
    this.#tools.bell.ring();
  }

  /**
   * With the last join everybody waits, at one position: what ties tables of two lanes holds nowhere else. Lanes that met
   * theirs in an earlier life may stand apart, and one that stands before a change is not there.
   */
  #meet(position: () => Position): void {
    const { all, lanes, joined, signal } = this.#tools;
    if (joined.built || this.gate !== null || signal.aborted || lanes.length < all.length) return;
    if (all.every((lane) => lane.settled.met && lane.settled.caughtUp(position)))
      this.#close({ kind: "join" }, position);
  }

  #close(gate: Gate, position: () => Position): void {
    if (this.gate?.kind === "end") return;
    this.gate = gate;
    for (const lane of this.#tools.lanes) {
      this.#guarded(lane, () => lane.closeAll(position));
      lane.outgoing.held = true;
    }
    this.#tools.bell.ring();
  }

  /** A change that a lane does not take, counted by its reason. */
  #isLeftOut(lane: Lane, place: Place, table: PlanTable): boolean {
    const { counters } = lane;
    counters.read += 1;
    if (lane.within) counters.skippedByPosition += 1;
    else if (place.cut) counters.skippedByCut += 1;
    else if (this.#isClosed(table)) counters.skippedById += 1;
    else if (this.#isSkipped(place, table)) {
      counters.skippedById += 1;
      const event = { lane: lane.name, table: table.source, id: this.#places.id(table, place) };
      this.#tools.options.onEvent({ kind: "skipped", ...event });
    } else {
      if (lane.loose && table.key === null && !this.#tools.options.cuts.has(table.source))
        this.#tools.fail(
          new Fault("bug", `${table.source} has no key and no exact cut: replay would not converge.`),
          null,
        );
      return false;
    }
    return true;
  }

  #isClosed({ source }: PlanTable): boolean {
    return this.#tools.options.closed?.().has(source) === true;
  }

  #isSkipped(place: Place, table: PlanTable): boolean {
    const { skips } = this.#tools;
    return skips.size > 0 && skips.has(this.#places.id(table, place));
  }

  #route(images: RowImages): Route | null {
    if (this.#last?.images === images) return this.#last.route;
    let route = this.#routes.get(images);
    if (route === undefined) {
      const name = images.table.source;
      const table = this.#tools.tables.get(name);
      const lane = this.#lanes.get(images.table.lane);
      if (table === undefined || lane === undefined) return null;
      route = { shape: new Shape(table, images), lane, place: this.#places.of(name) };
      this.#routes.set(images, route);
    }
    this.#last = { images, route };
    return route;
  }

  /** What goes wrong with a change ends the lane, and is not the feed's fault. */
  #guarded(lane: Lane, act: () => void): void {
    // What was refused once is not whole any more; it comes again.
    if (this.#tools.signal.aborted) return;
    try {
      act();
    } catch (error) {
      this.#tools.fail(error, lane);
    }
  }
}

/** How to go on past DDL. What an online change begins with leaves the table as it was, and what it ends with does not. */
function nextOf(table: string, adds: boolean, online: boolean): string {
  if (!adds) return recopying(table);
  return online
    ? `${amending} passes this statement, then headgate run; when the online change has ended, ${recopying(table)}`
    : amending;
}
