/**
 * The batch that a lane fills: changes go into the folds of the present statement group, and a group ends where the
 * next change could not be applied in one go with it: past the join, where a key's row takes a unique value that
 * another one has given up, or comes where one is; behind a foreign key's action that the log does not carry; before
 * and behind a TRUNCATE. One by one, each change is a group of its own, and knows what it was. What is encoded is
 * handed over as a part; a transaction larger than a batch has several.
 */
import { Fault } from "../errors.js";
import type { Position } from "../model.js";
import type { TableChanges } from "../stream-port.js";
import { Actions } from "./actions.js";
import { KeyedFold, KeylessFold } from "./fold.js";
import type { Change } from "./change.js";
import { keyIn } from "./key.js";
import type { Key } from "./key.js";
import type { Origin, Part, Step } from "./part.js";
import type { Projection } from "./projection.js";
import { Store } from "./store.js";
import type { Shape, StreamTable } from "./table.js";

export interface FillingOptions {
  readonly lane: string;
  readonly cascades: boolean;
}

export class Filling {
  /** Past the join. */
  strict = false;
  /** Each change is a group. */
  singly = false;
  events = 0;
  transactions = 0;
  readonly markers: string[] = [];
  readonly #options: FillingOptions;
  readonly #keyed = new Map<StreamTable, KeyedFold>();
  readonly #keyless = new Map<StreamTable, KeylessFold>();
  /** Folds that have something, in the order in which the group met them. */
  readonly #open = new Set<StreamTable>();
  /** Tables of the groups since the last part. */
  readonly #written = new Set<StreamTable>();
  readonly #images = new Store();
  #tuples = new Store();
  #steps: Step[] = [];
  #applied = 0;
  #rows = 0;
  /** Actions of the group's last changes. */
  #actions: Actions | null = null;

  constructor(options: FillingOptions) {
    this.#options = options;
  }

