/**
 * Acts that have to come through: the source that is to be opened again may be starting at that moment. A fault that passes
 * is met by trying again for a while; then it is told, and the same command goes on.
 */
import { Fault } from "../errors.js";

export interface Waiting {
  readonly now: () => number;
  readonly wait: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  /** A person, or the engine's end. What opens the source again does not listen to it. */
  readonly stop: AbortSignal;
}

const triesAtMost = 40;
const longestPauseMs = 2000;

export async function persisting<T>(
  { wait }: Pick<Waiting, "wait">,
  act: () => Promise<T>,
  { signal, atMost = triesAtMost }: { readonly signal?: AbortSignal; readonly atMost?: number } = {},
): Promise<T> {
  const stop = signal ?? new AbortController().signal;
  for (let tries = 1; ; tries += 1) {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof Fault) || !error.retriable || tries >= atMost || stop.aborted) throw error;
      await wait(Math.min(longestPauseMs, 50 * 2 ** Math.min(tries, 10)), stop);
    }
  }
}
