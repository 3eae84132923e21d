/**
 * The engine of the change stream. It reads a feed into lanes and applies them until it is stopped. All that a restart
 * needs is in the target: whatever fails in a way that passes is answered by opening feed and writers anew and going
 * on from the checkpoints, and a batch that one of its changes spoils is written again change by change.
 */
import { Fault } from "../errors.js";
import { retry, throwIfStopped } from "../stop.js";
import { Bell } from "./bell.js";
import { newCounters, sumOf } from "./counts.js";
import { Lane } from "./lane.js";
import type { Stream, StreamOptions } from "./options.js";
import { session } from "./session.js";
import { StreamTable } from "./table.js";

/** Further tries, ten seconds apart in the end: an hour without either server. A commit begins the count anew. */
const retries = 360;
const batchBytes = 8_388_608;

/** Nothing is read or written before `run`. Fault type-pair where a column has no codec. */
export function openStream(options: StreamOptions): Stream {
  const { plan, feed, cascades, now, onEvent } = options;
  const bell = new Bell();
  const tables = new Map(
    plan.tables.map((table) => [table.source, new StreamTable(table, plan, options.engine)]),
  );
  const lanes = plan.lanes.map((name) => {
    const start = options.starts.get(name);
    if (start === undefined) throw new Fault("bug", `Lane ${name} has no start.`);
    const join = options.joins.get(name) ?? null;
    const bytes = options.batchBytes ?? batchBytes;
    return new Lane(name, {
      feed,
      start,
      join,
      cascades,
      // May be changed while the stream runs.
      get batchRows() {
        return options.batchRows;
      },
      batchBytes: bytes,
      now,
      onEvent,
    });
  });
  const strays = newCounters();
  const joined = { built: false };
  let paused = false;
  const attempt = async (): Promise<void> => {
    const commits = (): number => lanes.reduce((sum, lane) => sum + lane.batches, 0);
    const before = commits();
    try {
      await session({ options, lanes, tables, strays, bell, isPaused: () => paused, joined });
    } catch (error) {
      throwIfStopped(options.signal);
      if (!(error instanceof Fault)) throw error;
      for (const lane of lanes) lane.stopped = error.message;
      // Its changes come again at once, one by one.
      if (lanes.some((lane) => lane.replayCause === error && lane.replaying > 0)) return;
      if (!error.retriable || commits() === before) throw error;
      onEvent({ kind: "retry", fault: error, attempt: 0 });
    }
  };
  return {
    async run(): Promise<never> {
      for (;;) {
        throwIfStopped(options.signal);
        await retry(attempt, options.signal, {
          retries,
          onRetry: (fault, number) => onEvent({ kind: "retry", fault, attempt: number }),
        });
      }
    },
    get lanes() {
      return lanes.map(({ status }) =>
        paused && status.stopped === null ? { ...status, stopped: "paused" } : status,
      );
    },
    get counts() {
      return sumOf([...lanes.map(({ counters }) => counters), strays]);
    },
    pause() {
      if (paused) return;
      paused = true;
      onEvent({ kind: "paused" });
    },
    resume() {
      if (!paused) return;
      paused = false;
      onEvent({ kind: "resumed" });
      bell.ring();
    },
    get paused() {
      return paused;
    },
  };
}
