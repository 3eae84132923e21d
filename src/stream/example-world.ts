/**
 * A log, a target and an engine between them, for tests of single situations: the log is a list, the target is tables in
 * memory, time passes only by being looked at. Whatever order things take by chance is the simulation's. Nothing but
 * tests imports this file.
 */
import { Fault } from "../errors.js";
import type { Plan, PlanTable, Position } from "../model.js";
import { stopReason } from "../stop.js";
import type { ChangeFeed, LaneWriter, PolicyCount, StatementGroup } from "../stream-port.js";
import type { StreamEvent } from "./event.js";
import { packetImages, packetOf, placesOf, valuesOf } from "./example-rows.js";
import type { Row } from "./example-rows.js";
import { applyChanges } from "./example-target.js";
import type { Stream, StreamOptions } from "./options.js";
import type { PoisonEvent } from "./poison.js";
import { openStream } from "./stream.js";

export type Entry =
  | {
      readonly changes: readonly {
        readonly table: string;
        readonly before: Row | null;
        readonly after: Row | null;
      }[];
    }
  | { readonly marker: { readonly lane: string; readonly id: string; readonly note: string } }
  | { readonly ddl: { readonly tables: readonly string[]; readonly statement: string } }
  /** The connection breaks here, once, inside of the transaction before. */
  | { readonly lost: true }
  /** The feed waits until the test lets it go on. */
  | { readonly gate: Promise<void> };

export const at = (count: number): Position => ({ kind: "file", file: "log", offset: String(count) });

/** Ids that a group touches, of tables whose key is one. */
export function idsOf(group: StatementGroup): number[] {
  if (group.kind !== "rows") return [];
  return group.changes.flatMap(({ table, touched }) =>
    valuesOf(table, placesOf(table, ["id"]), touched).map(([id]) => Number(id)),
  );
}

export interface WorldOptions extends Partial<StreamOptions> {
  readonly tables: readonly PlanTable[];
  readonly log: readonly Entry[];
  /** Throws where the target refuses a group. */
  readonly judge?: (group: StatementGroup, lane: string) => void;
  /** Makes its batches wait. */
  readonly governed?: (writer: LaneWriter, signal: AbortSignal) => LaneWriter;
  /** Throws where it refuses the batch at its commit. */
  readonly judgeCommit?: (lane: string) => void;
}

export class ExampleWorld {
  readonly rows = new Map<string, Map<string, Row>>();
  readonly checkpoints = new Map<string, { seq: bigint; position: Position | null }>();
  readonly events: StreamEvent[] = [];
  readonly kept: PoisonEvent[] = [];
  /** What the target was asked, in order. */
  readonly calls: string[] = [];
  /** What policies changed, as the commits were told. */
  readonly counted: PolicyCount[] = [];
  /** Groups of rows, as they were written: a table, the ids that it touched, and how strictly. */
  readonly written: { readonly table: string; readonly ids: readonly number[]; readonly strict: boolean }[] =
    [];
  readonly marks: string[] = [];
  /** Milliseconds that were waited for. */
  readonly waits: number[] = [];
  readonly stop = new AbortController();
  readonly stream: Stream;
  time = 0;
  /** Changes that the feed has handed over. */
  handed = 0;
  #lost = new Set<number>();
  readonly #options: WorldOptions;

  constructor(options: WorldOptions) {
    this.#options = options;
    const { tables } = options;
    const lanes = [...new Set(tables.map(({ lane }) => lane))];
    const plan: Plan = {
      version: 1,
      migration: "20261126_example",
      database: "d",
      schema: "public",
      fingerprint: "f",
      lanes,
      tables,
      before: [],
      after: [],
      findings: [],
    };
    for (const { source } of tables) this.rows.set(source, new Map());
    for (const lane of lanes) this.checkpoints.set(lane, { seq: 0n, position: null });
    const everywhere = (count: number): ReadonlyMap<string, Position> =>
      new Map(lanes.map((lane) => [lane, at(count)]));
    this.stream = openStream({
      feed: this.#feed(),
      plan,
      engine: "mysql",
      writer: async (lane, signal) => {
        const writer = this.#writer(lane);
        return options.governed?.(writer, signal) ?? writer;
      },
      starts: everywhere(0),
      // Joined from the first transaction on.
      joins: everywhere(0),
      cuts: new Map(),
      cascades: false,
      onJoined: async () => {
        this.calls.push("joined");
      },
      mark: async (lane) => {
        this.marks.push(lane);
        return `${lane} ${this.marks.length}`;
      },
      batchRows: 100,
      now: () => (this.time += 200),
      // No second heartbeat; what is shorter passes at once.
      wait: (milliseconds, signal) =>
        new Promise((resolve, reject) => {
          if (milliseconds < 1000) setImmediate(resolve);
          this.waits.push(milliseconds);
          if (signal.aborted) reject(stopReason(signal));
          signal.addEventListener("abort", () => reject(stopReason(signal)), { once: true });
        }),
      onEvent: (event) => this.events.push(event),
      keep: async (poison) => {
        this.kept.push(poison);
      },
      skips: new Set(),
      signal: this.stop.signal,
      ...options,
    });
  }

