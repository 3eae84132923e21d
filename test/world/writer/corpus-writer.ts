/**
 * An application for a database that others have designed: in several sessions its rows change, go and come back with
 * values that its tables have held, in transactions that are rolled back now and then. What the server refuses (a unique
 * value that is taken, a row that others refer to, a lost fight for a lock) is part of it. The seed chooses what is done;
 * how sessions interleave is the server's.
 */
import type { Connection } from "mysql2/promise";
import { seeded } from "../demo/random.js";
import type { Random } from "../demo/random.js";
import { openDriver } from "../source-database.js";

export interface CorpusWriterOptions {
  /** mysql://… of an administrator. */
  readonly url: string;
  readonly database: string;
  readonly seed: number;
  readonly sessions: number;
  /** Of each session. */
  readonly perSecond: number;
}

export interface CorpusWriter extends AsyncDisposable {
  readonly committed: number;
  readonly endings: Readonly<Record<string, number>>;
  start(): void;
  /** Resolves when so many transactions have been committed; rejects when a session fails. */
  reached(transactions: number): Promise<void>;
  /** Every session ends its transaction. Rejects where one failed. */
  stop(): Promise<void>;
}

interface Table {
  readonly name: string;
  /** What a row is made of; generated columns are the server's. */
  readonly columns: readonly string[];
  /** Columns outside of the key. */
  readonly free: readonly string[];
  /** A key of one integer. */
  readonly number: string | null;
}

/** What an application would be told, and do again or leave: clashes, values, checks, triggers that signal, locks. */
function isRefusal(error: unknown): boolean {
  if (!(error instanceof Error) || !("sqlState" in error) || !("errno" in error)) return false;
  return (
    /^(?:22|23|40|45)/u.test(String(error.sqlState)) || [1205, 1364, 1366, 3819].includes(Number(error.errno))
  );
}

/** These end the transaction, too. */
const rolledBack = new Set([1205, 1213]);

const quoted = (name: string): string => `\`${name.replaceAll("`", "``")}\``;

/** Keeps the database's rows aside, for values to write; writes nothing more until `start`. */
export async function openCorpusWriter(options: CorpusWriterOptions): Promise<CorpusWriter> {
  const admin = await openDriver(options.url);
  const spare = quoted(`${options.database}_spare`);
  await admin.query(`DROP DATABASE IF EXISTS ${spare}`);
  await admin.query(`CREATE DATABASE ${spare}`);
  const tables = await tablesOf(admin, options.database);
  for (const { name, columns } of tables)
    await admin.query(
      `CREATE TABLE ${spare}.${quoted(name)} AS SELECT ${columns.map(quoted).join(", ")} FROM ${quoted(options.database)}.${quoted(name)}`,
    );
  return new Sessions(options, tables, spare, admin);
}

async function tablesOf(admin: Connection, database: string): Promise<readonly Table[]> {
  const [rows] = await admin.query(
    `SELECT c.TABLE_NAME, c.COLUMN_NAME, c.DATA_TYPE, c.COLUMN_KEY
       FROM information_schema.COLUMNS c JOIN information_schema.TABLES t USING (TABLE_SCHEMA, TABLE_NAME)
      WHERE c.TABLE_SCHEMA = ? AND t.TABLE_TYPE = 'BASE TABLE' AND c.GENERATION_EXPRESSION = ''
      ORDER BY c.TABLE_NAME, c.ORDINAL_POSITION`,
    [database],
  );
  const found = new Map<string, { name: string; type: string; key: boolean }[]>();
  for (const [table = "", name = "", type = "", key = ""] of rows as string[][])
    found.set(table, [...(found.get(table) ?? []), { name, type, key: key === "PRI" }]);
  return [...found].map(([name, columns]) => {
    const key = columns.filter((column) => column.key);
    const [first] = key;
    return {
      name,
      columns: columns.map((column) => column.name),
      free: columns.filter((column) => !column.key).map((column) => column.name),
      number: key.length === 1 && first !== undefined && /int$/u.test(first.type) ? first.name : null,
    };
  });
}

