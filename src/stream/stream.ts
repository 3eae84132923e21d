/** The engine of the change stream: reads a feed into lanes, applies them, and stays level until it is stopped. */
import { Fault } from "../errors.js";
import type { Stream, StreamOptions } from "./options.js";

/** Nothing is read or written before `run`. */
export function openStream(options: StreamOptions): Stream {
  throw new Fault("not-built-yet", `The stream of ${options.plan.migration} is not built yet.`);
}
