/**
 * Where the feed stands, in the form that the positions of this read have: a set of MySQL's GTIDs, MariaDB's domains,
 * or file and offset. Each knows what a transaction is called, when it is within a position, and what is held once
 * it is whole. Positions are texts for people and the ledger: they are made only when somebody asks.
 */
import { Fault } from "../../../src/errors.js";
import type { Position } from "../../../src/model.js";
import type { SourceTransaction } from "../../../src/stream-port.js";
import { domainsHold, domainsText } from "./domains.js";
import type { DomainGtid } from "./domains.js";
import type { MariadbGtid, MysqlGtid } from "./gtid-event.js";
import type { GtidSet } from "./gtid-set.js";
import { compareFiles } from "./log-file.js";
import type { FilePlace, LogFile } from "./log-file.js";
import { domainsOf, fileOf, setOf } from "./positions.js";

/** What names the transaction that begins. */
export type TransactionName =
  | { readonly by: "mysql"; readonly gtid: MysqlGtid }
  | { readonly by: "mariadb"; readonly gtid: MariadbGtid }
  /** No GTID; `at` is where its first event begins. */
  | { readonly by: "none"; readonly at: FilePlace };

export interface Standing {
  /** Whether a position can leave one transaction out and hold later ones. */
  readonly leavesOut: boolean;
  transaction(name: TransactionName, committedAt: number | null): SourceTransaction;
  /** The transaction is whole. */
  reach(name: TransactionName): void;
  readonly position: () => Position;
  /** Holds what is held now; `place` is where the transaction begins that is not whole yet. */
  before(place: FilePlace): Position;
  /** Whether everything at or before `end` is held but for `others`. */
  holds(end: Position, others: readonly TransactionName[]): boolean;
}

export function gtidStanding(set: GtidSet, log: LogFile): Standing {
  return {
    leavesOut: true,
    transaction: (name, committedAt) => {
      if (name.by !== "mysql") throw withoutGtid(name);
      return new MysqlTransaction(name.gtid, committedAt);
    },
    reach: (name) => {
      if (name.by === "mysql") set.add(name.gtid.key, name.gtid.number);
    },
    position: () => setPosition(set.text(), log),
    before: (place) => setPosition(set.text(), place),
    holds: (end, others) => {
      const all = set.copy();
      for (const name of others) if (name.by === "mysql") all.add(name.gtid.key, name.gtid.number);
      return all.holds(setOf(end));
    },
  };
}

export function domainStanding(domains: Map<number, DomainGtid>, log: LogFile): Standing {
  return {
    leavesOut: false,
    transaction: (name, committedAt) => {
      if (name.by !== "mariadb") throw withoutGtid(name);
      const { domain, number } = name.gtid;
      const before = domains.get(domain);
      if (before !== undefined && number <= before.number)
        throw new Fault(
          "log-refused",
          `The source's log has ${domainName(name.gtid)} behind ${domainName({ domain, ...before })}: numbers that do not grow cannot be told apart from what was applied already.`,
          { next: "Set gtid_strict_mode = ON on the source, and begin a new migration." },
        );
      return new DomainTransaction(name.gtid, committedAt);
    },
    reach: (name) => {
      if (name.by === "mariadb")
        domains.set(name.gtid.domain, { server: name.gtid.server, number: name.gtid.number });
    },
    position: () => setPosition(domainsText(domains), log),
    before: (place) => setPosition(domainsText(domains), place),
    holds: (end) => domainsHold(domains, domainsOf(end)),
  };
}

/** `begin` is where reading begins. */
export function fileStanding(begin: FilePlace, log: LogFile): Standing {
  const at = ({ file, offset }: FilePlace): Position => ({ kind: "file", file, offset: String(offset) });
  return {
    leavesOut: false,
    transaction: (name, committedAt) => new FileTransaction(placeOf(name, log), committedAt),
    reach: () => undefined,
    position: () => at(log),
    before: at,
    holds: (end) => compareFiles(log.file === "" ? begin : log, fileOf(end)) >= 0,
  };
}

function setPosition(set: string, { file, offset }: FilePlace): Position {
  return { kind: "gtid", set, file, offset: String(offset) };
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
    const held = domainsOf(position).get(this.#gtid.domain);
    return held !== undefined && this.#gtid.number <= held.number;
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
    return `${this.#at.file}:${String(this.#at.offset)}`;
  }

  /** A position stands between transactions, so one that begins before it ends before it too. */
  within(position: Position): boolean {
    return compareFiles(this.#at, fileOf(position)) < 0;
  }
}

function domainName({ domain, server, number }: DomainGtid & { readonly domain: number }): string {
  return `${String(domain)}-${String(server)}-${String(number)}`;
}

function withoutGtid(name: TransactionName): Fault {
  const at = name.by === "none" ? ` at ${name.at.file}:${String(name.at.offset)}` : "";
  return new Fault(
    "log-refused",
    `The source's log holds a transaction without a GTID${at}, so no position could tell whether it was applied.`,
    { next: "Set gtid_mode = ON on the source again, and begin a new migration." },
  );
}
