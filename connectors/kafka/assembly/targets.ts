/** What the tables of records are to the feed: tables of the plan, marker tables of its lanes, or none of its business. */
import type { Plan, PlanTable } from "../../../src/model.js";
import { markerDatabase, markerTableOf } from "../topic-names.js";

export type RowTarget =
  | { readonly kind: "table"; readonly name: string; readonly table: PlanTable }
  | { readonly kind: "marker"; readonly name: string; readonly lane: string };

/** The table of a lane's markers, as a transaction's end counts it. */
export function markerNameOf(lane: string): string {
  return `${markerDatabase}.${markerTableOf(lane)}`;
}

export class RowTargets {
  readonly #byDatabase = new Map<string, Map<string, RowTarget>>();
  readonly #byName = new Map<string, RowTarget>();

  constructor(plan: Plan) {
    for (const table of plan.tables)
      this.#add(plan.database, table.source, (name) => ({ kind: "table", name, table }));
    for (const lane of plan.lanes)
      this.#add(markerDatabase, markerTableOf(lane), (name) => ({ kind: "marker", name, lane }));
  }

  of(database: string, table: string): RowTarget | null {
    return this.#byDatabase.get(database)?.get(table) ?? null;
  }

  /** By `database.table`, as a transaction's end counts them. */
  named(name: string): RowTarget | null {
    return this.#byName.get(name) ?? null;
  }

  #add(database: string, table: string, make: (name: string) => RowTarget): void {
    const target = make(`${database}.${table}`);
    const tables = this.#byDatabase.get(database) ?? new Map<string, RowTarget>();
    tables.set(table, target);
    this.#byDatabase.set(database, tables);
    this.#byName.set(target.name, target);
  }
}
