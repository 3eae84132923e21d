/**
 * A few workers that live and end together: the first fault stops them all and is the one that is told; the rest,
 * which fail because they were stopped, say nothing of their own. Every worker has ended, with its connections,
 * when the pool's promise settles.
 */
import { Fault } from "../errors.js";
import { stopReason } from "../stop.js";

/** Runs each of `tasks` with a signal that is aborted when the caller's is, or when one of them fails. */
export async function together(
  tasks: readonly ((signal: AbortSignal) => Promise<void>)[],
  signal: AbortSignal,
): Promise<void> {
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  const failures: unknown[] = [];
  await Promise.all(
    tasks.map(async (task) => {
      try {
        await task(either);
      } catch (error) {
        failures.push(error);
        stop.abort(
          error instanceof Fault
            ? error
            : new Fault("bug", "A worker failed in a way nobody foresaw.", { cause: error }),
        );
      }
    }),
  );
  if (failures.length === 0) return;
  if (signal.aborted) throw stopReason(signal);
  throw failures[0];
}

/** A bell: those who found nothing to do wait for the next ring. */
export class Bell {
  #waiting: (() => void)[] = [];
  #rings = 0;

  /** Number of rings so far; read it before looking for work, hand it to `next`. */
  get rings(): number {
    return this.#rings;
  }

  ring(): void {
    this.#rings += 1;
    for (const wake of this.#waiting.splice(0)) wake();
  }

  /** Resolves at the first ring after `since`, at once when there was one; rejects when the signal is aborted. */
  async next(since: number, signal: AbortSignal): Promise<void> {
    if (this.#rings !== since) return;
    if (signal.aborted) throw stopReason(signal);
    await new Promise<void>((resolve, reject) => {
      const stopped = (): void => reject(stopReason(signal));
      signal.addEventListener("abort", stopped, { once: true });
      this.#waiting.push(() => {
        signal.removeEventListener("abort", stopped);
        resolve();
      });
    });
  }
}
