/**
 * Rows of either side for somebody who corrupts them: found in a seeded order, changed one at a time, and only where
 * something changes indeed. No code of the product takes part, but for the plan that names what is where.
 */
import type { PlanColumn, PlanTable } from "../../../src/model.js";

export interface Row {
  /** The key's texts as `verify` spells them; of a table without a key its values. */
  readonly key: readonly string[];
  /** SQL that finds this row and no other. */
  readonly where: string;
}

/** Each answers false, or null, where nothing came of it. */
export interface Rows {
  /** A condition that holds of every row. */
  readonly anything: string;
  name(column: PlanColumn): string;
  mayChange(table: PlanTable): Promise<boolean>;
  some(table: PlanTable, where: string, seed: number, limit: number): Promise<readonly Row[]>;
  update(table: PlanTable, row: Row, column: PlanColumn, sql: string): Promise<boolean>;
  remove(table: PlanTable, row: Row): Promise<boolean>;
  /** Gives the row another key, or makes a copy with another key; that key. */
  otherKey(table: PlanTable, row: Row, act: "rekey" | "insert"): Promise<readonly string[] | null>;
  swap(table: PlanTable, first: Row, second: Row, column: PlanColumn): Promise<boolean>;
  /** Takes the row away and puts it back with this column NULL. */
  putBack(table: PlanTable, row: Row, column: PlanColumn): Promise<boolean>;
  /** The row once more, in a table without a key. */
  copy(table: PlanTable, row: Row): Promise<boolean>;
}

export function keyColumns(table: PlanTable): readonly PlanColumn[] {
  return (table.key?.columns ?? []).flatMap((name) => table.columns.filter(({ source }) => source === name));
}
