/**
 * A source's CHECK in the target's words, where that is provably the same: src/translate knows the constructs and is
 * asked for proof only. Anything else is not translated, with the construct that stands in the way; the caller says so.
 */
import type { SourceEngine } from "../model.js";
import { type NotTranslated, jsonValidOf, translateCondition } from "../translate/view.js";
import type { DecidedTable } from "./columns.js";
import { plannedColumn } from "./planned-column.js";

/** SQL that means the same on the target, or what it uses that has no proven like. */
export function translateCheck(
  expression: string,
  table: DecidedTable,
  engine: SourceEngine,
): { readonly sql: string } | NotTranslated {
  return translateCondition({ sql: expression, engine, columns: table.decided.map(plannedColumn) });
}

/** The column of a check that only says that a text is JSON; null for any other check. */
export function jsonValidColumn(expression: string): string | null {
  return jsonValidOf(expression);
}
