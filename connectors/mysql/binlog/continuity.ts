/**
 * Whether this server's log goes on where the applied positions end, asked before a dump begins: it must hold all that
 * they hold, and still have everything after them. By GTIDs it may be another server than before; a place in a file
 * means something on the server alone that gave it.
 */
import { Fault } from "../../../src/errors.js";
import type { Position, SourceEngine } from "../../../src/model.js";
import type { Ask } from "../position.js";
import { demandIdentity, identityOf, identityVariables } from "../server-identity.js";
import { commonDomains } from "./domains.js";
import { GtidSet } from "./gtid-set.js";
import { compareFiles, isOneSeries } from "./log-file.js";
import type { FilePlace } from "./log-file.js";
import { domainsBefore, domainsOf, fileBefore, fileOf, setOf } from "./positions.js";
import type { DumpStart } from "./session.js";

export interface ServerAsked {
  readonly ask: Ask;
  readonly engine: SourceEngine;
  /** host:port. */
  readonly place: string;
  /** Identity of the server that answered first, where one did. */
  readonly expect: string | undefined;
}

/** Where a dump is to begin that misses nothing of what is not in all of these. Faults: position-unknown, log-purged, server-changed. */
export async function demandContinuity(server: ServerAsked, from: readonly Position[]): Promise<DumpStart> {
  const [first] = from;
  if (first === undefined) throw new Fault("bug", "The log was to be read from no position.");
  // By GTIDs another server may go on too, but not in the middle of a run: what was copied and cut is proven as one begins,
  // and an older connection would answer for the server before.
  const here = await askIdentity(server);
  demandIdentity(server.place, server.expect, here);
  if (first.kind === "file") return fromFiles(server, from);
  const start = server.engine === "mariadb" ? await fromDomains(server, from) : await fromSets(server, from);
  await demandLength(server, here, from);
  return start;
}

export async function askIdentity({ ask }: ServerAsked): Promise<string> {
  const names = identityVariables.map((name) => `'${name}'`).join(", ");
  return identityOf(await ask(`SHOW VARIABLES WHERE Variable_name IN (${names})`));
}

/**
 * A crash may take the end of the log with it, and the numbers of what was lost are given to others: by them alone it
 * would look as if all were there. The file in which they stood stays as short as it is.
 */
async function demandLength(server: ServerAsked, here: string, from: readonly Position[]): Promise<void> {
  const mine = from.filter((position) => position.kind === "gtid" && position.server === here);
  if (mine.length === 0) return;
  const files = await server.ask("SHOW BINARY LOGS");
  const newest = files.at(-1)?.[0] ?? "";
  for (const position of mine) {
    const { file, offset } = readEnd(position);
    const size = files.find(([name]) => name === file)?.[1];
    // Under another name than before, the log's files say nothing of how long it was.
    const ahead =
      size === undefined &&
      isOneSeries(file, newest) &&
      compareFiles({ file, offset: 0 }, { file: newest, offset: 0 }) > 0;
    if (ahead || (size !== undefined && size !== null && Number(offset) > Number(size)))
      throw new Fault(
        "position-unknown",
        "The source's log is shorter than what is applied of it: the server has lost its end, or was begun anew.",
        { facts: { applied: `${file}:${offset}`, newest } },
      );
  }
}

/**
 * A log that was begun anew (RESET BINARY LOGS AND GTIDS, RESET MASTER) gives the same file names, offsets and numbers to
 * other transactions, and as soon as it is long enough all seems to be there. The file in which what is applied ends was
 * begun at another time then. One that is gone says nothing: its name does not come back.
 */
export async function demandSameLog(
  server: ServerAsked,
  from: readonly Position[],
  begunAt: (file: string) => Promise<number | null>,
): Promise<void> {
  const here = await askIdentity(server);
  const known = new Map<string, number>();
  for (const position of from)
    if (position.made !== undefined && (position.kind === "file" || position.server === here))
      known.set(readEnd(position).file, position.made);
  if (known.size === 0) return;
  const files = new Set((await server.ask("SHOW BINARY LOGS")).map(([name]) => name));
  for (const [file, made] of known) {
    const begun = files.has(file) ? await begunAt(file) : made;
    if (begun === null || begun === made) continue;
    throw new Fault(
      "position-unknown",
      `The source's log is not the one that is applied up to ${file}: it was begun anew since (RESET BINARY LOGS AND GTIDS, RESET MASTER), and what it had is lost.`,
      { facts: { file, applied: made, found: begun } },
    );
  }
}

