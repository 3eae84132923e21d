/**
 * Rows that ask for a parent which is not there, looked for where something may have made them so since foreign keys were
 * asked last: children that were touched, and children of parents whose key neither side has any more. Where a key's parents
 * are not named by their own key, or a table was looked at whole, all of its rows are asked. Both sides are equal by then, so
 * an orphan here is one of the source's too; but the target says of its keys that they hold.
 */
import { Fault } from "../errors.js";
import type { Plan, PlanForeignKey, PlanTable, SourceEngine } from "../model.js";
import type { TargetLook, TupleSink, Wanted } from "../verify-port.js";
import { keyTexts } from "./key-text.js";
import { unmatchedSql } from "./orphan-sql.js";
import { keyShape } from "./tuple.js";
import { tuplesOf } from "./tuples.js";

/** One foreign key that the target has, and its two tables. */
interface Tie {
  readonly table: PlanTable;
  readonly parent: PlanTable;
  readonly key: PlanForeignKey;
  /** The child as if its key were the columns that refer, in the order of the parent's key; null where that names no parent. */
  readonly byParent: PlanTable | null;
}

export interface FencedOrphans {
  readonly table: string;
  readonly foreignKey: string;
  readonly parent: string;
  /** One that two looks found counts once where it is listed, and of those beyond it may count twice. */
  readonly orphans: number;
  /** The first of them, by their own key in text; none of a table without a key. */
  readonly keys: readonly (readonly string[])[];
}

const shown = 100;

export class FencedChildren {
  readonly #plan: Plan;
  readonly #engine: SourceEngine;
  readonly #ties: readonly Tie[];
  /** All rows of these are to be asked. */
  readonly #whole = new Set<Tie>();
  readonly #found = new Map<Tie, { more: number; readonly keys: Map<string, readonly string[]> }>();

  /** `all`: of which keys all rows are asked, whatever was touched. */
  constructor(plan: Plan, engine: SourceEngine, all: (table: string, foreignKey: string) => boolean) {
    this.#plan = plan;
    this.#engine = engine;
    // Who keeps orphans by policy has said so; a key that the target does not have promises nothing there.
    this.#ties = plan.tables.flatMap((table) =>
      (table.foreignKeys ?? [])
        .filter(({ orphans }) => orphans === "refuse")
        .map((key) => tieOf(plan, table, key)),
    );
    for (const tie of this.#ties) if (all(tie.table.source, tie.key.name)) this.#whole.add(tie);
  }

  /** Foreign keys all of whose rows are asked. */
  get whole(): number {
    return this.#whole.size;
  }

  /** Whether all rows of this key are to be asked, as what was touched does not name them. */
  asksAll(table: string, foreignKey: string): boolean {
    return [...this.#whole].some((tie) => tie.table.source === table && tie.key.name === foreignKey);
  }

  /** These rows were compared; `absent` of them are on neither side. */
  async touched(
    look: TargetLook,
    table: PlanTable,
    keys: readonly Buffer[],
    absent: readonly Buffer[],
    signal: AbortSignal,
  ): Promise<void> {
    for (const tie of this.#ties) {
      if (tie.table === table && keys.length > 0)
        await this.#ask(look, tie, table, { kind: "keys", keys: tuplesOf(keys) }, signal);
      if (tie.parent !== table) continue;
      if (tie.byParent === null) this.#whole.add(tie);
      else if (absent.length > 0)
        await this.#ask(look, tie, tie.byParent, { kind: "keys", keys: tuplesOf(absent) }, signal);
    }
  }

  /** The table was looked at whole. */
  wholly(table: PlanTable): void {
    for (const tie of this.#ties) if (tie.table === table || tie.parent === table) this.#whole.add(tie);
  }

  /** Of the foreign keys all of whose rows are to be asked: one after the other. */
  async rest(look: TargetLook, signal: AbortSignal): Promise<void> {
    for (const tie of this.#whole) {
      this.#found.delete(tie);
      await this.#ask(look, tie, tie.table, { kind: "all" }, signal);
    }
  }

  get found(): readonly FencedOrphans[] {
    return [...this.#found].map(([{ table, parent, key }, { more, keys }]) => ({
      table: table.source,
      foreignKey: key.name,
      parent: parent.source,
      orphans: keys.size + more,
      keys: table.key === null ? [] : [...keys.values()],
    }));
  }

  async #ask(
    look: TargetLook,
    tie: Tie,
    asked: PlanTable,
    wanted: Wanted,
    signal: AbortSignal,
  ): Promise<void> {
    const { table, parent, key } = tie;
    const { places } = keyShape(table);
    const columns = places.length === 0 ? table.columns.map((_, place) => place) : places;
    const where = unmatchedSql(table, parent, key, this.#plan, "t");
    const sink: TupleSink = {
      tuple: (bytes, start, end) => {
        const found = this.#found.get(tie) ?? { more: 0, keys: new Map<string, readonly string[]>() };
        this.#found.set(tie, found);
        const text = table.key === null ? null : bytes.toString("latin1", start, end);
        if (text === null || (found.keys.size >= shown && !found.keys.has(text))) found.more += 1;
        else found.keys.set(text, keyTexts(table, this.#engine, Buffer.from(text, "latin1")));
      },
      full: () => false,
      drained: () => Promise.resolve(),
    };
    await look.read({ table: asked, columns, wanted, ordered: false, where }, sink, signal);
  }
}

function tieOf(plan: Plan, table: PlanTable, key: PlanForeignKey): Tie {
  const parent = plan.tables.find(({ source }) => source === key.referencedTable);
  if (parent === undefined)
    throw new Fault(
      "bug",
      `${key.name} of ${table.source} refers to ${key.referencedTable}, which does not travel.`,
    );
  return { table, parent, key, byParent: byParentOf(table, parent, key) };
}

/** A parent's key in the parent's bytes is the child's columns in the child's bytes only where both are of one type. */
function byParentOf(table: PlanTable, parent: PlanTable, key: PlanForeignKey): PlanTable | null {
  const names = parent.key?.columns ?? [];
  if (names.length === 0 || names.length !== key.referencedColumns.length) return null;
  const columns = names.map((name) => key.columns[key.referencedColumns.indexOf(name)] ?? null);
  const typeOf = ({ columns: all }: PlanTable, name: string | null): string | null =>
    all.find(({ source }) => source === name)?.targetType ?? null;
  const alike = columns.every((name, place) => {
    const type = typeOf(table, name);
    return type !== null && type === typeOf(parent, names[place] ?? null);
  });
  if (!alike) return null;
  const referring = columns.flatMap((name) => (name === null ? [] : [name]));
  return { ...table, key: { index: key.name, columns: referring, primary: false } };
}
