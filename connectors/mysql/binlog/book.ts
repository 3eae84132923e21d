/**
 * The source's positions for a feed that reads its log at second hand (Kafka): which transaction a position holds, how far
 * the feed has come, and which numbers of a server were left out on the way. Only GTIDs say the latter, so a source
 * without them has no such book.
 */
import { Fault } from "../../../src/errors.js";
import type { Position, SourceEngine } from "../../../src/model.js";
import type {
  BookStanding,
  LogPlace,
  PositionBook,
  SourceTransaction,
  Unheard,
} from "../../../src/stream-port.js";
import { commonDomains, domainName, domainsText, parseDomains } from "./domains.js";
import { parseStretches, stretchText } from "./domain-stretch.js";
import type { DomainGtid } from "./domains.js";
import { GtidSet } from "./gtid-set.js";
import { domainWithin, domainsOf, positionHolds, setOf } from "./positions.js";
import { Where } from "./where.js";
import { Writers } from "./writers.js";

export function positionBook(engine: SourceEngine): PositionBook {
  return {
    holds: (later, earlier) => positionHolds(engine, later, earlier),
    within: (position, at) =>
      engine === "mariadb" ? withinDomains(position, domainGtidOf(at)) : withinSet(position, setGtidOf(at)),
    precedes(one, other) {
      if (engine === "mariadb") {
        const [a, b] = [domainGtidOf(one), domainGtidOf(other)];
        return a.domain === b.domain && a.number < b.number;
      }
      const [a, b] = [setGtidOf(one), setGtidOf(other)];
      return a.key === b.key && a.number < b.number;
    },
    ordered: (one, other) =>
      engine === "mariadb"
        ? domainGtidOf(one).domain === domainGtidOf(other).domain
        : setGtidOf(one).key === setGtidOf(other).key,
    standing(from) {
      for (const position of from) demandGtids(position);
      return engine === "mariadb" ? new DomainBook(from) : new SetBook(from);
    },
  };
}

/** The last texts that were asked for: one transaction asks many times. */
class Remembered<T> {
  readonly #read: (text: string) => T;
  #text = "";
  #value: T | undefined;

  constructor(read: (text: string) => T) {
    this.#read = read;
  }

  of(text: string): T {
    if (text !== this.#text || this.#value === undefined) {
      this.#value = this.#read(text);
      this.#text = text;
    }
    return this.#value;
  }
}

/** A GTID of MySQL; `key` is `uuid` or `uuid:tag`. */
export interface SetGtid {
  readonly key: string;
  readonly number: bigint;
}

const setGtids = new Remembered((text): SetGtid | null => {
  const match = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?::[a-z_][a-z0-9_]{0,31})?):(\d{1,19})$/u.exec(
    text.toLowerCase(),
  );
  return match === null ? null : { key: match[1] ?? "", number: BigInt(match[2] ?? "") };
});

const domainGtids = new Remembered((text): (DomainGtid & { readonly domain: number }) | null => {
  if (!/^\d+-\d+-\d+$/u.test(text)) return null;
  const [[domain, gtid] = []] = parseDomains(text);
  return domain === undefined || gtid === undefined ? null : { ...gtid, domain };
});

export function setGtidOf({ gtid }: LogPlace): SetGtid {
  return gtid === null ? withoutGtid() : (setGtids.of(gtid) ?? withoutGtid(gtid));
}

function domainGtidOf({ gtid }: LogPlace): DomainGtid & { readonly domain: number } {
  return gtid === null ? withoutGtid() : (domainGtids.of(gtid) ?? withoutGtid(gtid));
}

function withinSet(position: Position, { key, number }: SetGtid): boolean {
  return setOf(position).has(key, number);
}

function withinDomains(
  position: Position,
  { domain, number }: DomainGtid & { readonly domain: number },
): boolean {
  return domainWithin(position, domain, number);
}

class BookTransaction implements SourceTransaction {
  readonly name: string;
  readonly committedAt: number | null;
  readonly within: (position: Position) => boolean;

  constructor(name: string, committedAt: number | null, within: (position: Position) => boolean) {
    this.name = name;
    this.committedAt = committedAt;
    this.within = within;
  }
}

class SetBook implements BookStanding {
  readonly #set: GtidSet;
  /** The set, and numbers that the log does not have. */
  readonly #known: GtidSet;
  readonly #where: Where;
  readonly position = (): Position => this.#where.position(this.#set.text());
  readonly misplaced = (at: LogPlace): boolean => this.#where.belies(at, this.has(at));

  constructor(from: readonly Position[]) {
    const [first, ...others] = from.map(setOf);
    let set = first?.copy() ?? new GtidSet();
    for (const other of others) set = set.common(other);
    this.#set = set;
    this.#known = set.copy();
    this.#where = new Where(from);
  }

