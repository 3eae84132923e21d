/**
 * The application that writes to the model's source: transactions of one to many changes that its constraints allow,
 * drawn by the seed from few keys and few values, so that they meet. What foreign keys do is done and not logged.
 */
import type { PlanTable } from "../../src/model.js";
import { keyOf, sameRow } from "../../src/stream/example-rows.js";
import type { Row } from "../../src/stream/example-rows.js";
import type { LoggedChange, ModelSource, State } from "./model-source.js";
import type { Random } from "./random.js";
import { uniqueValue } from "./world-tables.js";

const mails = ["a@x", "A@x", "b@x", "É@x", "e@x", null];

export class Writer {
  readonly #source: ModelSource;
  readonly #random: Random;
  readonly #tables: ReadonlyMap<string, PlanTable>;
  #state = new Map<string, Map<string, Row>>();
  #changes: LoggedChange[] = [];
  #rowId = 0;

  constructor(source: ModelSource, random: Random) {
    this.#source = source;
    this.#random = random;
    this.#tables = new Map(source.plan.tables.map((table) => [table.source, table]));
  }

  /** Commits one transaction, perhaps of nothing; `ends`: it is the one that was prepared there. */
  write(ends?: number): void {
    const random = this.#random;
    this.#state = copy(this.#source.state);
    this.#changes = [];
    const end = ends === undefined ? {} : { ends };
    if (ends === undefined && random.chance(0.03)) {
      const table = random.pick(["items", "journal", "names"]);
      this.#state.set(table, new Map());
      this.#source.commit({ changes: [], truncates: table, marker: null }, this.#state);
      return;
    }
    const size = random.chance(0.15) ? 10 : 1 + random.below(4);
    for (let turn = 0; turn < size; turn++) this.#change();
    // A transaction that is rolled back is in no log.
    if (ends === undefined && random.chance(0.05)) return;
    this.#source.commit({ changes: this.#changes, truncates: null, marker: null, ...end }, this.#state);
  }

  #change(): void {
    const random = this.#random;
    switch (random.below(8)) {
      case 0:
      case 1:
        this.#keyed("items", [
          random.below(5),
          random.chance(0.2) ? null : random.below(4),
          random.below(100),
        ]);
        return;
      case 2:
        this.#handOver("items", 1);
        return;
      case 3:
        this.#keyed("names", [
          random.pick(["x", "y", "zß"]),
          random.pick([1, "9223372036854775807", "-9007199254740993"]),
          random.pick(mails),
          random.below(100),
        ]);
        return;
      case 4:
        this.#handOver("names", 2);
        return;
      case 5:
        if (random.chance(0.5)) this.#keyed("parents", [random.below(3), random.below(100)]);
        else this.#keyed("notes", [random.below(3), this.#someId("children")]);
        return;
      case 6:
        this.#keyed("children", [random.below(4), this.#someId("parents"), random.below(100)]);
        return;
      default:
        this.#keyless();
    }
  }

  /** Inserts the row, or changes, moves or deletes one of the table. */
  #keyed(table: string, row: Row): void {
    const random = this.#random;
    const rows = [...(this.#state.get(table)?.values() ?? [])];
    if (rows.length === 0 || random.chance(0.35)) {
      this.#put(table, null, row);
      return;
    }
    const old = random.pick(rows);
    if (random.chance(0.35)) {
      this.#put(table, old, null);
      if (random.chance(0.4)) this.#put(table, null, random.chance(0.5) ? old : row);
    } else if (random.chance(0.3)) this.#put(table, old, row);
    else this.#put(table, old, [...old.slice(0, -1), row[row.length - 1] ?? null]);
  }

  /** A unique value goes from one row to another, or two rows swap theirs, or a row with it takes another key. */
  #handOver(table: string, place: number): void {
    const random = this.#random;
    const rows = [...(this.#state.get(table)?.values() ?? [])];
    if (rows.length < 2) return;
    const [one, other] = random.shuffled(rows);
    if (one === undefined || other === undefined) return;
    const having = (row: Row, value: Row[number]): Row => row.map((own, at) => (at === place ? value : own));
    const [first = null, second = null] = [one[place], other[place]];
    if (random.chance(0.4)) {
      this.#put(table, one, null);
      this.#put(table, other, having(other, first));
      if (random.chance(0.5)) this.#put(table, null, having(one, second));
      return;
    }
    this.#put(table, one, having(one, null));
    this.#put(table, other, having(other, first));
    if (random.chance(0.7)) this.#put(table, having(one, null), having(one, second));
  }

  #keyless(): void {
    const random = this.#random;
    const rows = [...(this.#state.get("journal")?.entries() ?? [])];
    const row = [random.below(2), random.pick(["p", "q"])];
    const journal = this.#state.get("journal");
    if (journal === undefined) return;
    if (rows.length === 0 || random.chance(0.5)) {
      journal.set(`new ${this.#source.log.length} ${this.#rowId++}`, row);
      this.#changes.push({ table: "journal", before: null, after: row });
      return;
    }
    const [id, old] = random.pick(rows);
    if (random.chance(0.5)) {
      journal.delete(id);
      this.#changes.push({ table: "journal", before: old, after: null });
    } else {
      journal.set(id, row);
      this.#changes.push({ table: "journal", before: old, after: row });
    }
  }

  #someId(table: string): Row[number] {
    const rows = [...(this.#state.get(table)?.values() ?? [])];
    return rows.length === 0 ? null : (this.#random.pick(rows)[0] ?? null);
  }

  /** One logged change where the constraints allow it. */
  #put(name: string, before: Row | null, after: Row | null): void {
    const rows = this.#state.get(name);
    const table = this.#tables.get(name);
    if (rows === undefined || table === undefined) return;
    const oldKey = before === null ? null : keyOf(table, before);
    const there = oldKey === null ? undefined : rows.get(oldKey);
    if (before !== null && (there === undefined || !sameRow(there, before))) return;
    if (after !== null) {
      const key = keyOf(table, after);
      if (key !== oldKey && rows.has(key)) return;
      const unique = uniqueValue(name, after);
      if (unique !== null)
        for (const [otherKey, other] of rows)
          if (otherKey !== oldKey && uniqueValue(name, other) === unique) return;
      if (before !== null && sameRow(before, after)) return;
    }
    if (oldKey !== null) rows.delete(oldKey);
    if (after !== null) rows.set(keyOf(table, after), after);
    this.#changes.push({ table: name, before, after });
    if (before !== null && before[0] !== after?.[0])
      act(this.#state, name, before[0] ?? null, after?.[0] ?? null);
  }
}

/** What foreign keys do when a referenced id goes (`now` is null) or becomes another. */
export function act(
  state: ReadonlyMap<string, Map<string, Row>>,
  parent: string,
  old: Row[number],
  now: Row[number],
): void {
  const children = parent === "parents" ? "children" : parent === "children" ? "notes" : null;
  if (children === null) return;
  const rows = state.get(children);
  if (rows === undefined) return;
  for (const [key, row] of [...rows]) {
    if (row[1] !== old) continue;
    if (now === null && children === "children") {
      rows.delete(key);
      act(state, children, row[0] ?? null, null);
    } else
      rows.set(
        key,
        row.map((value, at) => (at === 1 ? now : value)),
      );
  }
}

function copy(state: State): Map<string, Map<string, Row>> {
  return new Map([...state].map(([name, rows]) => [name, new Map(rows)]));
}
