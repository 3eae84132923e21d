/**
 * How far a verification is: ranges and rows compared, rows a second over the last quarter of a minute, and when it will
 * be done, by the rows that the plan expects of every table that it compares whole, also of those that nobody has begun. What
 * an earlier engine compared counts as done and makes no rate.
 */
export interface VerifyReading {
  /** A table that is not split yet is one range. */
  readonly ranges: { readonly done: number; readonly total: number };
  readonly rows: { readonly done: number; readonly total: number };
  readonly keys: number;
  readonly rowsPerSecond: number;
  readonly etaSeconds: number | null;
  readonly suspects: number;
  readonly elapsedSeconds: number;
}

interface Progress {
  /** 0 before it is split. */
  ranges: number;
  done: number;
  rows: number;
}

/** Milliseconds that the rate looks back over. */
const WINDOW = 15_000;

export class VerifyMeter {
  readonly #now: () => number;
  readonly #began: number;
  readonly #expected: ReadonlyMap<string, number>;
  readonly #share: number;
  readonly #tables = new Map<string, Progress>();
  #samples: { readonly at: number; readonly rows: number }[] = [];
  /** By this engine. */
  #rows = 0;
  #keys = 0;
  #suspects = 0;

  /** `expected`: about how many rows each table has; `share` of them are looked at. `now` in milliseconds, monotonic. */
  constructor(expected: ReadonlyMap<string, number>, now: () => number, share = 1) {
    this.#now = now;
    this.#began = now();
    this.#expected = expected;
    this.#share = share;
  }

  /** These are compared whole. */
  whole(tables: readonly string[]): void {
    for (const table of tables) this.#of(table);
  }

  /** `done` of its ranges, with so many rows, were compared before. */
  split(table: string, ranges: number, done: number, rows: number): void {
    this.#tables.set(table, { ranges, done, rows });
  }

  compared(table: string, rows: number): void {
    const progress = this.#of(table);
    this.#rows += rows;
    progress.rows += rows;
    progress.done += 1;
  }

  keys(count: number): void {
    this.#keys += count;
    this.#rows += count;
  }

  suspected(count: number): void {
    this.#suspects += count;
  }

  read(): VerifyReading {
    const now = this.#now();
    this.#samples.push({ at: now, rows: this.#rows });
    while (this.#samples.length > 2 && now - (this.#samples[1]?.at ?? now) > WINDOW) this.#samples.shift();
    const [first] = this.#samples;
    const seconds = first === undefined ? 0 : (now - first.at) / 1000;
    const rate = first === undefined || seconds <= 0 ? 0 : (this.#rows - first.rows) / seconds;
    const ranges = { done: 0, total: 0 };
    const rows = { done: this.#keys, total: this.#keys };
    for (const [table, progress] of this.#tables) {
      const total = Math.max(1, progress.ranges, progress.done);
      ranges.done += progress.done;
      ranges.total += total;
      rows.done += progress.rows;
      // A table that is through has the rows that it had, whatever was expected.
      rows.total += progress.done === total ? progress.rows : Math.max(progress.rows, this.#rowsOf(table));
    }
    return {
      ranges,
      rows,
      keys: this.#keys,
      rowsPerSecond: Math.round(rate),
      etaSeconds: rate <= 0 ? null : Math.round((rows.total - rows.done) / rate),
      suspects: this.#suspects,
      elapsedSeconds: Math.round((now - this.#began) / 100) / 10,
    };
  }

  #rowsOf(table: string): number {
    return Math.round((this.#expected.get(table) ?? 0) * this.#share);
  }

  #of(table: string): Progress {
    const known = this.#tables.get(table) ?? { ranges: 0, done: 0, rows: 0 };
    this.#tables.set(table, known);
    return known;
  }
}
