/**
 * Whether the pairs of source column and target type that a plan decided have a codec. The one place where planning
 * asks: a pair without one is refused when the plan is made, naming the supported types, and never during a copy.
 */
import type { PlanColumn, SourceEngine } from "../model.js";
import { codecOf } from "../typemap/compile.js";

/** Throws Fault type-pair for the first column without a codec. */
export function requirePairs(columns: readonly PlanColumn[], engine: SourceEngine): void {
  for (const column of columns) codecOf(column, engine);
}