  get bytes(): number {
    let keyless = 0;
    if (this.#keyless.size > 0) for (const fold of this.#keyless.values()) keyless += fold.used;
    return this.#images.used + this.#tuples.used + keyless;
  }

  get empty(): boolean {
    return this.events === 0 && this.markers.length === 0;
  }

  /** One change; `origin` is asked for only where each change is a group. Fault value-refused. */
  change(change: Change, origin: () => Origin): void {
    this.events++;
    if (!this.singly) {
      this.#put(change);
      return;
    }
    const from = this.#steps.length;
    try {
      this.#put(change);
      this.#endGroup();
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      this.#dropGroup();
      this.#steps.length = from;
      this.#steps.push({ group: error, origin: origin() });
      return;
    }
    for (let index = from; index < this.#steps.length; index++) {
      const step = this.#steps[index];
      if (step !== undefined) this.#steps[index] = { group: step.group, origin: origin() };
    }
  }

  truncate(table: StreamTable, origin: () => Origin): void {
    this.events++;
    this.#applied++;
    this.#endGroup();
    this.#steps.push({
      group: { kind: "truncate", table: table.plan },
      origin: this.singly ? origin() : null,
    });
  }

  /** Hands over what there is and begins anew. Fault value-refused. */
  close(end: { readonly position: Position; readonly joins: boolean } | null): Part {
    this.#endGroup();
    const tuples = this.#tuples;
    const part: Part = {
      steps: this.#steps,
      last: end !== null,
      position: end?.position ?? null,
      joins: end?.joins ?? false,
      events: this.events,
      applied: this.#applied,
      rows: this.#rows,
      bytes: tuples.used,
      transactions: this.transactions,
      markers: [...this.markers],
      policies: [...this.#written].flatMap((table) => table.row.takeChanged()),
      release: () => tuples.release(),
    };
    this.#tuples = new Store();
    this.#steps = [];
    this.#written.clear();
    this.#applied = 0;
    this.#rows = 0;
    this.events = 0;
    this.transactions = 0;
    this.markers.length = 0;
    return part;
  }

  /** Throws everything away. */
  drop(): void {
    for (const table of [...this.#written, ...this.#open]) table.row.takeChanged();
    this.#dropGroup();
    this.#tuples.release();
  }

  #put(change: Change): void {
    const { shape } = change;
    const { table } = shape;
    const cascading = this.#options.cascades && table.referenced.length > 0 && !change.unchecked;
    const joins = cascading && !this.singly && this.#actions?.takes(change) === true;
    if (this.#actions !== null && !joins) this.#endGroup();
    if (table.key === null) this.#putKeyless(change);
    else this.#putKeyed(change, table.key);
    if (!cascading || change.operation === "insert") return;
    const actions = this.#actions ?? new Actions(table);
    if (!actions.follow(change)) return;
    this.#actions = actions;
    if (change.operation === "update") this.#endGroup();
  }

  #putKeyless({ shape, operation, bytes, before, beforeEnd, after, afterEnd }: Change): void {
    const { table } = shape;
    const fold = this.#keyless.get(table) ?? new KeylessFold(table);
    this.#keyless.set(table, fold);
    this.#open.add(table);
    if (operation !== "insert") fold.add(-1, operation === "delete", shape, bytes, before, beforeEnd);
    if (operation !== "delete") fold.add(1, true, shape, bytes, after, afterEnd);
  }

  #putKeyed(change: Change, key: Projection): void {
    const { shape, operation, bytes, before, beforeEnd, after, afterEnd } = change;
    const form = shape.table.keyForm;
    let old: Key | null = null;
    if (operation !== "insert") {
      key.read(shape.key, bytes, before, beforeEnd);
      old = keyIn(key, form);
    }
    if (operation === "delete") {
      if (old !== null) this.#goes(change, old, true);
      return;
    }
    key.read(shape.key, bytes, after, afterEnd);
    const now = keyIn(key, form);
    if (old === now) {
      this.#changes(change, now);
      return;
    }
    // The old key's row goes and the new key's row comes, in this order.
    if (old !== null) this.#goes(change, old, false);
    this.#comes(change, now);
  }

  #goes({ shape, bytes, before, beforeEnd }: Change, key: Key, counts: boolean): void {
    this.#fit(shape, key, false);
    const unique = this.#uniqueColumns(shape);
    if (unique !== null) {
      unique.read(shape.unique, bytes, before, beforeEnd);
      shape.table.unique.free(shape.table.unique.values(unique.out.bytes, unique.out.at), key);
    }
    this.#fold(shape.table).remove(key, counts, shape);
  }

  #comes({ shape, bytes, after, afterEnd }: Change, key: Key): void {
    this.#fit(shape, key, true);
    const unique = this.#uniqueColumns(shape);
    if (unique !== null) {
      unique.read(shape.unique, bytes, after, afterEnd);
      const values = shape.table.unique.values(unique.out.bytes, unique.out.at);
      if (shape.table.unique.clash(values, key)) this.#endGroup();
    }
    this.#fold(shape.table).put(key, true, shape, this.#images, bytes, after, afterEnd);
  }

  #changes({ shape, bytes, before, beforeEnd, after, afterEnd }: Change, key: Key): void {
    this.#fit(shape, key, false);
    const unique = this.#uniqueColumns(shape);
    if (unique !== null) {
      unique.read(shape.unique, bytes, before, beforeEnd);
      const text = unique.text();
      const old = shape.table.unique.values(unique.out.bytes, unique.out.at);
      unique.read(shape.unique, bytes, after, afterEnd);
      if (unique.text() !== text) {
        const values = shape.table.unique.values(unique.out.bytes, unique.out.at);
        if (shape.table.unique.clash(values, key)) this.#endGroup();
        shape.table.unique.free(old, key);
      }
    }
    this.#fold(shape.table).put(key, false, shape, this.#images, bytes, after, afterEnd);
  }

  /** A change that contradicts the one before it is left to the target to judge. */
  #fit(shape: Shape, key: Key, comes: boolean): void {
    if (this.strict && !this.#fold(shape.table).fits(key, comes)) this.#endGroup();
  }

  #uniqueColumns({ table }: Shape): Projection | null {
    return this.strict ? table.uniqueColumns : null;
  }

  #fold(table: StreamTable): KeyedFold {
    const known = this.#keyed.get(table);
    if (known !== undefined) {
      this.#open.add(table);
      return known;
    }
    const fold = new KeyedFold(table);
    this.#keyed.set(table, fold);
    this.#open.add(table);
    return fold;
  }

  /** Writes the folds' rows, and the actions behind them, as groups. */
  #endGroup(): void {
    if (this.#open.size > 0) {
      const changes: TableChanges[] = [];
      for (const table of this.#open) {
        const folded =
          this.#keyless.get(table)?.end(this.#tuples) ??
          this.#keyed.get(table)?.end(this.strict, this.#tuples);
        table.unique.clear();
        this.#written.add(table);
        if (folded === undefined) continue;
        this.#applied += folded.applied;
        this.#rows += folded.rows;
        if (folded.changes !== null) changes.push(folded.changes);
      }
      this.#open.clear();
      this.#images.release();
      if (changes.length > 0)
        this.#steps.push({ group: { kind: "rows", strict: this.strict, changes }, origin: null });
    }
    const actions = this.#actions;
    this.#actions = null;
    if (actions !== null) this.#steps.push({ group: actions.end(this.#tuples), origin: null });
  }

  #dropGroup(): void {
    for (const table of this.#open) table.unique.clear();
    this.#open.clear();
    this.#keyed.clear();
    this.#keyless.clear();
    this.#actions = null;
    this.#images.release();
  }
}
