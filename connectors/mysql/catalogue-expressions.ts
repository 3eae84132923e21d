/**
 * MariaDB prints expressions in information_schema through utf8mb3: a character beyond it comes out as one question
 * mark for each of its four bytes. SHOW CREATE TABLE has them whole, so an expression that shows four question marks
 * is looked up there. MySQL's expressions need nothing of this (sql-text.ts).
 */
import { mysqlName } from "../../src/safety/identifier.js";
import type { Connection } from "./connection.js";

/** Mends expressions of one server; remembers the CREATE statements that it has read. */
export class ExpressionMender {
  readonly #connection: Connection;
  readonly #signal: AbortSignal | undefined;
  readonly #statements = new Map<string, Promise<string>>();

  constructor(connection: Connection, signal: AbortSignal | undefined) {
    this.#connection = connection;
    this.#signal = signal;
  }

  /** The expression of `table` with its characters back; as it is where nothing is missing, or nothing fits. */
  async mend(table: string, expression: string): Promise<string> {
    if (this.#connection.engine !== "mariadb" || !expression.includes("????")) return expression;
    const statement = this.#statements.get(table) ?? this.#read(table);
    this.#statements.set(table, statement);
    // Of five in a row nobody can say which one is itself, so a run of them is any question marks and such characters.
    const parts = expression.split(/\?{4,}/u).map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/gu, "\\$&"));
    const match = new RegExp(parts.join("[?\\u{10000}-\\u{10ffff}]+"), "u").exec(await statement);
    return match === null ? expression : match[0];
  }

  async #read(table: string): Promise<string> {
    const [row] = await this.#connection.query(`SHOW CREATE TABLE ${mysqlName(table)}`, [], this.#signal);
    return row?.[1] ?? "";
  }
}
