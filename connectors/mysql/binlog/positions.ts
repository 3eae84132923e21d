/**
 * Positions read back from their texts, each once: a lane's position is asked for every transaction that passes it.
 */
import { Fault } from "../../../src/errors.js";
import type { Position, SourceEngine } from "../../../src/model.js";
import { domainsHold, parseDomains } from "./domains.js";
import type { Domains } from "./domains.js";
import { GtidSet } from "./gtid-set.js";
import { compareFiles } from "./log-file.js";
import type { FilePlace } from "./log-file.js";

const sets = new WeakMap<Position, GtidSet>();
const domains = new WeakMap<Position, Domains>();
const files = new WeakMap<Position, FilePlace>();

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
  let known = domains.get(position);
  if (known === undefined) {
    known = parseDomains(textOf(position));
    domains.set(position, known);
  }
  return known;
}

export function fileOf(position: Position): FilePlace {
  let place = files.get(position);
  if (place === undefined) {
    if (position.kind !== "file") throw otherKind();
    const offset = Number(position.offset);
    if (!/^\d{1,15}$/u.test(position.offset))
      throw new Fault("position-unknown", `"${position.offset}" is no place in a file.`);
    place = { file: position.file, offset };
    files.set(position, place);
  }
  return place;
}

/** Whether `later` holds everything that `earlier` does. */
export function positionHolds(engine: SourceEngine, later: Position, earlier: Position): boolean {
  if (later.kind !== earlier.kind) throw otherKind();
  if (later.kind === "file") return compareFiles(fileOf(later), fileOf(earlier)) >= 0;
  return engine === "mariadb"
    ? domainsHold(domainsOf(later), domainsOf(earlier))
    : setOf(later).holds(setOf(earlier));
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
