/**
 * Statements of the log that concern tables: a TRUNCATE is handed over, a change of shape is told, and rows that were
 * logged as the statement that wrote them are refused by name, where a lane would take them.
 */
import { Fault } from "../../../src/errors.js";
import type { ChangeSink } from "../../../src/stream-port.js";
import type { AtHand } from "./at-hand.js";
import type { LoggedStatement } from "./query-event.js";
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
    this.#atHand.handed++;
    sink.truncate(table);
  }

  /** Which tables a statement writes to cannot be told from it: triggers and functions write too. */
  refuseRows(statement: LoggedStatement): void {
    const { names, sink, tables } = this.#parts;
    if (!concerns(statement, names)) return;
    const named = namedTables(statement, names);
    const candidates = named.length > 0 ? named : names.tables;
    this.#atHand.tell();
    const wanted = candidates.filter((name) => {
      const table = tables.planned(names.database, name);
      return table !== null && sink.wants(table);
    });
    if (wanted.length === 0) return;
    const told = named.length > 0 ? wanted.join(", ") : "tables that it does not name";
    throw new Fault(
      "log-refused",
      `The source's log holds a change of ${told} as a statement and not as rows.`,
      { next: "SET GLOBAL binlog_format = 'ROW'; then headgate recopy the tables that it wrote to." },
    );
  }
}
