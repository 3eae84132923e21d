/**
 * The events of a dump, one after the other: checks each event's checksum, follows the files of the log, unpacks
 * compressed transactions, and passes on what belongs to transactions. A fault that the log is the cause of says where.
 */
import { Fault } from "../../../src/errors.js";
import { crc32 } from "./crc32.js";
import { endOf, headerBytes, lengthOf, timestampOf, typeOf, types } from "./event.js";
import { Group } from "./group.js";
import type { GroupParts } from "./group.js";
import { compareFiles } from "./log-file.js";
import type { FilePlace } from "./log-file.js";
import { Payload } from "./payload.js";

export class EventStream {
  readonly #parts: GroupParts;
  readonly group: Group;
  /** Bytes of the checksum that ends an event; null before the log has said so. */
  #checksum: number | null = null;
  #payload: Payload | null = null;
  readonly #after: FilePlace | null;
  readonly #inner = (bytes: Buffer, start: number, end: number): void => {
    this.group.take(typeOf(bytes, start), bytes, start, start + headerBytes, end);
  };

  /** `after`: events up to there are passed over; null where the dump begins at the right place itself. */
  constructor(parts: GroupParts, after: FilePlace | null = null) {
    this.#parts = parts;
    this.#after = after;
    this.group = new Group(parts);
  }

  /** An event is not handed over to its end: `goOn`. */
  get broken(): boolean {
    return this.#payload !== null || this.group.replaying;
  }

  /** Nothing more is read. */
  [Symbol.dispose](): void {
    this.group.close();
  }

  /** One event in bytes [start, end). */
  event(bytes: Buffer, start: number, end: number): void {
    try {
      this.#event(bytes, start, end);
    } catch (error) {
      throw this.#placed(error);
    }
  }

  /** Hands over the rest of an event until it ends or the sink is full. */
  goOn(): void {
    try {
      this.group.goOn();
      if (!this.group.replaying) this.#unpack();
    } catch (error) {
      throw this.#placed(error);
    }
  }

  /** Everything that has come is handed over: what a lane has got so far needs to wait for nothing else. */
  rest(): void {
    const { log, sink, standing } = this.#parts;
    if (this.broken || this.group.inside || log.file === "") return;
    if (this.#after === null || compareFiles(log, this.#after) > 0) sink.idle(standing.position);
  }

  #event(bytes: Buffer, start: number, end: number): void {
    const { log, sink, standing } = this.#parts;
    if (end - start < headerBytes || lengthOf(bytes, start) !== end - start)
      throw new Fault("log-refused", "An event of the source's log is shorter or longer than it says.");
    const type = typeOf(bytes, start);
    if (type === types.formatDescription) this.#checksum = checksumOf(bytes, end);
    const body = end - this.#checked(bytes, start, end);
    const at = start + headerBytes;
    let payload: Payload;
    switch (type) {
      case types.rotate:
        log.rotate(bytes.toString("utf8", at + 8, body), Number(bytes.readBigUInt64LE(at)));
        return;
      case types.heartbeat:
      case types.heartbeat2:
        if (!this.group.inside) sink.idle(standing.position);
        return;
      case types.formatDescription:
        log.made = timestampOf(bytes, start);
        log.pass(type, end - start, endOf(bytes, start));
        return;
      case types.transactionPayload:
        if (this.#passedOver(type, bytes, start, end)) return;
        payload = new Payload(bytes, at, body);
        this.#payload = payload;
        this.#unpack();
        // The packet's place is used again.
        if (this.broken) payload.keep();
        return;
      default:
        if (this.#passedOver(type, bytes, start, end)) return;
        this.group.take(type, bytes, start, at, body);
    }
  }

  #passedOver(type: number, bytes: Buffer, start: number, end: number): boolean {
    const { log } = this.#parts;
    log.pass(type, end - start, endOf(bytes, start));
    return this.#after !== null && compareFiles(log, this.#after) <= 0;
  }

  #unpack(): void {
    const { sink } = this.#parts;
    while (this.#payload !== null) {
      if (this.#payload.step(this.#inner)) this.#payload = null;
      else if (sink.full()) return;
    }
  }

  /** Bytes of the checksum; throws when it is not that of the event. */
  #checked(bytes: Buffer, start: number, end: number): number {
    // What comes before the log's own word may have one or not.
    if (this.#checksum === null) return crc32(bytes, start, end - 4) === bytes.readUInt32LE(end - 4) ? 4 : 0;
    if (this.#checksum > 0 && crc32(bytes, start, end - 4) !== bytes.readUInt32LE(end - 4))
      throw new Fault("log-refused", "An event of the source's log is not what its checksum says.", {
        next: "Run the same command again; where it fails at the same place, check the source's disk (mysqlbinlog --verify-binlog-checksum).",
      });
    return typeOf(bytes, start) === types.formatDescription ? 4 : this.#checksum;
  }

  #placed(error: unknown): unknown {
    if (!(error instanceof Fault) || error.facts["at"] !== undefined) return error;
    if (!["log-refused", "schema-changed", "type-pair", "file-refused"].includes(error.code)) return error;
    const at = this.group.place;
    return new Fault(error.code, `${error.message} It is at ${at}.`, {
      next: error.next,
      facts: { ...error.facts, at },
      cause: error,
    });
  }
}

/** What FORMAT_DESCRIPTION says of the events after it; it has room for one itself in any case. */
function checksumOf(bytes: Buffer, end: number): number {
  const algorithm = bytes[end - 5];
  if (algorithm !== 0 && algorithm !== 1)
    throw new Fault(
      "log-refused",
      `The source's log has checksums of a kind (${String(algorithm)}) that Headgate does not know.`,
    );
  return algorithm * 4;
}
