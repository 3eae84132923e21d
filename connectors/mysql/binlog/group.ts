/**
 * From events to transactions: what begins one, what belongs to it, what ends it. Groups of the log that are none of
 * ours pass as empty transactions, so that positions go on. Whatever cannot be applied exactly is refused by name, but
 * only where a lane would take it.
 */
import { Fault } from "../../../src/errors.js";
import type { ChangeSink, SourceTransaction } from "../../../src/stream-port.js";
import { isIgnorable, serverIdOf, timestampOf, types } from "./event.js";
import { committedAtOf, readGtid, readMariadbGtid, readTaggedGtid } from "./gtid-event.js";
import type { FilePlace, LogFile } from "./log-file.js";
import { isOnePhase, Prepared } from "./prepared.js";
import type { XaRows } from "./prepared.js";
import { isBegin, readCompressedQuery, readQuery } from "./query-event.js";
import type { LoggedStatement } from "./query-event.js";
import { handRows, isRows, tableOf } from "./rows.js";
import type { Standing, TransactionName } from "./standing.js";
import { concerns, kindOf, namedTables, isAddition } from "./statement.js";
import type { WantedNames } from "./statement.js";
import type { LogTables } from "./tables.js";

/** Types that say nothing about rows; statements that need the variables among them are judged themselves. */
const silent = new Set<number>([
  types.stop,
  types.intvar,
  types.appendBlock,
  types.rand,
  types.userVar,
  types.beginLoadQuery,
  types.ignorable,
  types.rowsQuery,
  types.previousGtids,
  types.transactionContext,
  types.viewChange,
  types.annotateRows,
  types.checkpoint,
  types.gtidList,
]);

export interface GroupParts {
  readonly tables: LogTables;
  readonly names: WantedNames;
  readonly standing: Standing;
  readonly log: LogFile;
  readonly sink: ChangeSink;
}

export class Group {
  readonly #parts: GroupParts;
  readonly #prepared = new Prepared();
  #name: TransactionName | null = null;
  #transaction: SourceTransaction | null = null;
  /** Between BEGIN and what ends it. */
  #open = false;
  /** The sink knows of the transaction. */
  #begun = false;
  /** Rows and markers that the sink has of it. */
  #handed = 0;
  #xa: XaRows | null = null;
  /** Where its first event begins. */
  #start: FilePlace = { file: "", offset: 0 };
  /** Tables that a DDL in the same transaction changed (CREATE TABLE ... SELECT): rows behind it are of the new shape. */
  #changing = new Set<string>();
  #changed = false;

  constructor(parts: GroupParts) {
    this.#parts = parts;
  }

  /** True once after a schema change was handed over: nothing more may be before the sink has drained. */
  takeChanged(): boolean {
    const changed = this.#changed;
    this.#changed = false;
    return changed;
  }

  /** Whether events of a transaction have come whose end has not. */
  get inside(): boolean {
    return this.#open || this.#transaction !== null;
  }

  /** What the present event belongs to, for people. */
  get place(): string {
    const { log } = this.#parts;
    return this.#transaction?.name ?? `${log.file}:${String(log.start)}`;
  }

