/**
 * The target's log before the switch (design.md, decision 13): the slot keeps it from `ready` on, and it is read all the
 * time. What our own stream has applied carries its origin and is left out, so whatever row comes is a foreign write on the
 * target: it is counted and blocks, until a comparison of the whole table that began after it has found nothing. Markers of ours have to come through: that is the canary. Nothing is applied here, as the
 * source's triggers are still there; in the soak the reverse stream goes on from what the slot has kept.
 */
import type { WayBack } from "../cutover-port.js";
import { Fault } from "../errors.js";
import type { Plan, Position } from "../model.js";
import { throwIfStopped } from "../stop.js";
import type { ChangeFeed, ChangeSink } from "../stream-port.js";

export interface WatchedWayBack {
  readonly wayBack: Pick<WayBack, "feed" | "mark" | "position">;
  /** As the way back goes by it. */
  readonly plan: Plan;
  readonly start: Position;
  /**
   * Where the reverse stream has a checkpoint: it is moved on before the server may throw away what was read, as that is where the
   * next soak reads from. null where it has none, and begins where the slot does.
   */
  readonly passed: ((position: Position) => Promise<void>) | null;
  readonly wait: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  readonly onWord: (sentence: string) => void;
}

const lookMs = 10;
const pauseMs = 500;
/** Between two moves of the checkpoint; each is a write at the source. */
const passedEveryMs = 5000;

export class WayBackWatch {
  readonly #options: WatchedWayBack;
  readonly #seen = new Set<string>();
  readonly #foreign = new Map<string, number>();
  /** Tables that somebody else has changed in their form: no comparison of rows settles that. */
  readonly #reshaped = new Set<string>();
  /** Why nothing is read; over only when something has come, if it is no more than that nothing was written. */
  #failure: Fault | null = null;
  /** A defect of ours, which no reading mends. */
  #broken: Fault | null = null;
  #keeps = false;
  #passing: Promise<void> | null = null;
  #reading = false;

  constructor(options: WatchedWayBack) {
    this.#options = options;
  }

  blocking(): readonly string[] {
    return [
      ...(this.#foreign.size + this.#reshaped.size > 0 ? ["foreign-writes"] : []),
      ...(this.#failure === null && this.#broken === null && this.#reading ? [] : ["no-way-back"]),
    ];
  }

  /** Goes on until the signal ends it; a fault that does not pass is kept, and blocks. */
  async run(signal: AbortSignal): Promise<void> {
    const { wayBack, plan } = this.#options;
    await using feed = await wayBack.feed(plan);
    let at = this.#options.start;
    const sink = this.#sink((position) => {
      at = position;
      this.#release(feed, position, signal);
    });
    try {
      await this.#read(feed, () => at, sink, signal);
    } finally {
      await this.#passing;
    }
  }

  /** What was read and is all our own need not be kept: else the target's log grows for as long as `ready` is waited in. */
  #release(feed: ChangeFeed, position: Position, signal: AbortSignal): void {
    const { passed, wait, onWord } = this.#options;
    if (this.#keeps || this.#foreign.size + this.#reshaped.size > 0) return;
    if (passed === null) {
      feed.confirm?.(position);
      return;
    }
    this.#passing ??= (async () => {
      try {
        await passed(position);
        feed.confirm?.(position);
      } catch (error) {
        if (!(error instanceof Fault))
          this.#broken = new Fault("bug", "The way back's checkpoint could not be moved.", { cause: error });
        else onWord(`the target's log is kept longer than it has to be: ${error.message}`);
      }
      try {
        await wait(passedEveryMs, signal);
      } catch (error) {
        if (!signal.aborted) throw error;
      }
      this.#passing = null;
    })();
  }

  async #read(feed: ChangeFeed, at: () => Position, sink: ChangeSink, signal: AbortSignal): Promise<void> {
    const { wait, onWord } = this.#options;
    for (;;) {
      throwIfStopped(signal);
      try {
        this.#reading = true;
        await feed.read([at()], sink, { untilEnd: false, signal });
      } catch (error) {
        throwIfStopped(signal);
        if (!(error instanceof Fault)) throw error;
        this.#failure = error;
        onWord(`the way back cannot be read: ${error.message}`);
        if (!error.retriable) return;
      }
      await wait(pauseMs, signal);
    }
  }

  /**
   * A marker that went into the target's log and came out of it, with nothing foreign before it. Resolves to a position
   * behind which nobody lets the server throw anything away: what applications write once they are let in is the reverse stream's.
   */
  async canary(signal: AbortSignal): Promise<Position> {
    this.#keeps = true;
    const end = await this.#options.wayBack.position();
    const id = await this.#options.wayBack.mark("canary");
    while (!this.#seen.delete(id)) {
      const failure = this.#broken ?? this.#failure;
      if (failure !== null) throw failure;
      await this.#options.wait(lookMs, signal);
    }
    this.demandNothingForeign();
    return end;
  }

  /**
   * For a comparison of everything that begins now: told which tables it found equal to the last row, it settles what was
   * foreign in them. A table that somebody wrote to meanwhile stays: that row may have been compared before it was written.
   */
  compares(): (equal: ReadonlySet<string>) => void {
    const before = new Map(this.#foreign);
    return (equal) => {
      for (const [table, rows] of before)
        if (equal.has(table) && this.#foreign.get(table) === rows) this.#foreign.delete(table);
    };
  }

  /** The cutover was not to be: what is read may go again. */
  goOn(): void {
    this.#keeps = false;
  }

  demandNothingForeign(): void {
    const tables = [
      ...[...this.#reshaped].map((table) => `${table} (its form)`),
      ...[...this.#foreign].map(([table, rows]) => `${table} (${String(rows)})`),
    ].slice(0, 5);
    if (tables.length === 0) return;
    throw new Fault(
      "cutover-aborted",
      `Somebody else has written on the target while only Headgate may: ${tables.join(", ")}.`,
      {
        next: "Find out who, then headgate verify --full, headgate repair, and headgate verify --full once more: what it finds equal is settled.",
      },
    );
  }

  #sink(committed: (position: Position) => void): ChangeSink {
    return {
      begin: () => undefined,
      wants: () => true,
      change: (images) => {
        this.#foreign.set(images.table.source, (this.#foreign.get(images.table.source) ?? 0) + 1);
      },
      truncate: (table) => {
        this.#foreign.set(table.source, (this.#foreign.get(table.source) ?? 0) + 1);
      },
      // The target's log has the rows of a prepared transaction at its commit.
      endsUnseen: () => undefined,
      marker: (_lane, id) => {
        this.#failure = null;
        this.#seen.add(id);
        if (this.#seen.size > 1000) this.#seen.clear();
      },
      commit: (position) => {
        this.#failure = null;
        committed(position());
      },
      schemaChange: ({ tables }) => {
        for (const table of tables) this.#reshaped.add(table);
      },
      idle: (position) => {
        this.#failure = null;
        committed(position());
      },
      full: () => false,
      drained: () => Promise.resolve(),
    };
  }
}
