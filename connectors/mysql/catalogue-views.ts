/**
 * Reads views of information_schema whatever the server's age. Which columns a view has differs between MySQL 5.6,
 * 9.7 and MariaDB, and by more than version numbers tell; so the server is asked once which ones exist, and those
 * that it lacks are read as NULL. One query a view for the whole database, never one a table.
 */
import { Fault } from "../../src/errors.js";
import type { Cell, Connection } from "./connection.js";

/** A row by the names that were asked for. */
export type Named<C extends string> = Readonly<Record<C, Cell>>;

export class InformationSchema {
  readonly #connection: Connection;
  readonly #known: ReadonlyMap<string, ReadonlySet<string>>;
  readonly database: string;
  readonly signal: AbortSignal | undefined;

  private constructor(
    connection: Connection,
    known: ReadonlyMap<string, ReadonlySet<string>>,
    database: string,
    signal: AbortSignal | undefined,
  ) {
    this.#connection = connection;
    this.#known = known;
    this.database = database;
    this.signal = signal;
  }

  /** Asks which of `views` exist, with which columns. */
  static async open(
    connection: Connection,
    views: readonly string[],
    signal?: AbortSignal,
  ): Promise<InformationSchema> {
    const known = new Map<string, Set<string>>();
    const rows = await connection.query(
      "SELECT TABLE_NAME, COLUMN_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = 'information_schema' AND TABLE_NAME IN (?)",
      [views],
      signal,
    );
    for (const [view, column] of rows) {
      if (view === null || view === undefined || column === null || column === undefined) continue;
      const columns = known.get(view.toUpperCase()) ?? new Set<string>();
      columns.add(column.toUpperCase());
      known.set(view.toUpperCase(), columns);
    }
    const database = await connection.value("SELECT DATABASE()");
    if (database === null) throw new Fault("bug", "The session stands in no database.");
    return new InformationSchema(connection, known, database, signal);
  }

  get engine(): "mysql" | "mariadb" {
    return this.#connection.engine;
  }

  has(view: string, column?: string): boolean {
    const columns = this.#known.get(view);
    return columns !== undefined && (column === undefined || columns.has(column));
  }

  /** Rows of this database in `view`, filtered by its schema column; none where the server has no such view. */
  async read<const C extends string>(
    view: string,
    columns: readonly C[],
    schemaColumn: string,
    orderBy: readonly NoInfer<C>[] = [],
  ): Promise<readonly Named<C>[]> {
    const known = this.#known.get(view);
    if (known === undefined) return [];
    const list = columns.map((column) => (known.has(column) ? `\`${column}\`` : "NULL")).join(", ");
    const order = orderBy.filter((column) => known.has(column)).map((column) => `\`${column}\``);
    const rows = await this.#connection.query(
      `SELECT ${list} FROM information_schema.\`${view}\` WHERE \`${schemaColumn}\` = ?` +
        (order.length === 0 ? "" : ` ORDER BY ${order.join(", ")}`),
      [this.database],
      this.signal,
    );
    return rows.map((row) => named(columns, row));
  }
}

function named<C extends string>(columns: readonly C[], row: readonly Cell[]): Named<C> {
  const record: Partial<Record<C, Cell>> = {};
  columns.forEach((column, index) => {
    record[column] = row[index] ?? null;
  });
  return record as Named<C>;
}

/** A cell that the catalogue always fills; a NULL there is a catalogue we don't understand. */
export function required(cell: Cell, what: string): string {
  if (cell === null) throw new Fault("source-refused", `The source's catalogue has no ${what}.`);
  return cell;
}

/** A small catalogue number (ordinal, length, estimate); null stays null. Estimates past 2^53 lose their last digits, which estimates can. */
export function numberOf(cell: Cell): number | null {
  return cell === null || cell === "" ? null : Number(cell);
}

/** Groups rows by one key, keeping their order. */
export function groupBy<T>(rows: readonly T[], key: (row: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const row of rows) {
    const name = key(row);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [row]);
    else group.push(row);
  }
  return groups;
}
