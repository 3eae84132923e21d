/**
 * Statements of the log that concern tables: a TRUNCATE is handed over, a change of shape is told, and rows that were
 * logged as the statement that wrote them are refused by name, where a lane would take them.
 */
import { Fault, recopying } from "../../../src/errors.js";
import type { ChangeSink } from "../../../src/stream-port.js";
import type { AtHand } from "./at-hand.js";
import type { LoggedStatement } from "./query-event.js";
import { recopyEach } from "./recopy-advice.js";
import type { Standing } from "./standing.js";
import { concerns, isAddition, namedTables } from "./statement.js";
import type { WantedNames } from "./statement.js";
import type { LogTables } from "./tables.js";

export interface TableStatementsParts {
  readonly tables: LogTables;
  readonly names: WantedNames;
  readonly standing: Standing;
  readonly sink: ChangeSink;
}

export class TableStatements {
  readonly #parts: TableStatementsParts;
  readonly #atHand: AtHand;
  #changed = false;

  constructor(parts: TableStatementsParts, atHand: AtHand) {
    this.#parts = parts;
    this.#atHand = atHand;
  }

  /** True once after a schema change was handed over. */
  takeChanged(): boolean {
    const changed = this.#changed;
    this.#changed = false;
    return changed;
  }

  changes(named: readonly string[], statement: LoggedStatement): void {
    const { sink, standing } = this.#parts;
    const { transaction, begun, changing, start } = this.#atHand;
    if (named.length === 0 || transaction === null) return;
    if (begun)
      throw new Fault(
        "log-refused",
        `The source's log changes ${named.join(", ")} in the middle of a transaction that has written rows.`,
      );
    for (const table of named) changing.add(table);
    this.#changed = true;
    sink.schemaChange(
      {
        tables: named,
        statement: statement.text.slice(0, 2000),
        adds: isAddition(statement),
        at: transaction.name,
        within: (position) => transaction.within(position),
      },
      () => standing.before(start),
    );
  }

  dropsDatabase(database: string, statement: LoggedStatement): void {
    const { names } = this.#parts;
    if (database.toLowerCase() === names.database.toLowerCase()) this.changes(names.tables, statement);
  }

  ddl(statement: LoggedStatement): void {
    this.changes(namedTables(statement, this.#parts.names), statement);
  }

  truncates(statement: LoggedStatement, database: string, name: string): void {
    const { tables, sink } = this.#parts;
    const table = tables.planned(database, name);
    if (table === null) {
      if (statement.garbled) this.ddl(statement);
      return;
    }
    this.#atHand.tell();
    if (!sink.wants(table)) return;
    // Of a session's own table that hides this one, or of this one, by a program that has such tables beside it.
    if (statement.temporary)
      throw new Fault(
        "log-refused",
        `The source's log holds TRUNCATE of ${table.source} by a session with temporary tables: it may be of one that has the same name.`,
        { next: recopying(table.source) },
      );
    this.#atHand.handed++;
    sink.truncate(table);
  }

  /**
   * Which tables a statement writes to cannot be told from it: triggers and functions write too. One that stands in it
   * and was copied since must not let the others pass.
   */
  refuseRows(statement: LoggedStatement): void {
    const { names, sink } = this.#parts;
    if (!concerns(statement, names)) return;
    this.#atHand.tell();
    const wanted = names.tables.filter((name) => {
      const table = this.#parts.tables.planned(names.database, name);
      return table !== null && sink.wants(table);
    });
    if (wanted.length === 0) return;
    const named = namedTables(statement, names).filter((name) => wanted.includes(name));
    const told = named.length > 0 ? named.join(", ") : "tables that it does not name";
    const tables = [...named, ...wanted.filter((name) => !named.includes(name))];
    throw new Fault(
      "log-refused",
      `The source's log holds a change of ${told} as a statement and not as rows.`,
      {
        next: `SET GLOBAL binlog_format = 'ROW'; then ${recopyEach(tables)} (triggers, functions and foreign keys may have written to any table).`,
        facts: { count: tables.length },
      },
    );
  }
}