  /** One event with its header at `start` and its body in bytes [at, end). */
  take(type: number, bytes: Buffer, start: number, at: number, end: number): void {
    if (type === types.tableMap) {
      this.#parts.tables.announce(bytes, at, end);
      return;
    }
    if (isRows(type)) {
      this.#rows(type, bytes, at, end);
      return;
    }
    switch (type) {
      case types.xid:
        this.#commit();
        return;
      case types.query:
        if (isBegin(bytes, at, end)) this.#begin(timestampOf(bytes, start));
        else this.#statement(readQuery(bytes, at, end), timestampOf(bytes, start));
        return;
      case types.queryCompressed:
        this.#statement(readCompressedQuery(bytes, at, end), timestampOf(bytes, start));
        return;
      case types.executeLoadQuery:
        this.#statement(readQuery(bytes, at, end, 13), timestampOf(bytes, start));
        return;
      case types.gtid: {
        const gtid = readGtid(bytes, at, end);
        this.#named({ by: "mysql", gtid }, gtid.committedAt ?? timestampOf(bytes, start) * 1000);
        return;
      }
      case types.gtidTagged: {
        const gtid = readTaggedGtid(bytes, at, end);
        this.#named({ by: "mysql", gtid }, gtid.committedAt ?? timestampOf(bytes, start) * 1000);
        return;
      }
      case types.anonymousGtid:
        this.#named(this.#unnamed(), committedAtOf(bytes, at, end) ?? timestampOf(bytes, start) * 1000);
        return;
      case types.mariadbGtid: {
        const gtid = readMariadbGtid(bytes, at, end, serverIdOf(bytes, start));
        this.#named({ by: "mariadb", gtid }, timestampOf(bytes, start) * 1000);
        this.#open = !gtid.standalone;
        if (gtid.prepares) this.#xa = this.#prepared.begin("");
        return;
      }
      case types.xaPrepare:
        this.#prepare(isOnePhase(bytes, at));
        return;
      case types.incident:
        throw new Fault(
          "log-refused",
          "The source's log says that changes may be missing from it (an incident).",
        );
      case types.startEncryption:
        throw new Fault("log-refused", "The source's log is encrypted.");
      default:
        if (silent.has(type) || isIgnorable(bytes, start)) return;
        throw new Fault(
          "log-refused",
          `The source's log holds an event of the type ${type}, which Headgate does not know.`,
        );
    }
  }

