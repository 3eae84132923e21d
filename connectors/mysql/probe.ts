/**
 * The short questions by which a table is split: the first, the last, the n-th key of an interval, how many rows
 * the optimizer expects in it, and whether a bound read back is still the key it was. Each forces the key's index,
 * so each is a few page reads however large the table is; only `nth` walks, as far as it is told to.
 */
import { mysqlName } from "../../src/safety/identifier.js";
import { between, boundOf, equal, joined, orderList, readList } from "./key.js";
import type { Bound, Condition, KeyShape } from "./key.js";
import type { Wire } from "./wire/wire.js";

/** Asks about one table's key over one connection. */
export class Probe {
  readonly shape: KeyShape;
  readonly #wire: Wire;
  readonly #signal: AbortSignal;
  readonly #from: string;
  #factor = 1;

  constructor(wire: Wire, shape: KeyShape, signal: AbortSignal) {
    this.#wire = wire;
    this.shape = shape;
    this.#signal = signal;
    this.#from = ` FROM ${mysqlName(shape.table)} FORCE INDEX (${mysqlName(shape.index)})`;
  }

  /** First key with lower <= key < upper; null when the interval is empty. */
  async first(lower: Bound | null, upper: Bound | null): Promise<Bound | null> {
    return this.#key(between(this.shape, lower, upper), orderList(this.shape), 0);
  }

  /** Last key with lower <= key < upper. */
  async last(lower: Bound | null, upper: Bound | null): Promise<Bound | null> {
    return this.#key(between(this.shape, lower, upper), orderList(this.shape, true), 0);
  }

  /** First key at or after `from` (perhaps fewer columns than the key has) with after < key < upper. */
  async firstFrom(from: Bound, after: Bound, upper: Bound | null): Promise<Bound | null> {
    const inside = between(this.shape, after, upper, true);
    const beyond = between(this.shape, from, null);
    const both = [inside, beyond].filter((condition) => condition !== null);
    return this.#key(joined(both, " AND "), orderList(this.shape), 0);
  }

  /** The key that has `count` rows of the interval before it, counted from its lower bound's own key on. */
  async nth(lower: Bound | null, upper: Bound | null, count: number): Promise<Bound | null> {
    const open = lower !== null;
    return this.#key(
      between(this.shape, lower, upper, open),
      orderList(this.shape),
      open ? count - 1 : count,
    );
  }

  /** The key that has `count` rows of the table at or after it. */
  async nthLast(count: number): Promise<Bound | null> {
    return this.#key(null, orderList(this.shape, true), count - 1);
  }

  /** What estimates are divided by from now on. */
  set factor(factor: number) {
    this.#factor = factor > 0 ? factor : 1;
  }

  /** Rows with lower <= key < upper as the optimizer sees them by diving into the index; never a truth. */
  async estimate(lower: Bound | null, upper: Bound | null): Promise<number> {
    const where = between(this.shape, lower, upper);
    const rows = await this.#wire.select(
      {
        // USE, for MySQL skips the dive and says 1 where an index is forced; only the key's columns, so that no
        // other way of reading can win.
        sql:
          `EXPLAIN FORMAT=TRADITIONAL SELECT ${orderList(this.shape)} FROM ${mysqlName(this.shape.table)} ` +
          `USE INDEX (${mysqlName(this.shape.index)})${where === null ? "" : ` WHERE ${where.sql}`} ` +
          `ORDER BY ${orderList(this.shape)}`,
        params: where?.params ?? [],
      },
      this.#signal,
    );
    const row = rows[0] ?? [];
    // With partitions and filtered (MySQL from 5.7) there are twelve columns, else ten; `rows` stands third or second from the end.
    const text = row[row.length === 12 ? 9 : 8] ?? null;
    return text === null ? 0 : Number(text) / this.#factor;
  }

  /**
   * Whether the bound, sent back as a parameter, equals a key of the source. Asked of every bound: an invalid date
   * would become NULL, bytes that are no text something else, and ranges would overlap or lose rows.
   */
  async holds(bound: Bound): Promise<boolean> {
    const { sql, params } = equal(this.shape, bound);
    const rows = await this.#wire.select(
      { sql: `SELECT 1${this.#from} WHERE ${sql} LIMIT 1`, params },
      this.#signal,
    );
    return rows.length > 0;
  }

  async #key(where: Condition | null, order: string, offset: number): Promise<Bound | null> {
    const rows = await this.#wire.select(
      {
        sql:
          `SELECT ${readList(this.shape)}${this.#from}${where === null ? "" : ` WHERE ${where.sql}`}` +
          ` ORDER BY ${order} LIMIT 1 OFFSET ${offset}`,
        params: where?.params ?? [],
      },
      this.#signal,
    );
    return rows[0] === undefined ? null : boundOf(this.shape, rows[0]);
  }
}
