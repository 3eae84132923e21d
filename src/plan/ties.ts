/**
 * Columns that foreign keys tie together. All columns of one tie hold the same values, so they need one type on the
 * target, and when one of them counts by AUTO_INCREMENT the whole tie must fit an identity's type. Looked at over
 * the whole catalogue, not only over the tables that travel, so that a plan for part of it gives the same types.
 */
import type { Catalogue, SourceForeignKey, SourceTable } from "../model.js";

export interface Ties {
  /** A name of the tie that the column belongs to, null when nothing ties it. */
  of(table: string, column: string): string | null;
  /** Whether the column is AUTO_INCREMENT or tied to one that is. */
  counts(table: string, column: string): boolean;
}

const at = (table: string, column: string): string => `${table}\0${column}`;

/** The table that a foreign key means; a server that folds names may spell it in another case. */
export function referenced(catalogue: Catalogue, key: SourceForeignKey): SourceTable | undefined {
  if (key.referencedDatabase !== null && key.referencedDatabase !== catalogue.database) return undefined;
  const wanted = key.referencedTable;
  return (
    catalogue.tables.find(({ name }) => name === wanted) ??
    catalogue.tables.find(({ name }) => name.toLowerCase() === wanted.toLowerCase())
  );
}

/** A column's name as its table spells it; servers compare column names without case, and foreign keys may differ. */
export function columnNamed(table: SourceTable, name: string): string | undefined {
  return (
    table.columns.find((column) => column.name === name)?.name ??
    table.columns.find((column) => column.name.toLowerCase() === name.toLowerCase())?.name
  );
}

/** Finds the ties of a catalogue. */
export function findTies(catalogue: Catalogue): Ties {
  const parent = new Map<string, string>();
  const root = (place: string): string => {
    let top = place;
    for (let up = parent.get(top); up !== undefined && up !== top; up = parent.get(top)) top = up;
    return top;
  };
  for (const table of catalogue.tables)
    for (const key of table.foreignKeys) {
      const other = referenced(catalogue, key);
      if (other === undefined) continue;
      for (const [place, name] of key.columns.entries()) {
        const column = columnNamed(table, name);
        const there = columnNamed(other, key.referencedColumns[place] ?? "");
        if (column === undefined || there === undefined) continue;
        const a = root(at(table.name, column));
        const b = root(at(other.name, there));
        parent.set(at(table.name, column), parent.get(at(table.name, column)) ?? a);
        parent.set(at(other.name, there), parent.get(at(other.name, there)) ?? b);
        if (a < b) parent.set(b, a);
        else parent.set(a, b);
      }
    }
  const counting = new Set(
    catalogue.tables.flatMap((table) =>
      table.columns
        .filter((column) => column.autoIncrement)
        .map((column) => root(at(table.name, column.name))),
    ),
  );
  return {
    of: (table, column) => (parent.has(at(table, column)) ? root(at(table, column)) : null),
    counts: (table, column) => counting.has(root(at(table, column))),
  };
}
