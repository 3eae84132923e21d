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

  /**
   * The expression of `table` with its characters back; as it is where nothing is missing, or nothing fits. `name` is
   * its column's or constraint's: what stands before that may look alike and be another's.
   */
  async mend(table: string, expression: string, name: string): Promise<string> {
    if (this.#connection.engine !== "mariadb" || !expression.includes("????")) return expression;
    const statement = this.#statements.get(table) ?? this.#read(table);
    this.#statements.set(table, statement);
    // Of five in a row nobody can say which one is itself, so a run of them is any question marks and such characters.
    const parts = expression.split(/\?{4,}/u).map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/gu, "\\$&"));
    const pattern = new RegExp(parts.join("[?\\u{10000}-\\u{10ffff}]+"), "u");
    const created = await statement;
    const places = ["", "CONSTRAINT "].map((what) => created.indexOf(`\n  ${what}${mysqlName(name)} `));
    const own = pattern.exec(
      created.slice(Math.min(...places.filter((place) => place >= 0), created.length)),
    );
    return own === null ? expression : own[0];
  }

  async #read(table: string): Promise<string> {
    const [row] = await this.#connection.query(`SHOW CREATE TABLE ${mysqlName(table)}`, [], this.#signal);
    return row?.[1] ?? "";
  }
}
