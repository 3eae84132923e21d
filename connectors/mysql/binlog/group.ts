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
import { hasRows, isOnePhase, Prepared } from "./prepared.js";
import type { PreparedParts, XaRows } from "./prepared.js";
import { isBegin, readCompressedQuery, readQuery } from "./query-event.js";
import type { LoggedStatement } from "./query-event.js";
import { handRows, isRows, tableOf } from "./rows.js";
import type { KeptRows } from "./spill.js";
import { kindOf } from "./statement.js";
import type { StatementKind } from "./statement.js";
import { TableStatements } from "./table-statements.js";
import type { TableStatementsParts } from "./table-statements.js";
import type { Announced } from "./tables.js";

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

export interface GroupParts extends AtHandParts, TableStatementsParts {
  readonly spill: PreparedParts;
}

export class Group {
  readonly #parts: GroupParts;
  readonly #prepared: Prepared;
  readonly #atHand: AtHand;
  readonly #statements: TableStatements;
  #xa: XaRows | null = null;
  /** Rows of an XA transaction on their way to the sink, and what is to be done behind the last one. */
  #replaying: { readonly rows: Generator<KeptRows, undefined>; readonly then: () => void } | null = null;
  /** What is at hand only says that an ALTER begins, or has come to nothing. */
  #alters = false;

  constructor(parts: GroupParts) {
    this.#parts = parts;
    this.#prepared = new Prepared(parts.spill);
    this.#atHand = new AtHand(parts);
    this.#statements = new TableStatements(parts, this.#atHand);
  }

  /** True once after a schema change was handed over: nothing more may be before the sink has drained. */
  takeChanged(): boolean {
    return this.#statements.takeChanged();
  }

  /** An XA transaction is not handed over to its end: `goOn`. */
  get replaying(): boolean {
    return this.#replaying !== null;
  }

  /** Hands over more of it, until it ends or the sink is full. */
  goOn(): void {
    while (this.#replaying !== null) {
      const { rows, then } = this.#replaying;
      const { value } = rows.next();
      if (value === undefined) {
        this.#replaying = null;
        then();
        return;
      }
      this.#hand(value.type, value.bytes, 0, value.bytes.length, value.announced);
      if (this.#parts.sink.full()) return;
    }
  }

  /** Nothing more is read. */
  close = (): void => this.#prepared.close();

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
    // Events of one packet come without a pause; the log has none behind the end of an XA transaction.
    while (this.#replaying !== null) this.goOn();
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
        this.#alters = gtid.alters;
        return;
      }
      case types.xaPrepare:
        this.#prepare(isOnePhase(bytes, at));
        return;
      case types.incident:
        throw unplaced("The source's log says that changes may be missing from it (an incident).");
      case types.startEncryption:
        throw unplaced("The source's log is encrypted.");
      default:
        if (silent.has(type) || isIgnorable(bytes, start)) return;
        throw unplaced(`The source's log holds an event of the type ${type}, which Headgate does not know.`);
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

  #hand(type: number, bytes: Buffer, at: number, end: number, announced: Announced): void {
    const { sink } = this.#parts;
    const { table } = announced;
    if (table !== null && this.#atHand.changing.has(table.source)) return;
    this.#atHand.tell();
    if (table !== null && !sink.wants(table)) return;
    this.#atHand.handed += handRows(type, bytes, at, end, announced, sink);
  }

  #statement(statement: LoggedStatement, timestamp: number): void {
    this.#atHand.current(timestamp);
    const kind: StatementKind = this.#alters ? { kind: "harmless" } : kindOf(statement, this.#lists);
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

  /** MariaDB's transactions are known by their names; only MySQL has others, or none. */
  get #lists(): boolean {
    return this.#atHand.name?.by !== "mariadb";
  }

  /** Rows of the transaction at hand have been met. */
  get #wrote(): boolean {
    return this.#atHand.handed > 0 || (this.#xa !== null && hasRows(this.#xa));
  }

  #xaStatement(verb: string, xid: string): void {
    if (verb === "START" || verb === "BEGIN") {
      this.#atHand.open = true;
      this.#xa = this.#prepared.begin(xid);
    } else if (verb === "COMMIT" || verb === "ROLLBACK") {
      const { transaction } = this.#atHand;
      if (transaction !== null) this.#parts.sink.ends?.(transaction, xid, verb === "COMMIT");
      const waiting = this.#prepared.take(xid);
      if (waiting === "unseen" && verb === "COMMIT") this.#atHand.endsUnseen();
      const parked = typeof waiting === "string" ? null : waiting;
      const over = (): void => {
        if (parked !== null) this.#prepared.drop(parked.rows);
        parked?.ended();
        this.#commit();
      };
      if (parked !== null && verb === "COMMIT") this.#replay(parked.rows, over);
      else over();
    } else if (this.#xa !== null && this.#xa.xid === "") this.#xa.xid = xid;
  }

  #replay(xa: XaRows, then: () => void): void {
    this.#replaying = { rows: this.#prepared.rows(xa), then };
    this.goOn();
  }

  #prepare(onePhase: boolean): void {
    const xa = this.#xa;
    const { name, start } = this.#atHand;
    if (xa === null || name === null)
      throw new Fault("log-refused", "The source's log prepares an XA transaction that has no beginning.");
    this.#xa = null;
    if (onePhase) {
      this.#replay(xa, () => {
        this.#prepared.drop(xa);
        this.#commit();
      });
      return;
    }
    const { sink, standing } = this.#parts;
    const { transaction } = this.#atHand;
    if (transaction !== null) sink.prepares?.(transaction, [...xa.tables], xa.xid);
    // Nothing is handed over, and so no lane told: it may stand past it, and have left it out.
    if (!hasRows(xa)) {
      standing.reach(name);
      this.#prepared.pass(xa.xid);
    } else this.#prepared.park(xa, standing.park(name, start));
    this.#end();
  }

  #commit(): void {
    this.#atHand.commit();
    this.#end();
  }

  #end(): void {
    this.#atHand.end();
    this.#xa = null;
    this.#alters = false;
    this.#parts.tables.ended();
  }
}

function rolledBack(): Fault {
  return new Fault(
    "log-refused",
    "The source's log holds rows of a transaction that was rolled back, among them such as cannot be (a table without transactions): which of them are there cannot be told.",
  );
}

/** Which tables it is about nothing says, and whoever reads on meets it again. */
function unplaced(sentence: string): Fault {
  const next = "Begin a new migration: nothing tells which tables would have to be copied again.";
  return new Fault("log-refused", sentence, { next });
}
