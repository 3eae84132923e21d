/**
 * Looks at the values of every table before anything is copied, a few tables at a time. Each look is a worker of the
 * source's host like one that copies, and holds one of its slots; where the host has none left, it waits and says so.
 * Findings come in table order, whatever finished first.
 */
import type { Finding, PlanTable } from "../model.js";
import type { Profiler, Sample, Source } from "../port.js";
import type { ThrottleLimits } from "../safety/throttle.js";
import { untilCalm } from "../safety/throttle.js";
import { throwIfStopped } from "../stop.js";
import { together } from "../safety/pool.js";

export interface LookOptions {
  /** Tables whose values are read at the same time. */
  readonly workers: number;
  /** Worker slots of the source's host, for all processes together. */
  readonly slots: number;
  /** null looks at every row. */
  readonly sample: Sample | null;
  readonly showValues: boolean;
  readonly throttle: ThrottleLimits | null;
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Told when the look has to wait, with the reason, and of each table that takes its time. */
  readonly onWait: (sentence: string) => void;
}

/** Rows from which on a table is named as its turn comes: nobody should have to ask whether anything happens. */
const large = 1_000_000;

/** Pause between two looks for a free worker slot on the source's host. */
const slotPause = 1000;

export async function lookAtValues(
  source: Pick<Source, "profiler">,
  tables: readonly PlanTable[],
  options: LookOptions,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const found: (readonly Finding[])[] = tables.map(() => []);
  let next = 0;
  const worker = async (stop: AbortSignal): Promise<void> => {
    await using profiler = await taken(source, options, stop, () => next < tables.length);
    if (profiler === null) return;
    for (;;) {
      throwIfStopped(stop);
      const at = next++;
      const table = tables[at];
      if (table === undefined) return;
      const pause = pauseOf(profiler, options, stop);
      await pause?.();
      const { sample, showValues, onWait } = options;
      if (table.estimatedRows >= large)
        onWait(
          `Looking at the values of ${table.source}, about ${table.estimatedRows.toLocaleString("en-US")} rows.`,
        );
      found[at] = await profiler.profile(table, { tables, sample, showValues, pause, signal: stop });
    }
  };
  await together(
    Array.from({ length: Math.min(options.workers, tables.length) }, () => worker),
    signal,
  );
  return found.flat();
}

function pauseOf(
  profiler: Profiler,
  { throttle, wait, onWait }: LookOptions,
  signal: AbortSignal,
): (() => Promise<void>) | null {
  if (throttle === null) return null;
  return () => untilCalm(() => profiler.load(), throttle, { signal, wait, onBusy: onWait });
}

/** A profiler with its slot; null when the others have done all the work before one was free. */
async function taken(
  source: Pick<Source, "profiler">,
  { slots, wait, onWait }: LookOptions,
  signal: AbortSignal,
  needed: () => boolean,
): Promise<Profiler | null> {
  for (let told = false; needed(); told = true) {
    const profiler = await source.profiler(slots);
    if (profiler !== null) return profiler;
    if (!told)
      onWait(`Waiting: all ${String(slots)} worker slots of the source's host are taken by other engines.`);
    await wait(slotPause, signal);
  }
  return null;
}
