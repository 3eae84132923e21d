/** A table that travels, with what it and its columns are called on the target, and would be called if that could be. */
import type { SourceColumn, SourceTable } from "../model.js";

export interface NamedTable {
  readonly source: SourceTable;
  readonly target: string;
  /** What it would be called on the target if that could be: the config's name, else its own, folded or not. */
  readonly wanted: string;
  /** The columns that travel, in the source's order. */
  readonly columns: readonly SourceColumn[];
  /** Source column to target column. */
  readonly columnNames: ReadonlyMap<string, string>;
  /** The same for what they would be called. */
  readonly wantedColumns: ReadonlyMap<string, string>;
}
