/**
 * What a snapshot tells while it goes on. Events carry counts, never a clock or a rate: whoever shows them knows
 * the time. `sent` counts rows and bytes as they leave for the target, before their range is committed; when the
 * range is rolled back, `undone` takes the same numbers away again.
 */
import type { Fault } from "../errors.js";

export type SnapshotEvent =
  | { readonly kind: "started"; readonly lane: string }
  | { readonly kind: "split"; readonly table: string; readonly ranges: number }
  | { readonly kind: "leased"; readonly table: string; readonly range: number; readonly worker: number }
  | { readonly kind: "sent"; readonly table: string; readonly rows: number; readonly bytes: number }
  | {
      readonly kind: "undone";
      readonly table: string;
      readonly range: number;
      readonly rows: number;
      readonly bytes: number;
    }
  | {
      readonly kind: "done";
      readonly table: string;
      readonly range: number;
      readonly rows: number;
      readonly bytes: number;
    }
  | { readonly kind: "joined"; readonly lane: string }
  | { readonly kind: "retry"; readonly what: string; readonly fault: Fault; readonly attempt: number }
  /** All worker slots of a host are taken, by this engine or another one. */
  | { readonly kind: "no-slot"; readonly host: "source" | "target"; readonly slots: number }
  | {
      readonly kind: "building";
      readonly name: string;
      readonly table: string | null;
      readonly statement: string;
    }
  | {
      /** `dropped`: the change stream must not meet it before the join. */
      readonly kind: "built" | "dropped";
      readonly name: string;
      readonly table: string | null;
      readonly statement: string;
    };

export type OnEvent = (event: SnapshotEvent) => void;
