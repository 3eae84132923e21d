/** What to do about tables that the log does not tell of exactly: each is copied again by a command of its own. */
import { recopying } from "../../../src/errors.js";

/** More tables are counted only. */
const mostTold = 20;

export function recopyEach(tables: readonly string[]): string {
  const told = tables.slice(0, mostTold).map(recopying);
  const rest = tables.length - told.length;
  return [...told, ...(rest === 0 ? [] : [`and so each of ${String(rest)} more`])].join("; ");
}
