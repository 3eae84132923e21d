/**
 * The live migration: copied as always, then the source's log is applied from the noted start until both sides are
 * level, and on. What the log's old images must not meet is built at the join of all lanes, while they stand still
 * (design.md, decisions 3 and 5). Whoever starts it again anywhere goes on from the ledger.
 */
import { amending, Fault } from "../errors.js";
import type { CopyOptions } from "../migration.js";
import { copyRanges, phase } from "../migration.js";
import type { MigrationState } from "../model.js";
import type { LedgerView } from "../port.js";
import { buildAfter, isPastJoin, takeBack } from "../snapshot/build.js";
import type { ChangeFeed, LaneWriter, SchemaChange } from "../stream-port.js";
import { proveSource } from "../snapshot/lane.js";
import type { StreamEvent } from "../stream/event.js";
import type { Stream, StreamOptions } from "../stream/options.js";
import type { PoisonEvent } from "../stream/poison.js";
import { openStream } from "../stream/stream.js";
import type { Following } from "../verify/tools.js";
import { eitherOf, throwIfStopped } from "../stop.js";
import { advised } from "./advice.js";
import { buildAtJoin, gates, hasJoined, isBuilt, positions } from "./join.js";
import { Joined, stopped } from "./joined.js";
import { followingOf } from "./following.js";
import type { Verifier } from "./verifier.js";
import { logsCascades } from "./cascades.js";
import { NewTables } from "./new-tables.js";
import { blockingOf } from "./ready.js";
import { unendedOf } from "./unended.js";
import { additionReason } from "./schema-change.js";

/** How often it is looked whether the stream is level. */
const LOOK_MS = 200;
/** After so many looks it is asked whether XA transactions keep a lane from its join. */
const LOOKS_BETWEEN = 15;

export interface SyncOptions extends CopyOptions {
  /** `ready` ends when a cutover could start, `done` when the task is. */
  readonly until: "ready" | "stopped" | "done";
  /** Who proves what is on the target, given the stream that it waits for; without one nothing is verified. */
  readonly openVerifier?: (following: Following, joined: () => boolean) => Verifier;
  /** What is to be done once the lanes have joined, beside the stream. */
  readonly task?: (signal: AbortSignal) => Promise<void>;
  /** The source's log does not carry what foreign keys do. */
  readonly cascades: boolean;
  readonly openFeed: () => Promise<ChangeFeed>;
  /** Failed batches in a row that are in the way of `ready`; the stream's own figure where nothing is said. */
  readonly failedBatches?: number;
  /** Asked at each batch: it may be changed while the stream runs. */
  readonly batchRows: () => number;
  /** The lane's writer as the governor lets it write; `signal` ends its waits. */
  readonly governed: (writer: LaneWriter, signal: AbortSignal) => LaneWriter;
  readonly now: () => number;
  readonly keep: (poison: PoisonEvent) => Promise<void>;
  readonly pace?: StreamOptions["pace"];
  readonly streamMoment?: StreamOptions["moment"];
  /** What else keeps `ready` back; `level`: nothing of the others does. */
  readonly beside?: (level: boolean) => readonly string[];
  /** The stream, as soon as there is one: for those who steer it and look at it. */
  readonly onStream: (stream: Stream) => void;
  readonly onStreamEvent: (event: StreamEvent) => void;
  /** The source's catalogue could not be read, so nobody knows whether tables came: told once. */
  readonly onUnread?: (fault: Fault) => void;
  /** Called when what blocks `ready` has changed, or what nobody could judge and is left to the fence. */
  readonly onBlocking: (codes: readonly string[], unjudged: readonly string[]) => void;
}

/** How it ended: ready, or something is held back and nothing was built. It never resolves when it goes on until stopped. */
export type Synced = { readonly state: "ready" | "done" | "held"; readonly view: LedgerView };

