/**
 * Progress while an engine runs: feeds the meter from the engine's events and shows it, as a block on a terminal,
 * a line every ten seconds on a pipe, or with --json the contract's `progress` events and one `checkpoint` for each
 * range that is committed.
 */
import type { MigrationState, Plan, PlanStatement } from "../model.js";
import type { LedgerView } from "../port.js";
import type { LaneStatus } from "../stream-port.js";
import type { SnapshotEvent } from "../snapshot/event.js";
import type { EngineStatus } from "../watch/engine-status.js";
import { eventsOf, lagOf } from "../watch/engine-status.js";
import { Meter } from "../watch/meter.js";
import type { Reading } from "../watch/meter.js";
import type { Screen } from "../watch/screen.js";
import { StreamMeter } from "../watch/stream-meter.js";
import { visible } from "../watch/visible.js";
import type { VerbContext } from "./verb.js";

const EVERY_MS = 500;
const JSON_EVERY_MS = 1000;

/** How much of a table's bytes a statement goes through, an index build being the measure. */
const share: Readonly<Record<PlanStatement["kind"], number>> = {
  primary: 1,
  unique: 1,
  index: 1,
  check: 0.3,
  validate: 0.3,
  analyze: 0.1,
  foreign: 0,
  schema: 0,
  collation: 0,
  table: 0,
  partition: 0,
  type: 0,
  comment: 0,
  sequence: 0,
  identity: 0,
  view: 0,
  trigger: 0,
};

export class Ticker {
  readonly #context: VerbContext;
  readonly #meter: Meter;
  readonly #screen: Screen;
  readonly #stream: StreamMeter;
  /** Work of each statement after the data, by its name: the bytes that it has to go through, and a little. */
  readonly #work: ReadonlyMap<string, number>;
  #state: MigrationState = "copying";
  #since: string | null = null;
  #waits: () => string | null = () => null;
  #note = "";
  #errors = 0;
  #lastEvent = -JSON_EVERY_MS;
  #lanes: () => readonly LaneStatus[] = () => [];

  constructor(context: VerbContext, screen: Screen, plan: Plan, earlier: LedgerView) {
    this.#context = context;
    this.#screen = screen;
    this.#meter = new Meter(context.services.now);
    this.#stream = new StreamMeter(context.services.now);
    for (const table of plan.tables)
      this.#meter.addTable(table.source, {
        estimatedRows: table.estimatedRows,
        estimatedBytes: table.estimatedBytes,
      });
    for (const table of earlier.tables)
      if (table.split)
        this.#meter.resume(table.table, table.ranges, table.rangesDone, table.rows, table.bytes);
    const bytes = new Map(plan.tables.map((table) => [table.target, table.estimatedBytes]));
    this.#work = new Map(
      plan.after.map((s) => [s.name, share[s.kind] * (bytes.get(s.table ?? "") ?? 0) + 1e5]),
    );
    const done = earlier.built.reduce((sum, name) => sum + (this.#work.get(name) ?? 0), 0);
    this.#meter.buildsPlanned(
      [...this.#work.values()].reduce((sum, work) => sum + work, 0),
      done,
    );
  }

  /** From now on lag and events are told from these. */
  follow(lanes: () => readonly LaneStatus[]): void {
    this.#lanes = lanes;
  }

  /** What it waits for, in front of every other note; null for nothing. */
  steered(waits: () => string | null): void {
    this.#waits = waits;
  }

  /** What the socket and the metrics tell of this engine. */
  facts(): Pick<EngineStatus, "state" | "since" | "reading" | "copied" | "errors" | "lanes"> {
    return {
      state: this.#state,
      since: this.#since,
      reading: this.#meter.read(),
      copied: this.#meter.copied(),
      errors: this.#errors,
      lanes: this.#lanes(),
    };
  }

  /** A fault that passed. */
  failed(sentence: string): void {
    this.#errors += 1;
    this.#note = visible(sentence);
  }

  state(state: MigrationState): void {
    this.#state = state;
    this.#since = this.#context.services.today().toISOString();
    this.#note = "";
    if (state === "building") this.#meter.buildStarted();
  }

  event(event: SnapshotEvent): void {
    switch (event.kind) {
      case "split":
        this.#meter.split(event.table, event.ranges);
        break;
      case "sent":
        this.#meter.sent(event.table, event.rows, event.bytes);
        break;
      case "done":
        this.#meter.rangeDone(event.table, event.rows, event.bytes);
        if (this.#context.output.json)
          this.#context.output.event("checkpoint", {
            table: event.table,
            range: event.range,
            rangeRows: event.rows,
            ...this.#figures(this.#meter.read()),
          });
        break;
      case "undone":
        this.#meter.rolledBack(event.table, event.rows, event.bytes);
        break;
      case "building":
        this.#note = visible(event.name);
        break;
      case "built":
        this.#meter.buildDone(this.#work.get(event.name) ?? 0);
        break;
      case "retry":
        this.failed(`${event.what} again: ${event.fault.message}`);
        break;
      case "no-slot":
        this.#note = `all ${String(event.slots)} worker slots of the ${event.host}'s host are taken`;
        break;
      case "dropped":
        this.#note = visible(`without ${event.name} until the join`);
        break;
      case "started":
      case "leased":
      case "joined":
        break;
    }
  }

  /** Its waits, and what was told last. */
  #shown(): string {
    const waits = this.#waits();
    return [...(waits === null ? [] : [visible(waits)]), ...(this.#note === "" ? [] : [this.#note])].join(
      "; ",
    );
  }

  /** The contract's fields of an event of `run`. */
  #figures(reading: Reading): Record<string, unknown> {
    return {
      state: this.#state,
      tables: reading.tables,
      rows: reading.rows,
      bytes: reading.bytes,
      rowsPerSecond: reading.rowsPerSecond,
      lagSeconds: lagOf(this.#lanes()),
      events: eventsOf(this.#lanes()),
      elapsedSeconds: reading.elapsedSeconds,
      etaSeconds: reading.etaSeconds,
      errors: this.#errors,
      waiting: this.#waits(),
      working: reading.working,
    };
  }

  /** Runs the engine with the screen beside it; the last reading is always shown. */
  async during<T>(act: () => Promise<T>): Promise<T> {
    const { services, output } = this.#context;
    const screen = this.#screen;
    const stop = new AbortController();
    const show = (): void => {
      const reading = this.#meter.read();
      if (!output.json) {
        screen.show(this.#state, reading, this.#shown(), this.#stream.read(this.#lanes()));
        return;
      }
      if (services.now() - this.#lastEvent < JSON_EVERY_MS) return;
      this.#lastEvent = services.now();
      output.event("progress", this.#figures(reading));
    };
    const ticking = this.#tick(show, stop.signal);
    try {
      return await act();
    } finally {
      stop.abort();
      await ticking;
      this.#lastEvent = -JSON_EVERY_MS;
      show();
      screen.done();
    }
  }

  async #tick(show: () => void, signal: AbortSignal): Promise<void> {
    const stopped = (): boolean => signal.aborted;
    while (!stopped()) {
      show();
      try {
        await this.#context.services.wait(EVERY_MS, signal);
      } catch (error) {
        // The wait ends by the abort that ends this loop; anything else is a real error.
        if (!stopped()) throw error;
      }
    }
  }
}
