/**
 * The governor: the one place where copy and stream wait. Whoever writes asks for its turn before each range and
 * each batch, and gets it when nobody has said pause, when replicas, latency and disk are within their limits, and
 * when the sleeps and the rate of the config are kept. It looks once a second; a limit that is passed stops the
 * next turn, and once it holds again the rate comes back in steps. It never gives up: a stream that waits is behind,
 * not broken, and status, metrics and log say by name what it waits for.
 */
import { Fault } from "../errors.js";
import { throwIfStopped } from "../stop.js";
import { Gauge } from "./pressure.js";
import type { Limits, Metric, Probe } from "./pressure.js";
import { Turns } from "./turns.js";
import type { Pacer } from "./turns.js";

/** What may be changed while it runs; null is no limit. */
export interface GovernorSettings extends Limits {
  /** Slept after each turn. */
  readonly sleepMs: number;
  /** Slept after each turn, as a share of the time that it took. */
  readonly sleepRatio: number;
  readonly maxRowsPerSecond: number | null;
}

export interface GovernorOptions {
  /** Asked anew each time: `set` changes them. */
  readonly settings: () => GovernorSettings;
  readonly probes: readonly Probe[];
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
  /** For the log: when a limit is passed, when it holds again, what cannot be told. */
  readonly onWord: (word: { readonly metric: Metric; readonly sentence: string }) => void;
}

export interface Governor extends AsyncDisposable {
  /** Turns of one who writes, one after the other. */
  pacer(): Pacer;
  /** One turn that neither sleeps nor waits for calm: a state, a marker. Only a pause holds it. */
  turn(signal: AbortSignal): Promise<Disposable>;
  /** Rows that were written, for the rate. */
  wrote(rows: number): void;
  /** No turn is given from here on. */
  pause(): void;
  resume(): void;
  /** Whether it is paused, and nobody works on a turn that was given before. */
  readonly held: "no" | "pausing" | "paused";
  /** What it waits for besides a pause, as a sentence; null when nothing. */
  readonly throttled: string | null;
}

/** Between two looks. */
const intervalMs = 1000;
/** A probe that takes longer has nothing to say. */
const probeMs = 10_000;
/** Shares of the full rate, a look each, after a limit held again. */
const steps = [1 / 8, 1 / 4, 1 / 2, 1] as const;

/** Takes the baseline of what has one, and looks from then on until it is disposed of. */
export async function openGovernor(options: GovernorOptions): Promise<Governor> {
  const { settings, now, wait, onWord } = options;
  const ended = new AbortController();
  const gauges = options.probes.map((probe) => new Gauge(probe));
  const unknown = new Set<Gauge>();
  /** What is over its limit now; empty when all is calm. */
  let over: readonly { readonly metric: Metric; readonly sentence: string }[] = [];
  /** Place in `steps`; -1 while something is over. */
  let step = steps.length - 1;
  const turns = new Turns({
    now,
    wait,
    settings,
    share: () => steps[step] ?? 0,
  });

  const read = async (probe: Probe): Promise<number | null> => {
    const answered = new AbortController();
    const late = wait(probeMs, AbortSignal.any([ended.signal, answered.signal])).then(
      () => null,
      () => null,
    );
    try {
      return await Promise.race([probe.read(), late]);
    } catch (error) {
      // A probe whose connection is gone says nothing; whoever works there will say why.
      if (!(error instanceof Fault)) throw error;
      return null;
    } finally {
      answered.abort(new Fault("interrupted", "The probe has answered."));
      await late;
    }
  };

  const look = async (): Promise<void> => {
    const limits = settings();
    const found: { metric: Metric; sentence: string }[] = [];
    for (const gauge of gauges) {
      const verdict = await gauge.look(limits, read);
      const { metric } = gauge.probe;
      if (verdict.kind === "over") found.push({ metric, sentence: verdict.sentence });
      if (verdict.kind !== "unknown") unknown.delete(gauge);
      else if (!unknown.has(gauge)) {
        unknown.add(gauge);
        onWord({ metric, sentence: verdict.sentence });
      }
    }
    for (const { metric, sentence } of found)
      if (!over.some((one) => one.metric === metric)) onWord({ metric, sentence: `waiting: ${sentence}` });
    for (const { metric } of over)
      if (!found.some((one) => one.metric === metric))
        onWord({ metric, sentence: "within its limit again: the rate comes back in steps" });
    over = found;
    if (found.length > 0) step = -1;
    else step = Math.min(step + 1, steps.length - 1);
    turns.wake();
  };

  const watch = async (): Promise<void> => {
    const stopped = (): boolean => ended.signal.aborted;
    while (!stopped()) {
      try {
        await wait(intervalMs, ended.signal);
      } catch (error) {
        if (stopped()) return;
        throw error;
      }
      await look();
    }
  };

  if (gauges.length > 0) await look();
  const watching = gauges.length > 0 ? turns.failWith(watch()) : Promise.resolve();
  return {
    pacer: () => turns.pacer(),
    turn: async (signal) => {
      throwIfStopped(signal);
      return await turns.turn(signal);
    },
    wrote: (rows) => turns.wrote(rows),
    pause: () => turns.pause(),
    resume: () => turns.resume(),
    get held() {
      return turns.held;
    },
    get throttled() {
      if (over.length > 0) return over.map(({ sentence }) => sentence).join("; ");
      const share = steps[step] ?? 1;
      return share === 1 ? null : `the rate comes back in steps, ${String(share * 100)} % now`;
    },
    [Symbol.asyncDispose]: async () => {
      ended.abort(new Fault("interrupted", "The engine has ended."));
      await watching;
    },
  };
}
