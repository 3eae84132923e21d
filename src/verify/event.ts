/** What a verification tells while it goes on: counts, never a clock. */
import type { Fault } from "../errors.js";
import type { NoSlot } from "../safety/slot.js";
import type { RangeProof, VerifyScope } from "../verify-port.js";

export type VerifyEvent =
  | NoSlot
  /** `resumed`: ranges that an earlier engine had compared for the same verification. */
  | { readonly kind: "begun"; readonly run: string; readonly scope: VerifyScope; readonly resumed: number }
  /** These tables are compared whole. */
  | { readonly kind: "whole"; readonly tables: readonly string[] }
  /** `done` of them, with so many rows of the source, were compared before this engine. */
  | {
      readonly kind: "split";
      readonly table: string;
      readonly ranges: number;
      readonly done: number;
      readonly rows: number;
    }
  | { readonly kind: "compared"; readonly proof: RangeProof }
  | { readonly kind: "suspects"; readonly table: string; readonly count: number }
  /** Touched keys of a table that were compared again. */
  | { readonly kind: "keys"; readonly table: string; readonly keys: number }
  /** How a look at suspects ended: equal after all, accused, or touched again. */
  | {
      readonly kind: "rechecked";
      readonly table: string;
      readonly equal: number;
      readonly different: number;
      readonly touched: number;
    }
  | { readonly kind: "retry"; readonly what: string; readonly fault: Fault; readonly attempt: number };
