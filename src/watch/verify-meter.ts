/**
 * How far a verification is: ranges and rows compared, rows a second over the last quarter of a minute, and when it will
 * be done, by the rows that the plan expects. What an earlier engine compared counts as done and makes no rate.
 */
export interface VerifyReading {
  readonly ranges: { readonly done: number; readonly total: number };
  readonly rows: { readonly done: number; readonly total: number };
  readonly keys: number;
  readonly rowsPerSecond: number;
  readonly etaSeconds: number | null;
  readonly suspects: number;
  readonly elapsedSeconds: number;
}

/** Milliseconds that the rate looks back over. */
const WINDOW = 15_000;

export class VerifyMeter {
  readonly #now: () => number;
  readonly #began: number;
  readonly #expected: ReadonlyMap<string, number>;
  readonly #split = new Map<string, number>();
  readonly #done = new Map<string, number>();
  #samples: { readonly at: number; readonly rows: number }[] = [];
  #resumed = 0;
  #rows = 0;
  #keys = 0;
  #suspects = 0;

  /** `expected`: about how many rows each table has. `now` in milliseconds, monotonic. */
  constructor(expected: ReadonlyMap<string, number>, now: () => number) {
    this.#now = now;
    this.#began = now();
    this.#expected = expected;
  }

  resumed(ranges: number): void {
    this.#resumed += ranges;
  }

  split(table: string, ranges: number): void {
    this.#split.set(table, ranges);
  }

  compared(table: string, rows: number): void {
    this.#rows += rows;
    this.#done.set(table, (this.#done.get(table) ?? 0) + 1);
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
    const total = Math.max(
      this.#rows,
      [...this.#split.keys()].reduce((sum, table) => sum + (this.#expected.get(table) ?? 0), 0),
    );
    const done = [...this.#done.values()].reduce((sum, each) => sum + each, 0);
    const ranges = [...this.#split.values()].reduce((sum, each) => sum + each, 0);
    return {
      ranges: { done: done + this.#resumed, total: Math.max(ranges, done) + this.#resumed },
      rows: { done: this.#rows, total },
      keys: this.#keys,
      rowsPerSecond: Math.round(rate),
      etaSeconds: rate <= 0 ? null : Math.round((total - this.#rows) / rate),
      suspects: this.#suspects,
      elapsedSeconds: Math.round((now - this.#began) / 100) / 10,
    };
  }
}