  #unnamed(): TransactionName {
    const { log } = this.#parts;
    return { by: "none", at: { file: log.file, offset: log.start } };
  }

  #named(name: TransactionName, committedAt: number): void {
    if (this.inside)
      throw new Fault(
        "log-refused",
        "A transaction in the source's log has no end: another one begins in it.",
      );
    const { log } = this.#parts;
    this.#start = { file: log.file, offset: log.start };
    this.#name = name;
    this.#transaction = this.#parts.standing.transaction(name, committedAt);
  }

  /** The transaction at hand; one without a GTID begins with its first event. */
  #current(timestamp: number): SourceTransaction {
    if (this.#transaction === null) this.#named(this.#unnamed(), timestamp * 1000);
    if (this.#transaction === null) throw new Fault("bug", "A transaction of the log has no name.");
    return this.#transaction;
  }

  #begin(timestamp: number): void {
    this.#current(timestamp);
    this.#open = true;
  }

  #tell(): void {
    if (this.#begun || this.#transaction === null) return;
    this.#begun = true;
    this.#parts.sink.begin(this.#transaction);
  }

  #rows(type: number, bytes: Buffer, at: number, end: number): void {
    const { tables } = this.#parts;
    const announced = tableOf(bytes, at, tables);
    if (announced === null || (announced.table === null && announced.lane === null)) return;
    if (!this.#open)
      throw new Fault("log-refused", "Rows stand in the source's log outside of a transaction.");
    if (this.#xa !== null) this.#prepared.keep(this.#xa, type, bytes, at, end, announced);
    else this.#hand(type, bytes, at, end, announced);
  }

  #hand(type: number, bytes: Buffer, at: number, end: number, announced: ReturnType<LogTables["of"]>): void {
    const { sink } = this.#parts;
    const { table } = announced;
    if (table !== null && this.#changing.has(table.source)) return;
    this.#tell();
    if (table !== null && !sink.wants(table)) return;
    this.#handed += handRows(type, bytes, at, end, announced, sink);
  }

  #statement(statement: LoggedStatement, timestamp: number): void {
    this.#current(timestamp);
    const kind = kindOf(statement);
    switch (kind.kind) {
      case "begin":
        this.#open = true;
        return;
      case "commit":
        this.#commit();
        return;
      case "savepoint":
        return;
      case "rollback-to":
        if (this.#handed > 0 || (this.#xa?.rows.length ?? 0) > 0) throw rolledBack();
        return;
      case "rollback":
        if (this.#handed > 0 || (this.#xa?.rows.length ?? 0) > 0) throw rolledBack();
        this.#commit();
        return;
      case "xa":
        this.#xaStatement(kind.verb, kind.xid);
        return;
      case "rows":
        this.#refuseRows(statement);
        break;
      case "truncate":
        this.#truncate(statement, kind.database ?? statement.database, kind.table);
        break;
      case "drop-database":
        if (kind.database.toLowerCase() === this.#parts.names.database.toLowerCase())
          this.#changes(this.#parts.names.tables, statement);
        break;
      case "ddl":
        this.#changes(namedTables(statement, this.#parts.names), statement);
        break;
      case "harmless":
        break;
    }
    if (!this.#open) this.#commit();
  }

  #changes(named: readonly string[], statement: LoggedStatement): void {
    const { sink, standing } = this.#parts;
    const transaction = this.#transaction;
    if (named.length === 0 || transaction === null) return;
    if (this.#begun)
      throw new Fault(
        "log-refused",
        `The source's log changes ${named.join(", ")} in the middle of a transaction that has written rows.`,
      );
    const start = this.#start;
    for (const table of named) this.#changing.add(table);
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

  #truncate(statement: LoggedStatement, database: string, name: string): void {
    const { tables, sink, names } = this.#parts;
    const table = tables.planned(database, name);
    if (table === null) {
      if (statement.garbled) this.#changes(namedTables(statement, names), statement);
      return;
    }
    this.#tell();
    if (!sink.wants(table)) return;
    this.#handed++;
    sink.truncate(table);
  }

  /** Which tables a statement writes to cannot be told from it: triggers and functions write too. */
  #refuseRows(statement: LoggedStatement): void {
    const { names, sink, tables } = this.#parts;
    if (!concerns(statement, names)) return;
    const named = namedTables(statement, names);
    const candidates = named.length > 0 ? named : names.tables;
    this.#tell();
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

  #xaStatement(verb: string, xid: string): void {
    if (verb === "START" || verb === "BEGIN") {
      this.#open = true;
      this.#xa = this.#prepared.begin(xid);
    } else if (verb === "COMMIT" || verb === "ROLLBACK") {
      const waiting = this.#prepared.take(xid);
      if (waiting !== null) {
        if (verb === "COMMIT") this.#replay(waiting.rows);
        waiting.ended();
      }
      this.#commit();
    } else if (this.#xa !== null && this.#xa.xid === "") this.#xa = { ...this.#xa, xid };
  }

  #replay(xa: XaRows): void {
    for (const { type, bytes, announced } of xa.rows) this.#hand(type, bytes, 0, bytes.length, announced);
  }

  #prepare(onePhase: boolean): void {
    const xa = this.#xa;
    const name = this.#name;
    if (xa === null || name === null)
      throw new Fault("log-refused", "The source's log prepares an XA transaction that has no beginning.");
    this.#xa = null;
    if (onePhase) {
      this.#prepared.drop(xa);
      this.#replay(xa);
      this.#commit();
      return;
    }
    const { standing } = this.#parts;
    // Nothing is handed over, and so nobody told: a lane may stand past it, and have left it out.
    if (xa.rows.length === 0) standing.reach(name);
    else this.#prepared.park(xa, standing.park(name, this.#start));
    this.#end();
  }

  #commit(): void {
    const { sink, standing } = this.#parts;
    const name = this.#name;
    if (name === null)
      throw new Fault("log-refused", "A transaction in the source's log ends that did not begin.");
    standing.reach(name);
    // A lane that stops at a schema change must not be past it; the next transaction's end holds it for the others.
    if (this.#begun || this.#changing.size === 0) {
      this.#tell();
      sink.commit(standing.position);
    }
    this.#end();
  }

  #end(): void {
    this.#name = null;
    this.#transaction = null;
    this.#open = false;
    this.#begun = false;
    this.#handed = 0;
    this.#xa = null;
    if (this.#changing.size > 0) this.#changing = new Set();
  }
}

function rolledBack(): Fault {
  return new Fault(
    "log-refused",
    "The source's log holds rows of a transaction that was rolled back, among them such as cannot be (a table without transactions): which of them are there cannot be told.",
  );
}