export async function sync(options: SyncOptions): Promise<Synced> {
  const { ledger, signal } = options;
  const enter = async (state: MigrationState): Promise<void> => {
    await ledger.setState(state);
    options.onState(state);
  };
  await recut(options);
  if (!(await copyRanges(options, enter))) return { state: "held", view: await ledger.view() };
  if (!(await isBuilt(options, (statement) => !isPastJoin(statement)))) await enter("building");
  await phase(ledger, "build", async () => {
    await buildAfter(options, (statement) => !isPastJoin(statement));
    return { statements: options.plan.after.filter((statement) => !isPastJoin(statement)).length };
  });
  const view = await ledger.view();
  await proveSource(options.source, view.lanes);
  await options.source.prepareFeed(options.plan, signal);
  await using opened = await options.openFeed();
  const feed = askingFeed(options, opened);
  if (!view.lanes.every((lane) => hasJoined(feed, lane))) await takeBack(options);
  const built = await isBuilt(options, isPastJoin);
  await enter("streaming");
  const ended = new AbortController();
  /** DDL that the stream has met and does not pass. */
  const changes: SchemaChange[] = [];
  /** Why lanes stand, once that is on record: ending before it would leave nothing for a person to decide about. */
  const noted = new Set<Fault>();
  const joined = new Joined();
  const stream = openStream({
    feed,
    plan: options.plan,
    engine: options.engine,
    writer: async (lane, stop) => options.governed(await ledger.lane(lane), stop),
    starts: positions(view, "start"),
    startMarkers: new Map(
      view.lanes.flatMap(({ lane, start }) =>
        start === null ? [] : [[lane, { id: start.marker, note: start.note }] as const],
      ),
    ),
    joins: built ? positions(view, "join") : gates(options.plan, view, feed),
    built,
    cuts: new Map(view.tables.flatMap(({ table, cut }) => (cut === null ? [] : [[table, cut] as const]))),
    cascades: options.cascades,
    onJoined: async () => {
      await buildAtJoin(options);
      joined.tell();
    },
    mark: (lane, note) => options.source.mark(lane, note),
    get batchRows() {
      return options.batchRows();
    },
    ...(options.failedBatches === undefined ? {} : { failedBatches: options.failedBatches }),
    now: options.now,
    wait: options.wait,
    onEvent: (event) => {
      if (event.kind === "schema-change") changes.push(event.change);
      options.onStreamEvent(event);
    },
    keep: async (poison) => {
      await options.keep(poison);
      const { id, lane, table, reason, sentence } = poison;
      await ledger.quarantine({ event: id, lane, table, reason, sentence });
    },
    advised: (fault, table) => advised(fault, { made: options.plan, table, now: () => options.replan() }),
    onStands: async (_, fault) => {
      if (fault.code === "schema-changed") await noteSchemaChanges(options, changes.splice(0), fault);
      noted.add(fault);
    },
    skips: new Set(view.quarantine.flatMap(({ event, state }) => (state === "skipped" ? [event] : []))),
    signal: eitherOf(signal, ledger.lost, ended.signal),
    ...(options.pace === undefined ? {} : { pace: options.pace }),
    ...(options.streamMoment === undefined ? {} : { moment: options.streamMoment }),
  });
  options.onStream(stream);
  const why = async (act: Promise<void>): Promise<Error | null> =>
    act.then(
      () => null,
      (error: unknown) =>
        error instanceof Error ? error : new Fault("bug", "The stream failed.", { cause: error }),
    );
  const verifier = options.openVerifier?.(
    followingOf({
      ...options,
      lanes: () => stream.lanes,
      standing: () => stream.standing,
      holds: (later, earlier) => feed.holds(later, earlier),
    }),
    () => joined.built,
  );
  const all = eitherOf(signal, ledger.lost, ended.signal);
  const afterJoin = async (act: ((stop: AbortSignal) => Promise<void>) | undefined): Promise<void> => {
    await joined.wait(all);
    if (act === undefined) await stopped(all);
    else
      await act(all).catch((error: unknown) => {
        // What it was stopped in the middle of fails in its own way.
        throwIfStopped(all);
        throw error;
      });
  };
  const running = why(stream.run());
  const level = why(watch(options, { feed: opened, stream, joined, verifier, noted }, enter, ended.signal));
  // A task asks the verifier for what it wants: the verifier's own rounds are then in its way.
  const proving = why(afterJoin(options.task === undefined ? verifier?.run.bind(verifier) : undefined));
  const task = why(afterJoin(options.task));
  const first = await Promise.race([running, level, proving, task]);
  const enough = new Fault("interrupted", "The stream is level, as was asked for.");
  ended.abort(enough);
  if (first !== null) {
    await Promise.all([running, level, proving, task]);
    throw first;
  }
  // Whatever ended the stream beside our own word is a fault, even in the moment of being ready.
  for (const last of await Promise.all([running, level, proving, task]))
    if (last !== null && last !== enough) throw last;
  return { state: options.until === "done" ? "done" : "ready", view: await ledger.view() };
}