  /** Runs until the log's end is applied in these lanes, and returns why it ended; null when it was stopped there. */
  async run(lanes: readonly string[] = [...this.checkpoints.keys()]): Promise<Fault | null> {
    const level = new Fault("interrupted", "level");
    const end = this.#options.log.length;
    const running = this.stream.run().catch((error: unknown) => error);
    const watching = (async (): Promise<void> => {
      while (
        !this.stop.signal.aborted &&
        !lanes.every((lane) => Number(this.checkpoints.get(lane)?.position?.offset ?? -1) >= end)
      )
        await new Promise((resolve) => setImmediate(resolve));
      this.stop.abort(level);
    })();
    const ended = await running;
    this.stop.abort(level);
    await watching;
    if (ended === level) return null;
    if (ended instanceof Fault) return ended;
    throw ended;
  }

  texts(table: string): string[] {
    return [...(this.rows.get(table)?.values() ?? [])].map((row) => JSON.stringify(row)).sort();
  }

  told(kind: StreamEvent["kind"]): number {
    return this.events.filter((event) => event.kind === kind).length;
  }

  #feed(): ChangeFeed {
    const images = new Map(this.#options.tables.map((table) => [table.source, packetImages(table)]));
    return {
      read: async (from, sink, { signal }) => {
        let next = Math.min(...from.map(({ offset }) => Number(offset)));
        const ended = (): boolean => signal.aborted;
        while (!signal.aborted) {
          if (sink.full()) await sink.drained();
          const entry = this.#options.log[next];
          const number = next + 1;
          const within = ({ offset }: Position): boolean => number <= Number(offset);
          if (entry === undefined) {
            sink.idle(() => at(next));
            await new Promise((resolve) => setImmediate(resolve));
            continue;
          }
          if ("gate" in entry) {
            const going = { on: false };
            void entry.gate.then(() => (going.on = true));
            while (!going.on && !ended()) {
              sink.idle(() => at(next));
              await new Promise((resolve) => setImmediate(resolve));
              if (sink.full()) await sink.drained();
            }
            if (ended()) break;
          }
          if ("ddl" in entry) {
            sink.schemaChange({ ...entry.ddl, adds: false, at: `log:${number}`, within }, () =>
              at(number - 1),
            );
            if (sink.full()) await sink.drained();
          }
          sink.begin({ name: `log:${number}`, committedAt: null, within });
          if ("marker" in entry) sink.marker(entry.marker.lane, entry.marker.id, entry.marker.note);
          if ("changes" in entry) {
            const ends = this.#options.log[number];
            for (const { table, before, after } of entry.changes) {
              const shape = images.get(table);
              if (shape === undefined) throw new Error(`no ${table}`);
              const old = before === null ? Buffer.alloc(0) : packetOf(shape.table, before);
              const now = after === null ? Buffer.alloc(0) : packetOf(shape.table, after);
              const operation = before === null ? "insert" : after === null ? "delete" : "update";
              const bytes = Buffer.concat([old, now]);
              this.handed += 1;
              sink.change(shape, operation, bytes, 0, old.length, old.length, bytes.length);
              if (sink.full()) await sink.drained();
            }
            if (ends !== undefined && "lost" in ends && !this.#lost.has(number)) {
              this.#lost.add(number);
              // Long enough that what is closed is being written.
              for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
              throw new Fault("connection-lost", "the log's connection broke");
            }
          }
          sink.commit(() => at(number));
          next = number;
        }
        throw stopReason(signal);
      },
      holds: (later, earlier) => Number(later.offset) >= Number(earlier.offset),
      retention: async () => null,
      [Symbol.asyncDispose]: async () => undefined,
    };
  }

  #writer(lane: string): LaneWriter {
    const checkpoint = this.checkpoints.get(lane);
    if (checkpoint === undefined) throw new Error(`no lane ${lane}`);
    this.calls.push(`open ${lane}`);
    return {
      lane,
      checkpoint: async () => ({ ...checkpoint }),
      begin: async (seq) => {
        this.calls.push(`begin ${lane} ${seq}`);
        if (seq !== checkpoint.seq) throw new Fault("checkpoint-moved", `${checkpoint.seq}`);
        const own = new Map([...this.rows].map(([name, rows]) => [name, new Map(rows)]));
        return {
          write: async (group) => {
            this.calls.push(`write ${lane}`);
            this.#options.judge?.(group, lane);
            if (group.kind === "truncate") own.get(group.table.source)?.clear();
            if (group.kind !== "rows") return;
            for (const changes of group.changes) {
              const ids = idsOf({ ...group, changes: [changes] });
              this.written.push({ table: changes.table.source, ids, strict: group.strict });
              const rows = own.get(changes.table.source);
              if (rows === undefined) throw new Error(`no ${changes.table.source}`);
              applyChanges(changes, group.strict, rows, { unique: () => null, order: (steps) => steps });
            }
          },
          commit: async (position, policies = []) => {
            this.calls.push(`commit ${lane} ${position.offset}`);
            this.#options.judgeCommit?.(lane);
            this.counted.push(...policies);
            for (const { source, lane: its } of this.#options.tables)
              if (its === lane) this.rows.set(source, own.get(source) ?? new Map<string, Row>());
            checkpoint.seq = seq + 1n;
            checkpoint.position = position;
          },
          abort: async () => {
            this.calls.push(`abort ${lane}`);
          },
        };
      },
      [Symbol.asyncDispose]: async () => {
        this.calls.push(`close ${lane}`);
      },
    };
  }
}
