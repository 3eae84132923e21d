/**
 * One seeded corruption of a copied database, on either side, and what a comparison has to say of it. Nothing of ours
 * fires meanwhile: no trigger, no foreign key, no ON UPDATE. A row is taken once only, so that what is expected of it
 * stays so. What a unique key or a check refuses is tried at the next row, and at the next table.
 */
import type { Connection } from "mysql2/promise";
import type { Client } from "pg";
import type { Plan, PlanColumn, PlanTable } from "../../../src/model.js";
import type { Random } from "../../simulation/random.js";
import type { Kind, RowKind, Side, ValueKind } from "./kinds.js";
import type { Row, Rows } from "./rows.js";
import { SourceRows } from "./source-rows.js";
import { TargetRows } from "./target-rows.js";

export interface Expected {
  readonly kind: string;
  readonly table: string;
  /** As `verify` tells it; null in a table without a key. */
  readonly key: readonly string[] | null;
  readonly mismatch: "missing" | "extra" | "different";
  readonly columns: readonly string[];
}

/** Rows that are tried in a table before it is given up. */
const tries = 12;

export class Corrupter {
  readonly #plan: Plan;
  readonly #random: Random;
  readonly #sides: Readonly<Record<Side, Rows>>;
  readonly #only: string | null;
  /** Rows that something was done to. */
  readonly #taken = new Set<string>();
  /** Rows of tables without a key as they were: one that was changed is another row, and not to be taken again. */
  readonly #originals = new Map<string, ReadonlySet<string>>();

  /** `only`: a condition, in SQL of both sides, of the rows that may be taken. */
  constructor(plan: Plan, random: Random, source: Connection, target: Client, only: string | null = null) {
    this.#only = only;
    this.#plan = plan;
    this.#random = random;
    this.#sides = { source: new SourceRows(source), target: new TargetRows(target, plan.schema) };
  }

  /** What was done and is to be found; null where the kind fits no row here. */
  async corrupt(kind: Kind): Promise<readonly Expected[] | null> {
    const rows = this.#sides[kind.side];
    for (const table of this.#random.shuffled(this.#plan.tables)) {
      if ((kind.act === "copy") !== (table.key === null) && kind.act !== "value" && kind.act !== "delete")
        continue;
      if (!(await rows.mayChange(table))) continue;
      const expected =
        kind.act === "value" ? await this.#value(rows, table, kind) : await this.#row(rows, table, kind);
      if (expected !== null) return expected;
    }
    return null;
  }

  async #value(rows: Rows, table: PlanTable, kind: ValueKind): Promise<readonly Expected[] | null> {
    for (const column of this.#random.shuffled(table.columns)) {
      if (isKey(table, column) || column.column.generated !== null || !kind.fits(column)) continue;
      const c = rows.name(column);
      const where = kind.where?.(c) ?? `${c} IS NOT NULL`;
      for (const row of await this.#candidates(rows, table, where))
        if (await rows.update(table, row, column, kind.sql(c, column)))
          return this.#changed(table, row, kind, column);
    }
    return null;
  }

  async #row(rows: Rows, table: PlanTable, kind: RowKind): Promise<readonly Expected[] | null> {
    const candidates = await this.#candidates(rows, table, rows.anything);
    const here = kind.side === "target";
    const one = (
      key: Row["key"],
      mismatch: Expected["mismatch"],
      columns: readonly string[] = [],
    ): Expected => ({
      kind: kind.name,
      table: table.source,
      key: table.key === null ? null : key,
      mismatch,
      columns,
    });
    if (kind.act === "swap") return await this.#swap(rows, table, kind, candidates);
    for (const row of candidates) {
      if (kind.act === "delete") {
        if (!(await rows.remove(table, row))) continue;
        this.#take(table, row);
        return [one(row.key, here ? "missing" : "extra")];
      }
      if (kind.act === "reinsert") {
        const column = this.#random
          .shuffled(table.columns)
          .find((each) => !isKey(table, each) && each.nullable && each.column.generated === null);
        if (column === undefined || !(await rows.putBack(table, row, column))) continue;
        return this.#changed(table, row, kind, column);
      }
      if (kind.act === "copy") {
        if (!(await rows.copy(table, row))) continue;
        this.#take(table, row);
        return [one(row.key, "extra")];
      }
      const key = await rows.otherKey(table, row, kind.act);
      if (key === null) continue;
      this.#take(table, row);
      this.#taken.add(nameOf(table, { ...row, key }));
      const more = one(key, here ? "extra" : "missing");
      return kind.act === "insert" ? [more] : [one(row.key, here ? "missing" : "extra"), more];
    }
    return null;
  }

  /** The values that one column has in two rows change places. */
  async #swap(
    rows: Rows,
    table: PlanTable,
    kind: RowKind,
    candidates: readonly Row[],
  ): Promise<readonly Expected[] | null> {
    for (const column of this.#random.shuffled(table.columns)) {
      if (isKey(table, column) || column.column.generated !== null) continue;
      const [first, second] = candidates;
      if (first === undefined || second === undefined) return null;
      if (!(await rows.swap(table, first, second, column))) continue;
      return [...this.#changed(table, first, kind, column), ...this.#changed(table, second, kind, column)];
    }
    return null;
  }

  /** A row that has another value now; without a key it is another row. */
  #changed(table: PlanTable, row: Row, kind: Kind, column: PlanColumn): readonly Expected[] {
    this.#take(table, row);
    const some = { kind: kind.name, table: table.source };
    return table.key === null
      ? [
          { ...some, key: null, mismatch: "missing", columns: [] },
          { ...some, key: null, mismatch: "extra", columns: [] },
        ]
      : [{ ...some, key: row.key, mismatch: "different", columns: [column.source] }];
  }

  async #candidates(rows: Rows, table: PlanTable, where: string): Promise<readonly Row[]> {
    const some = this.#only === null ? where : `(${where}) AND (${this.#only})`;
    const found = await rows.some(table, some, this.#random.below(1_000_000), tries * 4);
    const original = table.key === null ? await this.#original(rows, table) : null;
    return found
      .map((row) => ({ row, name: nameOf(table, row) }))
      .filter(({ name }) => !this.#taken.has(name) && original?.has(name) !== false)
      .slice(0, tries)
      .map(({ row }) => row);
  }

  async #original(rows: Rows, table: PlanTable): Promise<ReadonlySet<string>> {
    const known = this.#originals.get(table.source);
    if (known !== undefined) return known;
    const found = await rows.some(table, rows.anything, 0, 1_000_000);
    const names = new Set(found.map((row) => nameOf(table, row)));
    this.#originals.set(table.source, names);
    return names;
  }

  #take(table: PlanTable, row: Row): void {
    this.#taken.add(nameOf(table, row));
  }
}

function isKey(table: PlanTable, column: PlanColumn): boolean {
  return table.key?.columns.includes(column.source) === true;
}

function nameOf(table: PlanTable, row: Row): string {
  return JSON.stringify([table.source, row.key]);
}
