/**
 * Rates and the ETA of a snapshot. Work is counted in bytes: data bytes that travel, then index bytes that the
 * target builds, each with a speed of its own. A table's total is learnt from its ranges as they end (they hold
 * about equally many rows each), because the optimizer's row estimate can be far off on a skewed table.
 */

export interface TablePart {
  /** Estimates from the catalogue; replaced by what ranges teach. */
  readonly estimatedRows: number;
  readonly estimatedBytes: number;
}

interface TableState {
  estimatedRows: number;
  estimatedBytes: number;
  ranges: number;
  rangesDone: number;
  /** Rows and bytes of ranges that are committed. */
  rowsDone: number;
  bytesDone: number;
  /** Rows and bytes sent since, not yet committed. */
  rowsOpen: number;
  bytesOpen: number;
  /** What an earlier run had committed. */
  rowsEarlier: number;
  bytesEarlier: number;
  /** When its first rows of this run left. */
  startedAt: number | null;
}

/** A table on its way. */
export interface Working {
  readonly table: string;
  readonly rows: { readonly done: number; readonly total: number };
  readonly rowsPerSecond: number;
  readonly bytesPerSecond: number;
}

export interface Reading {
  readonly tables: { readonly done: number; readonly total: number };
  readonly rows: { readonly done: number; readonly total: number };
  readonly bytes: number;
  readonly rowsPerSecond: number;
  readonly bytesPerSecond: number;
  readonly elapsedSeconds: number;
  /** null until something has been measured. */
  readonly etaSeconds: number | null;
  /** Begun and not wholly copied, in the plan's order; rates are means since the table began. */
  readonly working: readonly Working[];
}

/** How much of a table is on the target. */
export interface CopiedTable {
  readonly table: string;
  readonly rows: number;
  /** As far as they are known: 0 of 0 before the table is split. */
  readonly ranges: { readonly done: number; readonly total: number };
}

/** Seconds that a rate looks back over. */
const WINDOW = 15;
/** Until an index has been built here, one byte of data is taken to cost this much of a data byte's time to index. */
const INDEX_SHARE = 0.25;

export class Meter {
  readonly #now: () => number;
  readonly #startedAt: number;
  readonly #tables = new Map<string, TableState>();
  #samples: { at: number; rows: number; bytes: number }[] = [];
  #earlierRows = 0;
  #earlierBytes = 0;
  #buildsTotal = 0;
  #buildsDone = 0;
  #buildsEarlier = 0;
  #buildStartedAt: number | null = null;

  /** `now` in milliseconds, monotonic. */
  constructor(now: () => number) {
    this.#now = now;
    this.#startedAt = now();
    this.#samples.push({ at: this.#startedAt, rows: 0, bytes: 0 });
  }

