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
import { ofAnotherForm } from "./refusal.js";
import { session } from "./session.js";
import { codecCells, StreamTable } from "./table.js";

/** Further tries, ten seconds apart in the end: an hour without either server. A commit begins the count anew. */
const retries = 360;
/** Before the log is read again, where something was committed. */
const firstPauseMs = 250;
const batchBytes = 8_388_608;

/** Nothing is read or written before `run`. Fault type-pair where a column has no codec. */
export function openStream(options: StreamOptions): Stream {
  const { plan, feed, cascades, now, onEvent } = options;
  const bell = new Bell();
  const cellOf = options.cellOf ?? codecCells(options.engine);
  const tables = new Map(plan.tables.map((table) => [table.source, new StreamTable(table, plan, cellOf)]));
  const lanes = plan.lanes.map((name) => {
    const start = options.starts.get(name);
    if (start === undefined) throw new Fault("bug", `Lane ${name} has no start.`);
    const join = options.joins.get(name) ?? null;
    const bytes = options.batchBytes ?? batchBytes;
    return new Lane(name, {
      feed,
      start,
      startMarker: options.startMarkers?.get(name) ?? null,
      join,
      nothingCopied: options.nothingCopied === true,
      cascades,
      // May be changed while the stream runs.
      get batchRows() {
        return options.batchRows;
      },
      batchBytes: bytes,
      failedBatches: options.failedBatches,
      now,
      onEvent,
    });
  });
  const strays = newCounters();
  const joined = { built: false };
  const skips = new Set(options.skips);
  let paused = false;
  let again = new AbortController();
  /** Lanes that stood are tried again, from where they are, beside the others. */
  const goOn = (standing: readonly Lane[]): void => {
    for (const { trouble } of standing) trouble.again();
    if (standing.length > 0) again.abort(new Fault("interrupted", "The log is read again, for all lanes."));
    bell.ring();
  };
  const stand = async (lane: Lane, fault: Fault): Promise<void> => {
    lane.stand(fault.message);
    onEvent({ kind: "lane-stands", lane: lane.name, fault });
    await options.onStands?.(lane.name, fault);
  };
  const attempt = async (): Promise<void> => {
    const commits = (): number => lanes.reduce((sum, lane) => sum + lane.batches, 0);
    const before = commits();
    const going = lanes.filter(({ trouble }) => trouble.stands === null);
    if (going.length === 0) {
      await bell.until(() => lanes.some(({ trouble }) => trouble.stands === null), options.signal);
      return;
    }
    again = new AbortController();
    try {
      const { signal } = again;
      await session({
        options,
        lanes: going,
        all: lanes,
        again: signal,
        tables,
        strays,
        bell,
        isPaused: () => paused,
        joined,
        skips,
      });
    } catch (error) {
      throwIfStopped(options.signal);
      if (!(error instanceof Fault)) throw error;
      for (const lane of going) lane.stopped = error.message;
      // A log that tells of no DDL shows it by a row that has another form, which comes again each time that it is read.
      const told = options.waits === true && error.code === "schema-changed" ? ofAnotherForm(error) : error;
      if (told !== error) for (const { trouble } of going) trouble.stands ??= told;
      const standing = going.filter(({ trouble }) => trouble.stands !== null);
      for (const lane of standing) await stand(lane, lane.trouble.stands ?? told);
      if (standing.length === going.length && options.waits !== true) throw told;
      if (again.signal.aborted) return;
      // The others go on without it, or its changes come again at once, one by one.
      const blamed = ({ trouble }: Lane): boolean =>
        trouble.stands === told || (trouble.replayCause === error && trouble.replaying > 0);
      if (going.some(blamed)) return;
      if (!error.retriable || commits() === before) throw error;
      onEvent({ kind: "retry", fault: error, attempt: 0 });
      // Who commits something each time and is cut off each time asks both servers for everything anew.
      await options.wait(firstPauseMs, options.signal);
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
      const standing = lanes.filter(({ trouble }) => trouble.stands !== null);
      if (!paused && standing.length === 0) return;
      paused = false;
      onEvent({ kind: "resumed" });
      goOn(standing);
    },
    skip(event) {
      skips.add(event);
      goOn(lanes.filter(({ trouble }) => trouble.stands?.facts["id"] === event));
    },
    get standing() {
      return lanes.flatMap(({ trouble }) => trouble.stands ?? []);
    },
    get paused() {
      return paused;
    },
  };
}