  transaction(at: LogPlace, committedAt: number | null): SourceTransaction {
    const gtid = setGtidOf(at);
    return new BookTransaction(`${gtid.key}:${String(gtid.number)}`, committedAt, (position) =>
      withinSet(position, gtid),
    );
  }

  has(at: LogPlace): boolean {
    const { key, number } = setGtidOf(at);
    return this.#set.has(key, number);
  }

  isNew(at: LogPlace): boolean {
    return !this.#known.hasAny(setGtidOf(at).key);
  }

  missing(at: LogPlace): Unheard | null {
    const { key, number } = setGtidOf(at);
    const missing = this.#known.missingBelow(key, number);
    return missing === null ? null : { names: missing.text(), count: String(missing.count) };
  }

  reach(at: LogPlace): void {
    const { key, number } = setGtidOf(at);
    this.#set.add(key, number);
    this.#known.add(key, number);
    this.#where.move(at);
  }

  excuse({ names }: Unheard): void {
    this.#known.addAll(GtidSet.parse(names));
  }
}

class DomainBook implements BookStanding {
  readonly #domains: Map<number, DomainGtid>;
  /** By domain, the last number that is met or excused. */
  readonly #known: Map<number, bigint>;
  readonly #where: Where;
  readonly #writers: Writers;
  readonly position = (): Position => this.#where.position(domainsText(this.#domains));
  readonly misplaced = (at: LogPlace): boolean => this.#where.belies(at, this.has(at));

  constructor(from: readonly Position[]) {
    for (const { without } of from)
      if (without !== undefined && without.length > 0)
        throw new Fault(
          "prepared-transactions",
          `${without.map(({ name }) => name).join(", ")} is prepared and has not ended: change topics do not tell of its end.`,
        );
    const [first, ...others] = from.map(domainsOf);
    this.#domains = new Map(
      others.reduce((all, one) => commonDomains(all, one), first ?? new Map<number, DomainGtid>()),
    );
    this.#known = new Map([...this.#domains].map(([domain, { number }]) => [domain, number]));
    this.#where = new Where(from);
    this.#writers = new Writers(this.#where.position(""));
  }

  transaction(at: LogPlace, committedAt: number | null): SourceTransaction {
    const gtid = domainGtidOf(at);
    return new BookTransaction(domainName(gtid), committedAt, (position) => withinDomains(position, gtid));
  }

  /** Fault log-refused. */
  has(at: LogPlace): boolean {
    const gtid = domainGtidOf(at);
    const last = this.#domains.get(gtid.domain);
    if (last === undefined || gtid.number > last.number) return false;
    this.#writers.demandSame(gtid, last, at);
    return true;
  }

  isNew(at: LogPlace): boolean {
    return !this.#known.has(domainGtidOf(at).domain);
  }

  missing(at: LogPlace): Unheard | null {
    const { domain, number } = domainGtidOf(at);
    const first = (this.#known.get(domain) ?? 0n) + 1n;
    if (first >= number) return null;
    return { names: stretchText({ domain, first, last: number - 1n }), count: String(number - first) };
  }

  reach(at: LogPlace): void {
    const gtid = domainGtidOf(at);
    const { domain, server, number } = gtid;
    this.#domains.set(domain, { server, number });
    this.#writers.note(gtid);
    if ((this.#known.get(domain) ?? 0n) < number) this.#known.set(domain, number);
    this.#where.move(at);
  }

  excuse({ names }: Unheard): void {
    for (const { domain, last } of parseStretches(names))
      if ((this.#known.get(domain) ?? 0n) < last) this.#known.set(domain, last);
  }
}

/** A single transaction as a witness takes it. */
export function namedAlone(engine: SourceEngine, at: LogPlace): Unheard {
  if (engine === "mariadb") {
    const { domain, number } = domainGtidOf(at);
    return { names: stretchText({ domain, first: number, last: number }), count: "1" };
  }
  const { key, number } = setGtidOf(at);
  return { names: `${key}:${String(number)}`, count: "1" };
}

function demandGtids(position: Position): void {
  if (position.kind === "gtid") return;
  throw new Fault(
    "position-unknown",
    "Over change topics a position is a set of GTIDs, and the source writes its log without them.",
    { next: "Set gtid_mode = ON on the source and begin a new migration, or feed: { kind: binlog }." },
  );
}

function withoutGtid(text?: string): never {
  throw new Fault(
    "position-unknown",
    text === undefined
      ? "A record of a change topic names no GTID, so no position can tell whether it was applied."
      : `A record of a change topic names "${text.slice(0, 100)}" where the source's GTIDs are of another form.`,
    { next: "Set gtid_mode = ON on the source and begin a new migration, or feed: { kind: binlog }." },
  );
}
