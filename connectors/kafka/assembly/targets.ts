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

  readonly #lower: boolean;

  /** `lower`: the server compares names without their case, and logs them in another one than the plan may have. */
  constructor(plan: Plan, lower: boolean) {
    this.#lower = lower;
    for (const table of plan.tables)
      this.#add(plan.database, table.source, (name) => ({ kind: "table", name, table }));
    for (const lane of plan.lanes)
      this.#add(markerDatabase, markerTableOf(lane), (name) => ({ kind: "marker", name, lane }));
  }

  of(database: string, table: string): RowTarget | null {
    return this.#byDatabase.get(this.key(database))?.get(this.key(table)) ?? null;
  }

  /** A name, of a table or `database.table`, as the targets' own names are spelt. */
  key(name: string): string {
    return this.#lower ? name.toLowerCase() : name;
  }

  /** By `database.table`, as a transaction's end counts them. */
  named(name: string): RowTarget | null {
    return this.#byName.get(this.key(name)) ?? null;
  }

  #add(database: string, table: string, make: (name: string) => RowTarget): void {
    const target = make(this.key(`${database}.${table}`));
    const tables = this.#byDatabase.get(this.key(database)) ?? new Map<string, RowTarget>();
    tables.set(this.key(table), target);
    this.#byDatabase.set(this.key(database), tables);
    this.#byName.set(target.name, target);
  }
}