class Sessions implements CorpusWriter {
  committed = 0;
  readonly endings: Record<string, number> = { committed: 0, "rolled-back": 0, refused: 0 };
  readonly #options: CorpusWriterOptions;
  readonly #tables: readonly Table[];
  readonly #spare: string;
  readonly #admin: Connection;
  #running: Promise<void> = Promise.resolve();
  #stopping = false;
  #failure: Error | null = null;
  #waiting: (() => void)[] = [];

  constructor(options: CorpusWriterOptions, tables: readonly Table[], spare: string, admin: Connection) {
    this.#options = options;
    this.#tables = tables;
    this.#spare = spare;
    this.#admin = admin;
  }

  start(): void {
    const sessions = Array.from({ length: this.#options.sessions }, (_, w) => this.#drive(w));
    this.#running = Promise.all(sessions).then(() => undefined);
  }

  async reached(transactions: number): Promise<void> {
    while (this.committed < transactions) {
      if (this.#failure !== null) throw this.#failure;
      await new Promise<void>((woken) => this.#waiting.push(woken));
    }
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#running;
    if (this.#failure !== null) throw this.#failure;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping = true;
    await this.#running;
    await this.#admin.query(`DROP DATABASE IF EXISTS ${this.#spare}`);
    await this.#admin.end();
  }

  async #drive(w: number): Promise<void> {
    const random = seeded(this.#options.seed * 16 + w);
    const session = await openDriver(this.#options.url);
    try {
      await session.query("SET SESSION sql_mode = 'STRICT_ALL_TABLES', innodb_lock_wait_timeout = 5");
      await session.query(`USE ${quoted(this.#options.database)}`);
      while (!this.#stopping) {
        const from = performance.now();
        const how = await this.#transaction(session, random);
        this.endings[how] = (this.endings[how] ?? 0) + 1;
        if (how === "committed") this.committed += 1;
        this.#wake();
        const left = from + 1000 / this.#options.perSecond - performance.now();
        if (left > 0) await new Promise((resolve) => setTimeout(resolve, left));
      }
    } catch (error) {
      this.#failure ??= error instanceof Error ? error : new Error(String(error));
      this.#stopping = true;
    } finally {
      session.destroy();
      this.#wake();
    }
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }

  async #transaction(session: Connection, random: Random): Promise<string> {
    await session.query("START TRANSACTION");
    let refused = false;
    for (let turn = 1 + random.int(4); turn > 0; turn--) {
      const statement = this.#statement(random);
      try {
        await session.query(statement);
      } catch (error) {
        if (!isRefusal(error)) throw new Error(statement, { cause: error });
        refused = true;
        if (error instanceof Error && "errno" in error && rolledBack.has(Number(error.errno))) break;
      }
    }
    const undone = random.oneIn(8);
    await session.query(undone ? "ROLLBACK" : "COMMIT");
    return undone ? "rolled-back" : refused ? "refused" : "committed";
  }

  #statement(random: Random): string {
    const table = this.#tables[random.int(this.#tables.length)];
    if (table === undefined) throw new Error("the database has no tables");
    const name = quoted(table.name);
    const kept = `${this.#spare}.${name}`;
    const columns = table.columns.map(quoted).join(", ");
    const some = (most: number): string =>
      `ORDER BY RAND(${String(random.int(1e9))}) LIMIT ${String(1 + random.int(most))}`;
    const free = table.free[random.int(Math.max(1, table.free.length))];
    switch (random.int(10)) {
      case 0:
        return `DELETE FROM ${name} ${some(2)}`;
      case 1:
        if (table.number === null) break;
        return `UPDATE ${name} SET ${quoted(table.number)} = ${quoted(table.number)} + ${String(1 + random.int(9))} ${some(1)}`;
      case 2:
        return `REPLACE INTO ${name} (${columns}) SELECT ${columns} FROM ${kept} ${some(3)}`;
      case 3:
      case 4:
      case 5:
        return `INSERT IGNORE INTO ${name} (${columns}) SELECT ${columns} FROM ${kept} ${some(6)}`;
      default:
        if (free === undefined) break;
        return `UPDATE ${name} SET ${quoted(free)} = (SELECT ${quoted(free)} FROM ${kept} ORDER BY RAND(${String(random.int(1e9))}) LIMIT 1) ${some(5)}`;
    }
    return `INSERT IGNORE INTO ${name} (${columns}) SELECT ${columns} FROM ${kept} ${some(2)}`;
  }
}
