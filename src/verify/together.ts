/**
 * Acts that need one another: a reader of each side and whoever compares. The first that fails ends the others, which
 * are waited for, so that no connection is still read from when the fault is told.
 */
import { Fault } from "../errors.js";
import { stopReason } from "../stop.js";
import type { Side } from "./side.js";

export async function together(
  signal: AbortSignal,
  sides: readonly Side[],
  acts: readonly ((signal: AbortSignal) => Promise<void>)[],
): Promise<void> {
  const stop = new AbortController();
  const faults: Error[] = [];
  const end = (error: unknown): void => {
    const fault = error instanceof Error ? error : new Fault("bug", String(error));
    faults.push(fault);
    for (const side of sides) side.fail(fault);
    if (!stop.signal.aborted) stop.abort(fault);
  };
  const passOn = (): void => end(stopReason(signal));
  if (signal.aborted) passOn();
  signal.addEventListener("abort", passOn);
  try {
    await Promise.all(
      acts.map(async (act) => {
        try {
          await act(stop.signal);
        } catch (error) {
          end(error);
        }
      }),
    );
  } finally {
    signal.removeEventListener("abort", passOn);
  }
  const [first] = faults;
  if (first !== undefined) throw first;
}
