/**
 * Positions read back from their texts, each once: a lane's position is asked for every transaction that passes it.
 * A set of MySQL's GTIDs can have holes. MariaDB's domains and places in files cannot, so that what was prepared and
 * has not ended is listed beside them; reading begins before the first of these.
 */
import { Fault } from "../../../src/errors.js";
import type { Position, SourceEngine } from "../../../src/model.js";
import { parseDomains } from "./domains.js";
import type { DomainLeftOut, Domains } from "./domains.js";
import { GtidSet } from "./gtid-set.js";
import { compareFiles } from "./log-file.js";
import type { FilePlace } from "./log-file.js";

interface InDomains {
  readonly last: Domains;
  readonly without: readonly DomainLeftOut[];
}

interface InFiles {
  readonly place: FilePlace;
  readonly without: readonly FilePlace[];
}

const sets = new WeakMap<Position, GtidSet>();
const domains = new WeakMap<Position, InDomains>();
const files = new WeakMap<Position, InFiles>();

/** Not to be changed: it is kept. */
export function setOf(position: Position): GtidSet {
  let set = sets.get(position);
  if (set === undefined) {
    set = GtidSet.parse(textOf(position));
    sets.set(position, set);
  }
  return set;
}

export function domainsOf(position: Position): Domains {
  return inDomains(position).last;
}

export function fileOf(position: Position): FilePlace {
  return inFiles(position).place;
}

export function domainWithin(position: Position, domain: number, number: bigint): boolean {
  const { last, without } = inDomains(position);
  const held = last.get(domain);
  if (held === undefined || number > held.number) return false;
  return !without.some((one) => one.domain === domain && one.number === number);
}

/** A position stands between transactions, so one that begins before it ends before it too. */
export function fileWithin(position: Position, begin: FilePlace): boolean {
  const { place, without } = inFiles(position);
  return compareFiles(begin, place) < 0 && !without.some((one) => compareFiles(one, begin) === 0);
}

/** Behind what reading has to begin, to meet all that the position does not hold. */
export function domainsBefore(position: Position): Domains {
  const { last, without } = inDomains(position);
  if (without.length === 0) return last;
  const begin = new Map(last);
  for (const { domain, after } of without) {
    const known = begin.get(domain);
    if (known === undefined) continue;
    if (after === null) begin.delete(domain);
    else if (after.number < known.number) begin.set(domain, after);
  }
  return begin;
}

export function fileBefore(position: Position): FilePlace {
  const { place, without } = inFiles(position);
  return without.reduce((first, one) => (compareFiles(one, first) < 0 ? one : first), place);
}

/** Whether `later` holds everything that `earlier` does. */
export function positionHolds(engine: SourceEngine, later: Position, earlier: Position): boolean {
  if (later.kind !== earlier.kind) throw otherKind();
  if (later.kind === "file")
    return (
      compareFiles(fileOf(later), fileOf(earlier)) >= 0 &&
      !inFiles(later).without.some((one) => fileWithin(earlier, one))
    );
  if (engine !== "mariadb") return setOf(later).holds(setOf(earlier));
  const { last, without } = inDomains(later);
  for (const [domain, { number }] of domainsOf(earlier)) {
    const here = last.get(domain);
    if (here === undefined || here.number < number) return false;
  }
  return !without.some(({ domain, number }) => domainWithin(earlier, domain, number));
}

function inDomains(position: Position): InDomains {
  let known = domains.get(position);
  if (known === undefined) {
    known = {
      last: parseDomains(textOf(position)),
      without: (position.without ?? []).map(({ name, after }) => {
        const [[domain, gtid] = []] = parseDomains(name);
        if (domain === undefined || gtid === undefined)
          throw new Fault("position-unknown", `"${name}" is no GTID of MariaDB.`);
        return { ...gtid, domain, after: parseDomains(after ?? "").get(domain) ?? null };
      }),
    };
    domains.set(position, known);
  }
  return known;
}

function inFiles(position: Position): InFiles {
  let known = files.get(position);
  if (known === undefined) {
    if (position.kind !== "file") throw otherKind();
    known = {
      place: placeOf(position.file, position.offset),
      without: (position.without ?? []).map(({ name }) => {
        const colon = name.lastIndexOf(":");
        return placeOf(name.slice(0, Math.max(colon, 0)), name.slice(colon + 1));
      }),
    };
    files.set(position, known);
  }
  return known;
}

function placeOf(file: string, offset: string): FilePlace {
  if (!/^\d{1,15}$/u.test(offset)) throw new Fault("position-unknown", `"${offset}" is no place in a file.`);
  return { file, offset: Number(offset) };
}

function textOf(position: Position): string {
  if (position.kind !== "gtid") throw otherKind();
  return position.set;
}

function otherKind(): Fault {
  return new Fault(
    "position-unknown",
    "One position is a set of GTIDs and the other a place in a file: gtid_mode of the source was changed in between.",
    { next: "Set gtid_mode back to what it was when the migration began, or begin a new one." },
  );
}
