/**
 * One reading of the log: writers are opened, checkpoints asked for, and the feed is read from the lowest of them until
 * something ends it. Lanes, heartbeats, the clock of the batches and the gate live and end together; the first fault is
 * the one that is told.
 */
import { Fault } from "../errors.js";
import { eitherOf, stopReason } from "../stop.js";
import type { LaneWriter } from "../stream-port.js";
import { applyLane } from "./apply.js";
import type { Bell } from "./bell.js";
import type { Counters } from "./counts.js";
import { heartbeatMs } from "./lag.js";
import type { Lane } from "./lane.js";
import type { StreamOptions } from "./options.js";
import { isPoison } from "./refusal.js";
import { Sink } from "./sink.js";
import type { StreamTable } from "./table.js";

export interface SessionTools {
  readonly options: StreamOptions;
  /** Those that take part; others stand. */
  readonly lanes: readonly Lane[];
  readonly all: readonly Lane[];
  /** Aborted when it is to begin anew. */
  readonly again: AbortSignal;
  readonly tables: ReadonlyMap<string, StreamTable>;
  readonly strays: Counters;
  /** Rung when somebody pauses or resumes, too. */
  readonly bell: Bell;
  readonly isPaused: () => boolean;
  /** Whether what is built at the join is built in this run. */
  readonly joined: { built: boolean };
  readonly skips: ReadonlySet<string>;
}

/** Never resolves: throws what ended it, everything closed. */
export async function session(tools: SessionTools): Promise<never> {
  const { options, lanes, bell } = tools;
  const writers: LaneWriter[] = [];
  const stop = new AbortController();
  const signal = eitherOf(options.signal, tools.again, stop.signal);
  try {
    for (const lane of lanes) {
      const writer = await options.writer(lane.name, signal);
      writers.push(writer);
      const { seq, position } = await writer.checkpoint();
      lane.open(seq, position, bell);
    }
    await read(tools, writers, stop, signal);
  } finally {
    for (const writer of writers) await writer[Symbol.asyncDispose]();
  }
  throw new Fault("connection-lost", "The source's log ended, though more was asked for.");
}