/** Asks, each time that the log is opened, whether it tells of foreign keys' actions as it did: a restart may have changed that. */
function askingFeed({ source, cascades }: SyncOptions, feed: ChangeFeed): ChangeFeed {
  return {
    read: async (from, sink, how) => {
      if (logsCascades(await source.facts()) === cascades)
        throw new Fault(
          "log-refused",
          `The source's innodb_native_foreign_keys has changed: what foreign keys do is ${cascades ? "" : "not "}in its log now, and was ${cascades ? "not " : ""}before.`,
          { next: "Set innodb_native_foreign_keys back, then headgate run." },
        );
      await feed.read(from, sink, how);
    },
    holds: (later, earlier) => feed.holds(later, earlier),
    retention: (position) => feed.retention(position),
    [Symbol.asyncDispose]: () => feed[Symbol.asyncDispose](),
  };
}

/** What the stream stands before is on record, so that somebody can let it pass. */
async function noteSchemaChanges(
  { ledger, plan: made }: SyncOptions,
  changes: readonly SchemaChange[],
  fault: Fault,
): Promise<void> {
  for (const { at, tables, adds } of changes) {
    const table = made.tables.find(({ source }) => tables.includes(source));
    if (table === undefined) continue;
    await ledger.quarantine({
      event: at,
      lane: table.lane,
      table: table.source,
      // What adds, where something else has followed it, is not passed by an amended plan.
      reason: adds && fault.next.startsWith(amending) ? additionReason : fault.code,
      sentence: fault.message,
    });
  }
}

/** An offline copy cuts no tied tables, as nothing follows it. With the log behind it they are copied again. */
async function recut(options: SyncOptions): Promise<void> {
  const { tables } = await options.ledger.view();
  const wrong = (options.tied ?? []).filter((set) => {
    const known = tables.filter(({ table, rangesDone }) => set.includes(table) && rangesDone > 0);
    return (
      known.some(({ cut }) => cut === null) || new Set(known.map(({ cut }) => JSON.stringify(cut))).size > 1
    );
  });
  if (wrong.length === 0) return;
  await takeBack(options);
  await options.ledger.reopen(wrong.flat());
}

/** A connection that is gone is asked again, and ends nothing. */
function leftForLater(error: unknown): readonly string[] {
  if (error instanceof Fault && error.retriable) return [];
  throw error;
}

/** Resolves when it is ready and that was asked for; rejects when the stream is gone. */
async function watch(
  options: SyncOptions,
  {
    feed,
    stream,
    joined,
    verifier,
    noted,
  }: {
    readonly feed: ChangeFeed;
    readonly stream: Stream;
    readonly joined: Joined;
    readonly verifier: Verifier | undefined;
    readonly noted: ReadonlySet<Fault>;
  },
  enter: (state: MigrationState) => Promise<void>,
  ended: AbortSignal,
): Promise<void> {
  const signal = AbortSignal.any([options.signal, options.ledger.lost, ended]);
  let [told, left] = ["?", ""];
  const newTables = new NewTables(options);
  const ask = unendedOf(options.source);
  let unended = false;
  const { failedBatches } = options;
  for (let looks = 1; ; looks++) {
    // Whoever waits for an end waits in vain for a lane that only a person sets going again.
    const stands =
      options.until === "stopped" ? undefined : stream.standing.find((fault) => noted.has(fault));
    if (stands !== undefined) throw stands;
    const others = [
      ...blockingOf(stream, { built: joined.built, unended, failedBatches }),
      ...(verifier?.blocking() ?? []),
      ...(feed.blocking?.() ?? []),
    ];
    const tables = await newTables.blocking(others.length === 0);
    const beside = options.beside?.(others.length + tables.length === 0) ?? [];
    const blocking = [...tables, ...others, ...beside];
    const now = blocking.join(" ");
    const unjudged = verifier?.unjudged ?? [];
    if (now !== told || (now === "" && unjudged.join(" ") !== left)) {
      const turned = (told === "") !== (now === "");
      [told, left] = [now, unjudged.join(" ")];
      // Told first: the ledger's word may have to wait for the end of a pause.
      options.onBlocking(blocking, unjudged);
      if (turned) await enter(now === "" ? "ready" : "streaming");
    }
    if (now === "" && options.until === "ready") return;
    await options.wait(LOOK_MS, signal);
    if (looks % LOOKS_BETWEEN === 0 && blocking.includes("catching-up"))
      unended = (await ask().catch(leftForLater)).length > 0;
  }
}
