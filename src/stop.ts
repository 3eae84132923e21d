/**
 * How things end and when they are tried again. One AbortSignal tree reaches every room; a signal's reason is a
 * Fault, so whoever notices the abort throws the right sentence. The one retry policy is here too: only faults
 * that say of themselves that they pass are tried again, with growing, jittered pauses (p-retry).
 */
import { setMaxListeners } from "node:events";
import pRetry from "p-retry";
import { Fault } from "./errors.js";

/** Throws the signal's own Fault when it has been aborted. */
export function throwIfStopped(signal: AbortSignal): void {
  if (signal.aborted) throw stopReason(signal);
}

/** The Fault that an aborted signal carries. */
export function stopReason(signal: AbortSignal): Fault {
  return signal.reason instanceof Fault
    ? signal.reason
    : new Fault("interrupted", "Stopped before the work was done.", { cause: signal.reason });
}

/** Aborted with the first of them. As many may wait for it as like to: each lane has a few who do, and that is no leak. */
export function eitherOf(...signals: readonly AbortSignal[]): AbortSignal {
  const either = AbortSignal.any([...signals]);
  setMaxListeners(0, either);
  return either;
}

/** What `act` comes to, or the signal's fault, whichever is first; what is left behind then changes nothing that matters. */
export async function orStopped<T>(act: Promise<T>, signal: AbortSignal): Promise<T> {
  let stopped: () => void = () => undefined;
  const ended = new Promise<never>((_, reject) => {
    stopped = () => {
      reject(stopReason(signal));
    };
    signal.addEventListener("abort", stopped, { once: true });
    if (signal.aborted) stopped();
  });
  try {
    return await Promise.race([act, ended]);
  } finally {
    signal.removeEventListener("abort", stopped);
  }
}

/**
 * Throws what went wrong first. Where what is being used is let go of by the same loss that ended the work, the language tells
 * of the second fault, with the first one inside (SuppressedError, of which Node 20 knows the shape alone).
 */
export function throwFirst(error: unknown): never {
  throw error instanceof Error && error.name === "SuppressedError" && "suppressed" in error
    ? error.suppressed
    : error;
}

export interface RetryOptions {
  /** Further tries after the first. */
  readonly retries: number;
  /** Called before each further try, with the fault that made it necessary. */
  readonly onRetry: (fault: Fault, attempt: number) => void;
}

/**
 * Runs `act` again while it fails with a retriable Fault. Pauses start at 250 ms, double, and end at 10 s.
 * An abort ends the waiting at once with the signal's own Fault; any other error passes through untouched.
 */
export async function retry<T>(
  act: () => Promise<T>,
  signal: AbortSignal,
  options: RetryOptions,
): Promise<T> {
  try {
    return await pRetry(() => act().catch(throwFirst), {
      retries: options.retries,
      minTimeout: 250,
      maxTimeout: 10_000,
      factor: 2,
      randomize: true,
      signal,
      shouldRetry: ({ error }) => error instanceof Fault && error.retriable && !signal.aborted,
      onFailedAttempt: ({ error, attemptNumber }) => {
        if (error instanceof Fault && error.retriable && attemptNumber <= options.retries && !signal.aborted)
          options.onRetry(error, attemptNumber);
      },
    });
  } catch (error) {
    if (signal.aborted && !(error instanceof Fault)) throw stopReason(signal);
    throw error;
  }
}
