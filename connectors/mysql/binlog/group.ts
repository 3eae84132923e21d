/**
 * From events to transactions: what begins one, what belongs to it, what ends it. Groups of the log that are none of
 * ours pass as empty transactions, so that positions go on. Whatever cannot be applied exactly is refused by name, but
 * only where a lane would take it.
 */
import { Fault } from "../../../src/errors.js";
import { AtHand } from "./at-hand.js";
import type { AtHandParts } from "./at-hand.js";
import { isIgnorable, serverIdOf, timestampOf, types } from "./event.js";
import { committedAtOf, readGtid, readMariadbGtid, readTaggedGtid } from "./gtid-event.js";
import { isOnePhase, Prepared } from "./prepared.js";
import type { XaRows } from "./prepared.js";
import { isBegin, readCompressedQuery, readQuery } from "./query-event.js";
import type { LoggedStatement } from "./query-event.js";
import { handRows, isRows, tableOf } from "./rows.js";
import { kindOf } from "./statement.js";
import { TableStatements } from "./table-statements.js";
import type { TableStatementsParts } from "./table-statements.js";
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

export interface GroupParts extends AtHandParts, TableStatementsParts {}

export class Group {
  readonly #parts: GroupParts;
  readonly #prepared = new Prepared();
  readonly #atHand: AtHand;
  readonly #statements: TableStatements;
  #xa: XaRows | null = null;

  constructor(parts: GroupParts) {
    this.#parts = parts;
    this.#atHand = new AtHand(parts);
    this.#statements = new TableStatements(parts, this.#atHand);
  }

  /** True once after a schema change was handed over: nothing more may be before the sink has drained. */
  takeChanged(): boolean {
    return this.#statements.takeChanged();
  }

  /** Whether events of a transaction have come whose end has not. */
  get inside(): boolean {
    return this.#atHand.inside;
  }

  /** What the present event belongs to, for people. */
  get place(): string {
    return this.#atHand.place;
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
        this.#atHand.named({ by: "mysql", gtid }, gtid.committedAt ?? timestampOf(bytes, start) * 1000);
        return;
      }
      case types.gtidTagged: {
        const gtid = readTaggedGtid(bytes, at, end);
        this.#atHand.named({ by: "mysql", gtid }, gtid.committedAt ?? timestampOf(bytes, start) * 1000);
        return;
      }
      case types.anonymousGtid:
        this.#atHand.unnamed(committedAtOf(bytes, at, end) ?? timestampOf(bytes, start) * 1000);
        return;
      case types.mariadbGtid: {
        const gtid = readMariadbGtid(bytes, at, end, serverIdOf(bytes, start));
        this.#atHand.named({ by: "mariadb", gtid }, timestampOf(bytes, start) * 1000);
        this.#atHand.open = !gtid.standalone;
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

  #begin(timestamp: number): void {
    this.#atHand.current(timestamp);
    this.#atHand.open = true;
  }

  #rows(type: number, bytes: Buffer, at: number, end: number): void {
    const { tables } = this.#parts;
    const announced = tableOf(bytes, at, tables);
    if (announced === null || (announced.table === null && announced.lane === null)) return;
    if (!this.#atHand.open)
      throw new Fault("log-refused", "Rows stand in the source's log outside of a transaction.");
    if (this.#xa !== null) this.#prepared.keep(this.#xa, type, bytes, at, end, announced);
    else this.#hand(type, bytes, at, end, announced);
  }

  #hand(type: number, bytes: Buffer, at: number, end: number, announced: ReturnType<LogTables["of"]>): void {
    const { sink } = this.#parts;
    const { table } = announced;
    if (table !== null && this.#atHand.changing.has(table.source)) return;
    this.#atHand.tell();
    if (table !== null && !sink.wants(table)) return;
    this.#atHand.handed += handRows(type, bytes, at, end, announced, sink);
  }

  #statement(statement: LoggedStatement, timestamp: number): void {
    this.#atHand.current(timestamp);
    const kind = kindOf(statement);
    switch (kind.kind) {
      case "begin":
        this.#atHand.open = true;
        return;
      case "commit":
        this.#commit();
        return;
      case "savepoint":
        return;
      case "rollback-to":
        if (this.#wrote) throw rolledBack();
        return;
      case "rollback":
        if (this.#wrote) throw rolledBack();
        this.#commit();
        return;
      case "xa":
        this.#xaStatement(kind.verb, kind.xid);
        return;
      case "rows":
        this.#statements.refuseRows(statement);
        break;
      case "truncate":
        this.#statements.truncates(statement, kind.database ?? statement.database, kind.table);
        break;
      case "drop-database":
        this.#statements.dropsDatabase(kind.database, statement);
        break;
      case "ddl":
        this.#statements.ddl(statement);
        break;
      case "harmless":
        break;
    }
    if (!this.#atHand.open) this.#commit();
  }

  /** Rows of the transaction at hand have been met. */
  get #wrote(): boolean {
    return this.#atHand.handed > 0 || (this.#xa?.rows.length ?? 0) > 0;
  }

  #xaStatement(verb: string, xid: string): void {
    if (verb === "START" || verb === "BEGIN") {
      this.#atHand.open = true;
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
    const { name, start } = this.#atHand;
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
    else this.#prepared.park(xa, standing.park(name, start));
    this.#end();
  }

  #commit(): void {
    this.#atHand.commit();
    this.#xa = null;
  }

  #end(): void {
    this.#atHand.end();
    this.#xa = null;
  }
}

function rolledBack(): Fault {
  return new Fault(
    "log-refused",
    "The source's log holds rows of a transaction that was rolled back, among them such as cannot be (a table without transactions): which of them are there cannot be told.",
  );
}
