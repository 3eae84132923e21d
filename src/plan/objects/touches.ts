/**
 * Which tables and columns a program's bare text names, by their spelling alone: an honest list of mentions, not a
 * data flow. Dynamic SQL hides its tables from it, and so does a table of another database.
 */
import type { SourceTable } from "../../model.js";
import { byCodeUnit } from "../order.js";

export interface Touches {
  readonly reads: readonly string[];
  /** Tables after INSERT INTO, UPDATE, DELETE FROM, REPLACE INTO, TRUNCATE. */
  readonly writes: readonly string[];
  /** `table.column` of the tables above; of its own table for a trigger's NEW and OLD. */
  readonly columns: readonly string[];
}

const writing =
  /\b(?:INSERT\s+(?:LOW_PRIORITY\s+|DELAYED\s+|HIGH_PRIORITY\s+)?(?:IGNORE\s+)?(?:INTO\s+)?|REPLACE\s+INTO\s+|UPDATE\s+(?:LOW_PRIORITY\s+)?(?:IGNORE\s+)?|DELETE\s+(?:LOW_PRIORITY\s+)?(?:QUICK\s+)?(?:IGNORE\s+)?FROM\s+|TRUNCATE\s+(?:TABLE\s+)?|INTO\s+)((?:`[^`]+`|[\w$\u0080-\uffff]+)(?:\s*\.\s*(?:`[^`]+`|[\w$\u0080-\uffff]+))?)/giu;

/** What `bare` names. `views` are named like tables. `own` is a trigger's table. */
export function touches(
  bare: string,
  tables: readonly SourceTable[],
  views: readonly string[],
  own: string | null,
): Touches {
  const words = new Set([...bare.matchAll(/`((?:[^`]|``)+)`|[\w$\u0080-\uffff]+/gu)].map(wordOf));
  const written = new Set([...bare.matchAll(writing)].map((match) => lastName(match[1] ?? "")));
  const named = (name: string): boolean => words.has(name.toLowerCase());
  const all = [...tables.map(({ name }) => name), ...views].filter((name) => named(name) || name === own);
  const writes = all.filter((name) => written.has(name.toLowerCase()));
  const rows = new Set(
    [...bare.matchAll(/\b(?:NEW|OLD)\s*\.\s*(`(?:[^`]|``)+`|[\w$]+)/giu)].map((match) =>
      lastName(match[1] ?? ""),
    ),
  );
  const columns = tables
    .filter(({ name }) => all.includes(name))
    .flatMap((table) =>
      table.columns
        .filter(({ name }) => (table.name === own ? rows.has(name.toLowerCase()) : named(name)))
        .map(({ name }) => `${table.name}.${name}`),
    );
  return {
    reads: all.filter((name) => !writes.includes(name) && name !== own).sort(byCodeUnit),
    writes: writes.sort(byCodeUnit),
    columns: columns.sort(byCodeUnit),
  };
}

function wordOf(match: RegExpMatchArray): string {
  return (match[1]?.replaceAll("``", "`") ?? match[0]).toLowerCase();
}

function lastName(dotted: string): string {
  const last = /(`(?:[^`]|``)+`|[\w$\u0080-\uffff]+)$/u.exec(dotted)?.[0] ?? dotted;
  return (last.startsWith("`") ? last.slice(1, -1).replaceAll("``", "`") : last).toLowerCase();
}