/** What is applied ends there; with something left out, reading begins before. */
function readEnd(position: Position): { readonly file: string; readonly offset: string } {
  return position.kind === "gtid" ? (position.end ?? position) : position;
}

async function fromSets({ ask }: ServerAsked, from: readonly Position[]): Promise<DumpStart> {
  const [[executedText, purgedText, mode] = []] = await ask(
    "SELECT @@GLOBAL.gtid_executed, @@GLOBAL.gtid_purged, @@GLOBAL.gtid_mode",
  );
  if (mode !== "ON")
    throw new Fault(
      "position-unknown",
      `What is applied is a set of GTIDs, and the source's gtid_mode is ${mode ?? "unknown"}.`,
      { next: "SET gtid_mode back to ON on the source." },
    );
  const executed = GtidSet.parse(executedText ?? "");
  const purged = GtidSet.parse(purgedText ?? "");
  let set: GtidSet | undefined;
  for (const position of from) {
    const applied = setOf(position);
    if (!executed.holds(applied))
      throw new Fault(
        "position-unknown",
        "The source does not have all transactions that are applied already: it is another server, or was restored.",
        { facts: { applied: short(applied), executed: short(executed) } },
      );
    set = set === undefined ? applied.copy() : set.common(applied);
  }
  set ??= new GtidSet();
  if (!set.holds(purged))
    throw new Fault("log-purged", "The source has thrown away a part of its log that is not applied yet.", {
      facts: { applied: short(set), purged: short(purged) },
    });
  return { kind: "set", set };
}

/** What of the log is purged the server itself says when the dump begins. */
async function fromDomains({ ask }: ServerAsked, from: readonly Position[]): Promise<DumpStart> {
  const [[stateText] = []] = await ask("SELECT @@GLOBAL.gtid_binlog_state");
  const logged = new Map<string, bigint>();
  for (const gtid of (stateText ?? "").split(",")) {
    const [domain, server, number] = gtid.trim().split("-");
    if (number !== undefined) logged.set(`${domain ?? ""}-${server ?? ""}`, BigInt(number));
  }
  for (const position of from)
    for (const [domain, { server, number }] of domainsOf(position))
      if ((logged.get(`${String(domain)}-${String(server)}`) ?? -1n) < number)
        throw new Fault(
          "position-unknown",
          "The source's log does not have all transactions that are applied already: it is another server, or was restored.",
          { facts: { applied: position.kind === "gtid" ? position.set : "", logged: stateText ?? "" } },
        );
  const domains = from.map(domainsBefore).reduce((all, one) => commonDomains(all, one));
  return { kind: "domains", domains };
}

async function fromFiles({ ask }: ServerAsked, from: readonly Position[]): Promise<DumpStart> {
  const files = await ask("SHOW BINARY LOGS");
  const places = from.flatMap((position) => [fileOf(position), fileBefore(position)]);
  const first = places.reduce((all, one) => (compareFiles(all, one) <= 0 ? all : one));
  for (const place of places) demandFile(files, place);
  return { kind: "file", place: first };
}

function demandFile(files: readonly (readonly (string | null)[])[], place: FilePlace): void {
  const found = files.find(([name]) => name === place.file);
  const oldest = files[0]?.[0] ?? "";
  const facts = { applied: `${place.file}:${String(place.offset)}`, oldest };
  if (found === undefined && oldest !== "" && compareFiles(place, { file: oldest, offset: 4 }) < 0)
    throw new Fault("log-purged", "The source has thrown away a part of its log that is not applied yet.", {
      facts,
    });
  if (found === undefined || place.offset > Number(found[1] ?? "0"))
    throw new Fault(
      "position-unknown",
      "The source's log does not reach the position that is applied: it was begun anew, or the server restored.",
      { facts },
    );
}

function short(set: GtidSet): string {
  return set.text().slice(0, 1000);
}
