/**
 * For how long the source still keeps the log that is needed next: its own term, less the age of what stands at the
 * position. The server shows no times of events, so the beginning of a dump is read there. A server that purges nothing
 * by age, or not by itself, has no term, and then nothing can be told.
 */
import type { Fault } from "../../../src/errors.js";
import type { Position } from "../../../src/model.js";
import { Answer } from "../wire/exchange.js";
import type { Following } from "../wire/exchange.js";
import { firstByte } from "../wire/packets.js";
import type { Wire } from "../wire/wire.js";
import { demandContinuity } from "./continuity.js";
import type { ServerAsked } from "./continuity.js";
import { dumpFault } from "./dump-fault.js";
import { timestampOf, typeOf, types } from "./event.js";
import { fileBefore } from "./positions.js";
import { prepareDump, readerOf } from "./session.js";
import type { DumpStart } from "./session.js";

/** Faults: log-purged, position-unknown. `connect` makes connections that this disposes of. */
export async function readRetention(
  server: ServerAsked,
  position: Position,
  connect: () => Promise<Wire>,
): Promise<number | null> {
  const start = await demandContinuity(server, [position]);
  const files = await server.ask("SHOW BINARY LOGS");
  const place =
    position.kind === "file"
      ? fileBefore(position)
      : { file: position.file, offset: Number(position.offset) };
  // A file that this server does not have (any more): it finds the GTIDs by itself, or says that they are purged.
  const known = files.some(([name]) => name === place.file);
  const term = await termSeconds(server);
  if (known && (term === null || place.offset >= 2 ** 32)) return null;
  const reached = await timeAt(server, known ? { kind: "file", place } : start, connect);
  if (term === null) return null;
  const [[now] = []] = await server.ask("SELECT UNIX_TIMESTAMP()");
  if (now === undefined || now === null) return null;
  // Nothing stands there yet: what comes next is of now.
  const age = reached === null ? 0 : Math.max(Math.floor(Number(now)) - reached, 0);
  return Math.max(term - age, 0);
}

/** Seconds after which the server purges a file by itself; null where age is no reason. The seconds win over the days where both are set. */
async function termSeconds(server: ServerAsked): Promise<number | null> {
  const rows = await server.ask(
    "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('binlog_expire_logs_seconds', 'expire_logs_days', 'binlog_expire_logs_auto_purge')",
  );
  const settings = new Map(rows.map(([name, value]) => [(name ?? "").toLowerCase(), value ?? ""]));
  if (settings.get("binlog_expire_logs_auto_purge") === "OFF") return null;
  const seconds = Number(settings.get("binlog_expire_logs_seconds") ?? "0");
  const days = Number(settings.get("expire_logs_days") ?? "0");
  const term = seconds > 0 ? seconds : days * 86_400;
  return term > 0 ? term : null;
}

/** When the first event there was written; null when there is none yet. At a file's beginning that is when it was begun. */
export async function timeAt(
  server: ServerAsked,
  start: DumpStart,
  connect: () => Promise<Wire>,
): Promise<number | null> {
  const wire = await connect();
  try {
    const [[uuid] = []] = await wire.query("SELECT UUID()");
    const command = await prepareDump(wire, server.engine, start, readerOf(uuid), true);
    const first = new FirstTime(start.kind === "file" && start.place.offset === 4);
    await wire.follow(command, first, "Looking at the source's log");
    return await first.answer.promise;
  } finally {
    await wire[Symbol.asyncDispose]();
  }
}

class FirstTime implements Following {
  readonly answer = new Answer<number | null>();
  /** A file's own beginning counts as an event. */
  readonly #ofFile: boolean;

  constructor(ofFile: boolean) {
    this.#ofFile = ofFile;
  }

  packet(bytes: Buffer, start: number): boolean {
    if (bytes[start] === firstByte.eof) {
      this.answer.give(null);
      return true;
    }
    const at = start + 1;
    const type = typeOf(bytes, at);
    const time = timestampOf(bytes, at);
    if (time === 0 || type === types.rotate || (type === types.formatDescription && !this.#ofFile))
      return false;
    this.answer.give(time);
    return false;
  }

  full(): boolean {
    return false;
  }

  rest(): void {
    // One event is all that is wanted.
  }

  drained(): Promise<void> {
    return Promise.resolve();
  }

  failed(fault: Fault): void {
    this.answer.fail(dumpFault(fault));
  }
}
