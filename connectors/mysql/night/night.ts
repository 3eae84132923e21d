/**
 * What the night needs at the source, put together: fence, decision, markers, triggers, counters. Reads go over a
 * connection of their own; whatever changes something goes over the one that holds the fence's named lock.
 */
import type { SourceNight } from "../../../src/cutover-port.js";
import { Fault } from "../../../src/errors.js";
import type { SourceNightOptions } from "./way.js";

/** Logs in as the fence's account once, so that a wrong URL is told now. */
export async function openSourceNight(options: SourceNightOptions): Promise<SourceNight> {
  await Promise.resolve();
  throw new Fault("not-built-yet", `The fence ${options.way.method} is not built yet.`);
}
