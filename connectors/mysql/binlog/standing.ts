/**
 * Where the feed stands, in the form that the positions of this read have: a set of MySQL's GTIDs, MariaDB's domains,
 * or file and offset. Each knows what a transaction is called, when it is within a position, and what is held once
 * it is whole. Positions are texts for people and the ledger: they are made only when somebody asks.
 */
import { Fault } from "../../../src/errors.js";
import type { LeftOut, Position } from "../../../src/model.js";
import type { SourceTransaction } from "../../../src/stream-port.js";
import { domainName, domainsText, notGrowing } from "./domains.js";
import type { DomainGtid, DomainLeftOut } from "./domains.js";
import type { MariadbGtid, MysqlGtid } from "./gtid-event.js";
import type { GtidSet } from "./gtid-set.js";
import { compareFiles, placeName } from "./log-file.js";
import type { FilePlace, LogFile } from "./log-file.js";
import { domainWithin, domainsOf, fileOf, fileWithin, setOf } from "./positions.js";

/** What names the transaction that begins. */
export type TransactionName =
  | { readonly by: "mysql"; readonly gtid: MysqlGtid }
  | { readonly by: "mariadb"; readonly gtid: MariadbGtid }
  /** No GTID; `at` is where its first event begins. */
  | { readonly by: "none"; readonly at: FilePlace };

export interface Standing {
  transaction(name: TransactionName, committedAt: number | null): SourceTransaction;
  /** The transaction is whole. */
  reach(name: TransactionName): void;
  /** The transaction is prepared, and left out of positions until what this returns is called. `begin`: of its first event. */
  park(name: TransactionName, begin: FilePlace): () => void;
  readonly position: () => Position;
  /** Holds what is held now; `place` is where the transaction begins that is not whole yet. */
  before(place: FilePlace): Position;
  /** Whether everything at or before `end` has been met. */
  met(end: Position): boolean;
}

export function gtidStanding(set: GtidSet, log: LogFile): Standing {
  const parked = new Parked<MysqlGtid>();
  const at = (place: FilePlace): Position => setPosition(set.text(), parked.first, place, log);
  return {
    transaction: (name, committedAt) => {
      if (name.by !== "mysql") throw withoutGtid(name);
      return new MysqlTransaction(name.gtid, committedAt);
    },
    reach: (name) => {
      if (name.by === "mysql") set.add(name.gtid.key, name.gtid.number);
    },
    // The set itself has a hole for it.
    park: (name, begin) => {
      if (name.by !== "mysql") throw withoutGtid(name);
      const { gtid } = name;
      const release = parked.add(gtid, begin);
      return () => {
        release();
        set.add(gtid.key, gtid.number);
      };
    },
    position: () => at(log),
    before: at,
    met: (end) => {
      const all = set.copy();
      for (const { key, number } of parked.all) all.add(key, number);
      return all.holds(setOf(end));
    },
  };
}

export function domainStanding(domains: Map<number, DomainGtid>, log: LogFile): Standing {
  const parked = new Parked<DomainLeftOut>();
  const at = (place: FilePlace): Position => ({
    ...setPosition(domainsText(domains), parked.first, place, log),
    ...leftOut(
      parked.all.map((one) => ({
        name: domainName(one),
        ...(one.after === null ? {} : { after: domainName({ domain: one.domain, ...one.after }) }),
      })),
    ),
  });
  return {
    transaction: (name, committedAt) => {
      if (name.by !== "mariadb") throw withoutGtid(name);
      const { domain, number } = name.gtid;
      const before = domains.get(domain);
      if (before !== undefined && number <= before.number) throw notGrowing(name.gtid, { domain, ...before });
      return new DomainTransaction(name.gtid, committedAt);
    },
    reach: (name) => {
      if (name.by === "mariadb")
        domains.set(name.gtid.domain, { server: name.gtid.server, number: name.gtid.number });
    },
    park: (name, begin) => {
      if (name.by !== "mariadb") throw withoutGtid(name);
      const { domain, server, number } = name.gtid;
      const release = parked.add({ domain, server, number, after: domains.get(domain) ?? null }, begin);
      domains.set(domain, { server, number });
      return release;
    },
    position: () => at(log),
    before: at,
    met: (end) => {
      for (const [domain, { number }] of domainsOf(end))
        if ((domains.get(domain)?.number ?? -1n) < number) return false;
      return true;
    },
  };
}

