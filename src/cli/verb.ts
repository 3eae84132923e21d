/** What every verb is given: the flags that all take, where to print, and the world outside. */
import type { Output } from "./output.js";
import type { Services } from "./services.js";

/** Options that every verb takes. */
export interface Flags {
  /** Path of the migration file, as it was passed. */
  readonly config: string;
  readonly json: boolean;
}

export interface VerbContext {
  readonly flags: Flags;
  readonly output: Output;
  readonly services: Services;
}
