/**
 * Readers of each side and whoever compares, who need one another: the first that fails ends the others, also those
 * that wait for a side to be filled or taken from, so that no connection is still read from when the fault is told.
 */
import { together } from "../safety/pool.js";
import { stopReason } from "../stop.js";
import type { Side } from "./side.js";

export async function betweenSides(
  sides: readonly Side[],
  acts: readonly ((signal: AbortSignal) => Promise<void>)[],
  signal: AbortSignal,
): Promise<void> {
  const tasks = acts.map((act) => async (stop: AbortSignal): Promise<void> => {
    const end = (): void => {
      for (const side of sides) side.fail(stopReason(stop));
    };
    if (stop.aborted) end();
    stop.addEventListener("abort", end);
    try {
      await act(stop);
    } finally {
      stop.removeEventListener("abort", end);
    }
  });
  await together(tasks, signal);
}
