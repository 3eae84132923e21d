/**
 * What a lane hands to the target: statement groups that are encoded, with what has to be known of them when they are
 * written, refused or committed. Types only.
 */
import type { Fault } from "../errors.js";
import type { Position } from "../model.js";
import type { PolicyCount, StatementGroup } from "../stream-port.js";
import type { PoisonEvent } from "./poison.js";

/** A change as it may have to be kept. */
export type Origin = Omit<PoisonEvent, "reason" | "sentence">;

/** One group, or why there is none; `origin` where each change has its own. */
export interface Step {
  readonly group: StatementGroup | Fault;
  readonly origin: Origin | null;
}

export interface Part {
  readonly steps: readonly Step[];
  /** It ends at a commit. */
  readonly last: boolean;
  /** Holds all of it and what came before; null unless it is the last one. */
  readonly position: Position | null;
  readonly joins: boolean;
  readonly events: number;
  readonly applied: number;
  readonly rows: number;
  readonly bytes: number;
  readonly transactions: number;
  /** Ids of the lane's markers in it. */
  readonly markers: readonly string[];
  /** Values that policies changed. */
  readonly policies: readonly PolicyCount[];
  /** The target has taken its bytes. */
  release(): void;
}
