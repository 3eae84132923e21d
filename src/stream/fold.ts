/**
 * The changes of one table in one statement group. With a key: the last image a key, raw, which is decoded only when
 * the group ends, and whether the key's row was there when the group began, told by the first change. Without one: a
 * multiset of whole rows, in which a row that comes and an equal one that goes cancel each other; that is exact, since
 * rows that are equal to the last byte cannot be told apart, and it leaves only deletes of rows that were there before.
 */
import { Fault } from "../errors.js";
import type { TableChanges } from "../stream-port.js";
import { inKeyOrder, putKey } from "./key.js";
import type { Key } from "./key.js";
import { noTuples, TupleRun } from "./store.js";
import type { Store } from "./store.js";
import type { Shape, StreamTable } from "./table.js";

/** What became of a group's changes. */
export interface Folded {
  /** null where nothing is left to do. */
  readonly changes: TableChanges | null;
  /** Changes of the source whose effect is in `changes`. */
  readonly applied: number;
  readonly rows: number;
}

interface Slot {
  /** The key's row was there when the group began. */
  readonly existed: boolean;
  present: boolean;
  /** The last change is one of the source's, and not the first half of a change of the key. */
  counts: boolean;
  shape: Shape;
  /** The image: `length` bytes from `at` on in `chunk`. */
  chunk: Buffer;
  at: number;
  length: number;
}

const noBytes = Buffer.alloc(0);

export class KeyedFold {
  readonly #table: StreamTable;
  readonly #slots = new Map<Key, Slot>();

  constructor(table: StreamTable) {
    this.#table = table;
  }

  get empty(): boolean {
    return this.#slots.size === 0;
  }

  /** Whether the group can hold this change of the key: rows come only where none is, and change and go where one is. */
  fits(key: Key, comes: boolean): boolean {
    return this.#slots.get(key)?.present !== comes;
  }

  /** The row is there now, as the image has it. */
  put(
    key: Key,
    comes: boolean,
    shape: Shape,
    images: Store,
    bytes: Buffer,
    start: number,
    end: number,
  ): void {
    const length = end - start;
    const slot = this.#slots.get(key);
    if (slot !== undefined && slot.length >= length) {
      bytes.copy(slot.chunk, slot.at, start, end);
      slot.length = length;
      slot.present = true;
      slot.counts = true;
      slot.shape = shape;
      return;
    }
    images.put(bytes, start, end);
    const chunk = images.chunks[images.chunks.length - 1] ?? noBytes;
    const at = images.at - length;
    if (slot === undefined)
      this.#slots.set(key, { existed: !comes, present: true, counts: true, shape, chunk, at, length });
    else {
      slot.present = true;
      slot.counts = true;
      slot.shape = shape;
      slot.chunk = chunk;
      slot.at = at;
      slot.length = length;
    }
  }

  /** The row is gone. `counts`: this is a change of its own, and not half of one. */
  remove(key: Key, counts: boolean, shape: Shape): void {
    const slot = this.#slots.get(key);
    if (slot === undefined)
      this.#slots.set(key, {
        existed: true,
        present: false,
        counts,
        shape,
        chunk: noBytes,
        at: 0,
        length: 0,
      });
    else {
      slot.present = false;
      slot.counts = counts;
    }
  }

  /** Ends the group: decodes what is left into `tuples`, in the keys' order. */
  end(strict: boolean, tuples: Store): Folded {
    const table = this.#table;
    const form = table.keyForm;
    const keys = inKeyOrder([...this.#slots.keys()]);
    const slots = keys.map((key) => this.#slots.get(key));
    // Before the join the copy may have brought a row whose coming and going are both in this group.
    const goes = (slot: Slot): boolean => !slot.present && (slot.existed || !strict);
    let applied = 0;
    const run = (
      wanted: (slot: Slot) => boolean,
      put: (key: Key, slot: Slot) => void,
    ): TableChanges["deletes"] => {
      let rows = 0;
      const begun = new TupleRun(tuples);
      slots.forEach((slot, index) => {
        const key = keys[index];
        if (slot === undefined || key === undefined || !wanted(slot)) return;
        put(key, slot);
        rows++;
      });
      return begun.end(rows);
    };
    const keyOnly = (key: Key): void => putKey(tuples, key, form);
    const row = (_: Key, slot: Slot): void => {
      table.row.read(slot.shape.row, slot.chunk, slot.at, slot.at + slot.length);
      tuples.put(table.row.out.bytes, 0, table.row.out.at);
    };
    const deletes = run(goes, keyOnly);
    const updates = run((slot) => slot.present && slot.existed, row);
    const inserts = run((slot) => slot.present && !slot.existed, row);
    const touched = run(() => true, keyOnly);
    for (const slot of slots) if (slot?.counts === true && (slot.present || goes(slot))) applied++;
    this.#slots.clear();
    return {
      changes: { table: table.plan, deletes, updates, inserts, touched },
      applied,
      rows: deletes.rows + updates.rows + inserts.rows,
    };
  }
}

interface Copies {
  /** How many more there are than when the group began; negative for fewer. */
  more: number;
  /** How many of them are changes of the source, and not the first halves of updates. */
  counted: number;
}

export class KeylessFold {
  readonly #table: StreamTable;
  readonly #rows = new Map<string, Copies>();
  /** Bytes of the rows that are kept. */
  used = 0;

  constructor(table: StreamTable) {
    this.#table = table;
  }

  get empty(): boolean {
    return this.#rows.size === 0;
  }

  /** One copy of the row comes (+1) or goes (-1). */
  add(step: 1 | -1, counts: boolean, shape: Shape, bytes: Buffer, start: number, end: number): void {
    const { row } = this.#table;
    row.read(shape.row, bytes, start, end);
    const text = row.text();
    const copies = this.#rows.get(text);
    if (copies === undefined) {
      this.#rows.set(text, { more: step, counted: counts ? 1 : 0 });
      this.used += text.length;
      return;
    }
    const cancels = copies.more * step < 0;
    copies.more += step;
    if (!cancels) copies.counted += counts ? 1 : 0;
    else if (copies.counted > 0) copies.counted -= 1;
    if (copies.more === 0 && copies.counted !== 0)
      throw new Fault("bug", "Rows that cancelled each other are still counted.");
  }

  end(tuples: Store): Folded {
    let applied = 0;
    const any = this.#rows.size > 0;
    const run = (sign: 1 | -1): TableChanges["deletes"] => {
      const begun = new TupleRun(tuples);
      let rows = 0;
      for (const [text, { more, counted }] of this.#rows) {
        if (more * sign <= 0) continue;
        for (let copy = 0; copy < Math.abs(more); copy++) {
          const chunk = tuples.room(text.length);
          chunk.write(text, tuples.at - text.length, "latin1");
          rows++;
        }
        applied += counted;
      }
      return begun.end(rows);
    };
    const deletes = run(-1);
    const inserts = run(1);
    this.#rows.clear();
    this.used = 0;
    const rows = deletes.rows + inserts.rows;
    const changes = { table: this.#table.plan, deletes, updates: noTuples, inserts, touched: noTuples };
    // Rows that came and went touched the table all the same.
    return { changes: any ? changes : null, applied, rows };
  }
}