  addTable(name: string, part: TablePart): void {
    this.#tables.set(name, {
      estimatedRows: part.estimatedRows,
      estimatedBytes: part.estimatedBytes,
      ranges: 0,
      rangesDone: 0,
      rowsDone: 0,
      bytesDone: 0,
      rowsOpen: 0,
      bytesOpen: 0,
      rowsEarlier: 0,
      bytesEarlier: 0,
      startedAt: null,
    });
  }

  /** What an earlier run had already committed; counts as done but not into the rate. */
  resume(name: string, ranges: number, rangesDone: number, rows: number, bytes: number): void {
    const table = this.#table(name);
    table.ranges = ranges;
    table.rangesDone = rangesDone;
    table.rowsDone = rows;
    table.bytesDone = bytes;
    table.rowsEarlier = rows;
    table.bytesEarlier = bytes;
    this.#earlierRows += rows;
    this.#earlierBytes += bytes;
  }

  split(name: string, ranges: number): void {
    this.#table(name).ranges = ranges;
  }

  sent(name: string, rows: number, bytes: number): void {
    const table = this.#table(name);
    table.startedAt ??= this.#now();
    table.rowsOpen += rows;
    table.bytesOpen += bytes;
  }

  /** A range is committed; what of it had been reported by `sent` moves over. */
  rangeDone(name: string, rows: number, bytes: number): void {
    const table = this.#table(name);
    table.rangesDone += 1;
    table.rowsDone += rows;
    table.bytesDone += bytes;
    table.rowsOpen = Math.max(0, table.rowsOpen - rows);
    table.bytesOpen = Math.max(0, table.bytesOpen - bytes);
  }

  /** A range was rolled back: what it had sent is to be sent again. */
  rolledBack(name: string, rows: number, bytes: number): void {
    const table = this.#table(name);
    table.rowsOpen = Math.max(0, table.rowsOpen - rows);
    table.bytesOpen = Math.max(0, table.bytesOpen - bytes);
  }

  /** Work of all builds and of those that an earlier run finished, in any one unit. */
  buildsPlanned(total: number, done: number): void {
    this.#buildsTotal = total;
    this.#buildsDone = done;
    this.#buildsEarlier = done;
  }

  buildStarted(): void {
    this.#buildStartedAt ??= this.#now();
  }

  buildDone(work: number): void {
    this.#buildsDone += work;
  }

  /** In the plan's order; only what is committed counts. */
  copied(): CopiedTable[] {
    return [...this.#tables].map(([table, { rowsDone, rangesDone, ranges }]) => ({
      table,
      rows: rowsDone,
      ranges: { done: rangesDone, total: ranges },
    }));
  }

  read(): Reading {
    const now = this.#now();
    let rows = 0;
    let bytes = 0;
    let rowsTotal = 0;
    let bytesTotal = 0;
    let tablesDone = 0;
    const working: Working[] = [];
    for (const [name, table] of this.#tables) {
      rows += table.rowsDone + table.rowsOpen;
      bytes += table.bytesDone + table.bytesOpen;
      const total = expected(table);
      rowsTotal += total.rows;
      bytesTotal += total.bytes;
      if (table.ranges > 0 && table.rangesDone >= table.ranges) tablesDone += 1;
      else if (table.startedAt !== null)
        working.push(onItsWay(name, table, total.rows, now - table.startedAt));
    }
    const moved = { rows: rows - this.#earlierRows, bytes: bytes - this.#earlierBytes };
    const speed = this.#speed(now, moved.rows, moved.bytes);
    return {
      tables: { done: tablesDone, total: this.#tables.size },
      rows: { done: rows, total: Math.max(rows, Math.round(rowsTotal)) },
      bytes,
      rowsPerSecond: Math.round(speed.rows),
      bytesPerSecond: Math.round(speed.bytes),
      elapsedSeconds: seconds(now - this.#startedAt),
      etaSeconds: this.#eta(now, Math.max(0, bytesTotal - bytes), bytesTotal, moved.bytes),
      working,
    };
  }

  #speed(now: number, rows: number, bytes: number): { rows: number; bytes: number } {
    this.#samples.push({ at: now, rows, bytes });
    while (this.#samples.length > 2 && now - (this.#samples[1]?.at ?? now) > WINDOW * 1000)
      this.#samples.shift();
    const first = this.#samples[0];
    if (first === undefined || now <= first.at) return { rows: 0, bytes: 0 };
    const span = (now - first.at) / 1000;
    return { rows: Math.max(0, rows - first.rows) / span, bytes: Math.max(0, bytes - first.bytes) / span };
  }

  /** The whole run's mean speed steers the ETA: a window would make it jump with every wide table. */
  #eta(now: number, bytesLeft: number, bytesTotal: number, bytesMoved: number): number | null {
    const elapsed = ((this.#buildStartedAt ?? now) - this.#startedAt) / 1000;
    if (bytesMoved <= 0 || elapsed <= 0) {
      return this.#buildStartedAt !== null && this.#buildsDone >= this.#buildsTotal ? 0 : null;
    }
    const bytesPerSecond = bytesMoved / elapsed;
    const buildsLeft = this.#buildsTotal - this.#buildsDone;
    const share = this.#buildsTotal === 0 ? 0 : buildsLeft / this.#buildsTotal;
    let build = (bytesTotal / bytesPerSecond) * INDEX_SHARE * share;
    const builtHere = this.#buildsDone - this.#buildsEarlier;
    if (this.#buildStartedAt !== null && builtHere > 0)
      build = ((now - this.#buildStartedAt) / 1000 / builtHere) * buildsLeft;
    return seconds((bytesLeft / bytesPerSecond + build) * 1000);
  }

  #table(name: string): TableState {
    const table = this.#tables.get(name);
    if (table === undefined) throw new Error(`The meter was told of ${name} before addTable.`);
    return table;
  }
}

function expected(table: TableState): { rows: number; bytes: number } {
  const rows = table.rowsDone + table.rowsOpen;
  const bytes = table.bytesDone + table.bytesOpen;
  if (table.ranges > 0 && table.rangesDone >= table.ranges) return { rows, bytes };
  const perRow = rows > 0 ? bytes / rows : table.estimatedBytes / Math.max(1, table.estimatedRows);
  const learnt =
    table.rangesDone > 0 ? (table.rowsDone / table.rangesDone) * table.ranges : table.estimatedRows;
  const total = Math.max(rows, learnt);
  return { rows: total, bytes: total * perRow };
}

function onItsWay(name: string, table: TableState, total: number, ms: number): Working {
  const rows = table.rowsDone + table.rowsOpen;
  const rate = (moved: number): number => (ms <= 0 ? 0 : Math.round((Math.max(0, moved) / ms) * 1000));
  return {
    table: name,
    rows: { done: rows, total: Math.max(rows, Math.round(total)) },
    rowsPerSecond: rate(rows - table.rowsEarlier),
    bytesPerSecond: rate(table.bytesDone + table.bytesOpen - table.bytesEarlier),
  };
}

function seconds(ms: number): number {
  return Math.round(ms / 100) / 10;
}
