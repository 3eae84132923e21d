/**
 * A target in memory for the tests of the stream, as strict as PostgreSQL: rows by key, each change of a group on its
 * own and in an order of the test's choosing, unique values judged at each row. Nothing but tests imports this file.
 */
import { Fault } from "../errors.js";
import type { PlanTable } from "../model.js";
import type { TableChanges } from "../stream-port.js";
import { allColumns, keyOf, placesOf, sameRow, valuesOf } from "./example-rows.js";
import type { Row } from "./example-rows.js";

export interface TargetRules {
  /** What no two rows may have in common; null where a row has none. */
  readonly unique: (table: PlanTable, row: Row) => string | null;
  readonly order: (steps: readonly (() => void)[]) => readonly (() => void)[];
}

let keylessRows = 0;

/** Faults: divergence, constraint-refused; an Error where the group itself is malformed. */
export function applyChanges(
  changes: TableChanges,
  strict: boolean,
  rows: Map<string, Row>,
  { unique, order }: TargetRules,
): void {
  const { table } = changes;
  const all = allColumns(table);
  if (table.key === null) {
    for (const row of valuesOf(table, all, changes.deletes)) {
      const [found] = [...rows].find(([, one]) => sameRow(one, row)) ?? [];
      if (found === undefined)
        throw new Fault("divergence", `${table.source}: no row ${JSON.stringify(row)}`);
      rows.delete(found);
    }
    for (const row of valuesOf(table, all, changes.inserts)) rows.set(`row ${keylessRows++}`, row);
    return;
  }
  const keyPlaces = placesOf(table, table.key.columns);
  const touched = new Set(valuesOf(table, keyPlaces, changes.touched).map((key) => JSON.stringify(key)));
  const seen = new Set<string>();
  const once = (key: string): void => {
    if (seen.has(key)) throw new Error(`${table.source}: ${key} is twice in one group`);
    if (!touched.has(key)) throw new Error(`${table.source}: ${key} is not among the touched keys`);
    seen.add(key);
  };
  const judge = (key: string, row: Row): void => {
    const value = unique(table, row);
    if (value === null) return;
    for (const [other, one] of rows)
      if (other !== key && unique(table, one) === value)
        throw new Fault("constraint-refused", `${table.source}: ${value} is there twice`);
  };
  const steps: (() => void)[] = [];
  for (const key of valuesOf(table, keyPlaces, changes.deletes)) {
    const text = JSON.stringify(key);
    once(text);
    steps.push(() => {
      if (!rows.delete(text) && strict)
        throw new Fault("divergence", `${table.source}: ${text} is not there`);
    });
  }
  for (const [kind, tuples] of [
    ["update", changes.updates],
    ["insert", changes.inserts],
  ] as const)
    for (const row of valuesOf(table, all, tuples)) {
      const key = keyOf(table, row);
      once(key);
      steps.push(() => {
        if (strict && rows.has(key) !== (kind === "update"))
          throw new Fault("divergence", `${table.source}: ${kind} of ${key}`);
        judge(key, row);
        rows.set(key, row);
      });
    }
  for (const step of order(steps)) step();
}
