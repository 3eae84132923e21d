/**
 * The two halves of the target's DDL as they are gathered. A statement's name is what the ledger records when it is
 * built, so names must be unique in the plan and the same every time: kind, table, object, all in target names.
 */
import type { CreatedName, PlanStatement } from "../model.js";

export interface NewStatement {
  readonly kind: PlanStatement["kind"];
  /** Target table, null for what belongs to none. */
  readonly table: string | null;
  /** The object's own name where the table's is not enough. */
  readonly object?: string;
  readonly sql: string;
  /** Of a table: without its columns' defaults, and these by column. */
  readonly bare?: string;
  readonly defaults?: Readonly<Record<string, string>>;
  /** Of a VALIDATE: the query that names the rows in its way. */
  readonly violations?: string;
  readonly creates?: readonly CreatedName[];
  readonly duplicate?: string;
  readonly undo?: string;
  readonly drop?: string;
  /** Source columns for which it holds SQL of headgate.yaml. */
  readonly own?: readonly string[];
}

export interface Statements {
  /** Gives the statement's name. */
  add(statement: NewStatement): string;
  readonly list: readonly PlanStatement[];
}

/** An empty half. `taken` holds the names of the other half. */
export function collectStatements(schema: string, taken: Set<string>): Statements {
  const list: PlanStatement[] = [];
  return {
    list,
    add({ kind, table, object, ...rest }) {
      const base = [
        kind,
        table === null ? schema : `${schema}.${table}`,
        ...(object === undefined ? [] : [object]),
      ];
      let name = base.join(" ");
      // Names may hold blanks and dots, so two different objects can read alike; the later one is numbered.
      for (let number = 2; taken.has(name); number += 1) name = `${base.join(" ")} #${String(number)}`;
      taken.add(name);
      list.push({ name, kind, table, ...rest });
      return name;
    },
  };
}