/** `begin` is where reading begins. */
export function fileStanding(begin: FilePlace, log: LogFile): Standing {
  const parked = new Parked<FilePlace>();
  const at = ({ file, offset }: FilePlace): Position => ({
    kind: "file",
    file,
    offset: String(offset),
    ...madeOf(log, file),
    ...leftOut(parked.all.map((one) => ({ name: placeName(one) }))),
  });
  return {
    transaction: (name, committedAt) => new FileTransaction(placeOf(name, log), committedAt),
    reach: () => undefined,
    park: (_, where) => parked.add(where, where),
    position: () => at(log),
    before: at,
    met: (end) => compareFiles(log.file === "" ? begin : log, fileOf(end)) >= 0,
  };
}

/** Transactions that were prepared and have not ended, in the order of the log. */
class Parked<T> {
  readonly #all = new Set<{ readonly what: T; readonly begin: FilePlace }>();

  add(what: T, begin: FilePlace): () => void {
    const one = { what, begin };
    this.#all.add(one);
    return () => {
      this.#all.delete(one);
    };
  }

  get all(): readonly T[] {
    return [...this.#all].map(({ what }) => what);
  }

  /** Where the first of them begins. */
  get first(): FilePlace | null {
    for (const { begin } of this.#all) return begin;
    return null;
  }
}

function leftOut(without: readonly LeftOut[]): { readonly without?: readonly LeftOut[] } {
  return without.length === 0 ? {} : { without };
}

/** `first`: where what is left out begins, which is to be read again; `end`: of what is held. */
function setPosition(set: string, first: FilePlace | null, end: FilePlace, log: LogFile): Position {
  const { server } = log;
  const textOf = ({ file, offset }: FilePlace): { file: string; offset: string } => ({
    file,
    offset: String(offset),
  });
  return {
    ...{ kind: "gtid", set, ...textOf(first ?? end) },
    ...(server === "" ? {} : { server }),
    ...madeOf(log, end.file),
    ...(first === null ? {} : { end: textOf(end) }),
  };
}

function madeOf({ file, made }: LogFile, of: string): { readonly made?: number } {
  return made === 0 || file !== of ? {} : { made };
}

function placeOf(name: TransactionName, log: LogFile): FilePlace {
  return name.by === "none" ? name.at : { file: log.file, offset: log.start };
}

class MysqlTransaction implements SourceTransaction {
  readonly #gtid: MysqlGtid;
  readonly committedAt: number | null;

  constructor(gtid: MysqlGtid, committedAt: number | null) {
    this.#gtid = gtid;
    this.committedAt = committedAt;
  }

  get name(): string {
    return `${this.#gtid.key}:${String(this.#gtid.number)}`;
  }

  within(position: Position): boolean {
    return setOf(position).has(this.#gtid.key, this.#gtid.number);
  }
}

class DomainTransaction implements SourceTransaction {
  readonly #gtid: MariadbGtid;
  readonly committedAt: number | null;

  constructor(gtid: MariadbGtid, committedAt: number | null) {
    this.#gtid = gtid;
    this.committedAt = committedAt;
  }

  get name(): string {
    return domainName(this.#gtid);
  }

  within(position: Position): boolean {
    return domainWithin(position, this.#gtid.domain, this.#gtid.number);
  }
}

class FileTransaction implements SourceTransaction {
  readonly #at: FilePlace;
  readonly committedAt: number | null;

  constructor(at: FilePlace, committedAt: number | null) {
    this.#at = at;
    this.committedAt = committedAt;
  }

  get name(): string {
    return placeName(this.#at);
  }

  within(position: Position): boolean {
    return fileWithin(position, this.#at);
  }
}

function withoutGtid(name: TransactionName): Fault {
  const at = name.by === "none" ? ` at ${placeName(name.at)}` : "";
  return new Fault(
    "log-refused",
    `The source's log holds a transaction without a GTID${at}, so no position could tell whether it was applied.`,
    { next: "Set gtid_mode = ON on the source again, and begin a new migration." },
  );
}