async function read(
  tools: SessionTools,
  writers: readonly LaneWriter[],
  stop: AbortController,
  signal: AbortSignal,
): Promise<void> {
  const { options, lanes, bell, joined } = tools;
  const moment = options.moment ?? ((): undefined => undefined);
  const failures: unknown[] = [];
  const fail = (error: unknown, lane: Lane | null = null): void => {
    if (failures.length === 0 && lane !== null && error instanceof Fault && isPoison(error))
      lane.failed(error);
    failures.push(error);
    stop.abort(
      error instanceof Fault
        ? error
        : new Fault("bug", "The stream failed in a way nobody foresaw.", { cause: error }),
    );
    bell.ring();
  };
  const sink = new Sink({ ...tools, signal, fail });
  const marks = new Set<string>();
  const ready = async (stopped: AbortSignal): Promise<void> => {
    await bell.until(() => !tools.isPaused(), stopped);
    if (options.pace !== undefined) await options.pace(stopped);
    await bell.until(() => !tools.isPaused(), stopped);
  };
  const confirm = (): void => {
    const applied = tools.all.map(({ settled }) => settled.position ?? settled.base);
    // What every lane has, those that stand too.
    options.feed.confirm?.(applied.reduce((one, other) => (options.feed.holds(other, one) ? one : other)));
  };
  const apply = {
    ...{ options, bell, ready, marking: (lane: string) => marks.has(lane) },
    confirm: options.feed.confirm === undefined ? (): void => undefined : confirm,
  };
  /** What waits for the join can be built before anything is read: it stands already, or the lanes stand at one place. */
  const atOnce = (): boolean =>
    tools.all.every((lane) => lane.settled.met) &&
    (options.built === true ||
      (lanes.length === tools.all.length && lanes.every((one) => lanes.every((other) => isAt(one, other)))));
  const isAt = (one: Lane, other: Lane): boolean => options.feed.holds(one.settled.base, other.settled.base);
  /** Nothing is on its way; what a lane has that no position of the log holds yet is read again. */
  const still = (lane: Lane): boolean =>
    lane.outgoing.quiet || (sink.gate?.kind === "end" && lane.settled.behind);
  const gate = async (): Promise<void> => {
    if (!joined.built && atOnce()) sink.beginShut();
    for (;;) {
      await bell.until(() => sink.gate !== null && lanes.every(still), signal);
      const closed = sink.gate;
      if (closed === null) continue;
      if (closed.kind === "end") {
        const fault = (await options.advised?.(closed.fault, closed.table)) ?? closed.fault;
        for (const lane of closed.lanes) lane.trouble.stands = fault;
        throw fault;
      }
      if (!joined.built) {
        await bell.until(() => !tools.isPaused(), signal);
        await moment("join:reached");
        options.onEvent({ kind: "all-joined" });
        await options.onJoined();
        joined.built = true;
        options.onEvent({ kind: "going-on" });
        await moment("join:done");
      }
      sink.open(closed);
    }
  };
  const feed = async (): Promise<void> => {
    options.onEvent({
      kind: "opened",
      lanes: lanes.map(({ name, settled: { position } }) => ({ lane: name, position })),
    });
    await moment("feed:opened");
    const from = lanes.map((lane) => lane.settled.base);
    await options.feed.read(from, sink, { untilEnd: false, signal });
  };
  const tasks: (() => Promise<void>)[] = [
    gate,
    feed,
    () => clock(tools, signal, fail),
    ...lanes.flatMap((lane, index) => {
      const writer = writers[index];
      if (writer === undefined) throw new Fault("bug", `Lane ${lane.name} has no writer.`);
      return [
        (): Promise<void> => applyLane(lane, writer, apply, signal),
        (): Promise<void> => heartbeats(lane, tools, marks, signal),
      ];
    }),
  ];
  await Promise.all(
    tasks.map(async (task) => {
      try {
        await task();
        fail(new Fault("connection-lost", "The source's log ended, though more was asked for."));
      } catch (error) {
        fail(error);
      }
    }),
  );
  await moment("feed:lost");
  if (options.signal.aborted) throw stopReason(options.signal);
  throw failures[0];
}

/** Closes batches that nothing else closes. */
async function clock(
  { options, lanes, bell }: SessionTools,
  signal: AbortSignal,
  fail: (error: unknown, lane: Lane) => void,
): Promise<void> {
  let past = -1;
  for (;;) {
    const deadlines = lanes.flatMap(({ deadline }) =>
      deadline === null || deadline <= past ? [] : [deadline],
    );
    if (deadlines.length === 0) {
      await bell.next(signal);
      continue;
    }
    const first = Math.min(...deadlines);
    const rest = first - options.now();
    if (rest > 0) await options.wait(rest, signal);
    // A timer may be early.
    if (options.now() < first) continue;
    past = first;
    for (const lane of lanes)
      try {
        lane.flush();
      } catch (error) {
        // A change that cannot be read into the target's form is found when its batch closes, whoever closes it.
        fail(error, lane);
      }
  }
}

async function heartbeats(
  lane: Lane,
  { options, bell, isPaused }: SessionTools,
  marks: Set<string>,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    if (isPaused()) {
      lane.lag.rest();
      await bell.until(() => !isPaused(), signal);
    }
    marks.add(lane.name);
    try {
      lane.lag.sent(await options.mark(lane.name, "heartbeat"));
    } catch (error) {
      // The lag that grows tells it too; whether the log can still be read is the feed's to say.
      if (!(error instanceof Fault)) throw error;
      options.onEvent({ kind: "heartbeat-failed", lane: lane.name, fault: error });
    } finally {
      marks.delete(lane.name);
    }
    await options.wait(heartbeatMs, signal);
  }
}
