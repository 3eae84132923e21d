/**
 * Some of the source's rows by their keys, and what the target has of them. Keys are equal when their bytes are: what
 * the target's `=` finds beside (another case, another zero) is a row of another key, and is left to whoever asks for
 * that. Copies of a key are told one by one, so a key that is there twice is seen whichever copy comes first.
 */
import type { Tuples } from "../stream-port.js";
import type { TupleSink } from "../verify-port.js";
import type { Suspects } from "./suspects.js";
import { TupleView } from "./tuple.js";
import type { TupleShape } from "./tuple.js";

interface Entry {
  /** Where the source's rows begin that have found no equal one. */
  readonly open: number[];
  /** Rows of the target without an equal one. */
  surplus: number;
  /** Where the first of them parts from the source's. */
  columns: readonly string[];
}

export class KeyMatch implements TupleSink {
  readonly #bytes: Buffer;
  readonly #entries = new Map<string, Entry>();
  readonly #keys: Buffer[] = [];
  readonly #ours: TupleView;
  readonly #theirs: TupleView;
  /** Rows of the target with one of the keys. */
  found = 0;

  /** The source's rows are in `bytes`. */
  constructor(shape: TupleShape, bytes: Buffer) {
    this.#bytes = bytes;
    this.#ours = new TupleView(shape);
    this.#theirs = new TupleView(shape);
  }

  get size(): number {
    return this.#keys.length;
  }

  /** One of the source's rows. Returns where it ends. */
  add(at: number): number {
    const row = this.#ours.read(this.#bytes, at);
    const key = row.keyText();
    const entry = this.#entries.get(key);
    if (entry === undefined) {
      this.#entries.set(key, { open: [at], surplus: 0, columns: [] });
      this.#keys.push(row.key());
    } else entry.open.push(at);
    return row.end;
  }

  /** Each key once. */
  keys(): Tuples {
    const chunk = Buffer.concat(this.#keys);
    return { rows: this.#keys.length, bytes: chunk.length, chunks: [chunk] };
  }

  /** One of the target's rows. */
  tuple(bytes: Buffer, start: number): void {
    const theirs = this.#theirs.read(bytes, start);
    const entry = this.#entries.get(theirs.keyText());
    if (entry === undefined) return;
    this.found++;
    const { open } = entry;
    for (let k = 0; k < open.length; k++)
      if (this.#ours.read(this.#bytes, open[k] ?? 0).same(theirs)) {
        open.splice(k, 1);
        return;
      }
    const [first] = open;
    if (entry.surplus === 0 && first !== undefined)
      entry.columns = this.#ours.read(this.#bytes, first).parting(theirs);
    entry.surplus++;
  }

  full(): boolean {
    return false;
  }

  drained(): Promise<void> {
    return Promise.resolve();
  }

  /** What is not the same once all of the target's rows were taken. */
  tell(suspects: Suspects): void {
    let place = 0;
    for (const { open, surplus, columns } of this.#entries.values()) {
      const key = this.#keys[place++];
      if (key === undefined || (open.length === 0 && surplus === 0)) continue;
      const refused = this.#ours.read(this.#bytes, open[0] ?? 0).refused();
      if (open.length === surplus) suspects.add(key, "different", columns);
      else if (surplus > open.length) suspects.add(key, "extra", [], surplus - open.length, true);
      else if (refused.length > 0) suspects.add(key, "different", refused);
      else suspects.add(key, "missing", [], open.length - surplus);
    }
  }
}
