/**
 * What the rules of the translation need from around them: the recursion into operands, the names in scope, and
 * whether only proof counts. CHECKs, generated columns and defaults are strict: they will be run on values that
 * nobody compares. A view's rows are compared afterwards, so that its texts may go through ICU collations.
 */
import type { SourceEngine } from "../model.js";
import type { Value } from "./value.js";

/** Collations that a view's texts need on the target; each is created once. */
export type CollationName = "ai_ci" | "as_ci" | "as_cs" | "swedish_ci";

/** What a reader of the translation must know. */
export type Note =
  | "text-compared"
  | "spelling-any"
  | "text-sorted"
  | "text-cased"
  | "like-accents"
  | "concat-unordered"
  | "time-dependent"
  | "policy-changed";

export interface Surroundings {
  readonly engine: SourceEngine;
  readonly database: string;
  readonly strict: boolean;
  /** The target's schema, in which collations are made. */
  readonly schema: string;
  readonly collations: Set<CollationName>;
  readonly notes: Set<Note>;
}

export interface Translator {
  readonly around: Surroundings;
  value(node: unknown): Value;
  /** A subquery's SQL with its single output column. */
  subquery(node: unknown): { readonly sql: string; readonly output: Value };
  /** Whether a subquery returns any row. */
  exists(node: unknown): string;
  /** Translates an aggregate's argument; refuses aggregates where none can stand. */
  aggregated<T>(what: string, act: () => T): T;
}
