/**
 * The config's part in a plan. A plan is a function of the source's catalogue and of this and of nothing else
 * (design.md, decision 17): no clock, no data, no file.
 */
import type { PolicyRule } from "../typemap/policy.js";
import type { Rule } from "../typemap/rule.js";

/** `one`, one lane per component of foreign keys, or tables (globs) listed by lane; what is in no list is in `main`. */
export type LaneRequest = "one" | "auto" | readonly (readonly string[])[];

export interface PlanRequest {
  readonly migration: string;
  /** The target's schema. */
  readonly schema: string;
  /** Globs on the source's table names. */
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  /** Source table to target table. */
  readonly rename: Readonly<Record<string, string>>;
  /** Source table to source column to target column. */
  readonly renameColumns?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly names: "keep" | "lower";
  /** Globs on TABLE and TABLE.COLUMN whose unusual names stay, as somebody has decided (override source-names). */
  readonly keptNames?: readonly string[];
  /** Globs on tables whose rows are copied though their engine does not keep them (override source-engines). */
  readonly takenEngines?: readonly string[];
  /** The user's type map rules, before the built-in ones. */
  readonly rules: readonly Rule[];
  readonly policies: readonly PolicyRule[];
  readonly lanes: LaneRequest;
  /** `flatten` where absent; `keep`, or globs of the tables that keep their partitions. */
  readonly partitions?: "flatten" | "keep" | readonly string[];
}
