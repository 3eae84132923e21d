/**
 * The smallest reader of a binlog that the image tests need: everything from a position to the log's end, its
 * TABLE_MAP and row events, checksums unread. It knows nothing of transactions and is no feed; the product's own is
 * connectors/mysql/binlog.
 */
import { Frames } from "../../connectors/mysql/wire/frames.js";
import type { PacketTaker } from "../../connectors/mysql/wire/frames.js";
import { queryPacket } from "../../connectors/mysql/wire/packets.js";
import { openLink } from "../../connectors/mysql/wire/socket.js";
import type { Receiver } from "../../connectors/mysql/wire/socket.js";
import type { MysqlOptions } from "../../connectors/mysql/connection.js";
import type { ChangeOperation } from "../../src/stream-port.js";

export interface Place {
  readonly file: string;
  readonly at: number;
}

/** Takes what the log has. Bytes are valid during the call only. */
export interface LogTaker {
  /** The body of a TABLE_MAP event and its table's id. */
  tableMap(id: number, bytes: Buffer, start: number, end: number): void;
  /** The images of a rows event: bytes [start, end), whose columns are all there. */
  rows(id: number, operation: ChangeOperation, bytes: Buffer, start: number, end: number): void;
}

const operations: Readonly<Record<number, ChangeOperation>> = {
  23: "insert",
  24: "update",
  25: "delete",
  30: "insert",
  31: "update",
  32: "delete",
};

/** Bytes at the end of every event of servers with binlog_checksum = CRC32, their default. */
const checksum = 4;

/** Reads on to the log's end. `options` are of an account that may replicate. */
export async function dump(options: MysqlOptions, from: Place, taker: LogTaker): Promise<void> {
  const frames = new Frames();
  let onPacket: (bytes: Buffer, start: number, end: number) => void = () => undefined;
  let onLost: (cause: Error) => void = () => undefined;
  const packets: PacketTaker = { packet: (bytes, start, end) => onPacket(bytes, start, end) };
  const guarded = (act: () => void): void => {
    try {
      act();
    } catch (error) {
      onLost(error instanceof Error ? error : new Error(String(error)));
    }
  };
  const receiver: Receiver = {
    space: () => frames.space(),
    landed: (count) => guarded(() => frames.landed(count, packets)),
    copied: (bytes) => guarded(() => frames.copied(bytes, packets)),
    lost: (cause) => onLost(cause),
  };
  const { socket } = await openLink(options, receiver);
  /** Sends a packet and takes those that come, until one is said to be the last. */
  const ask = (packet: Buffer, last: (bytes: Buffer, start: number, end: number) => boolean): Promise<void> =>
    new Promise((resolve, reject) => {
      onLost = reject;
      onPacket = (bytes, start, end) => {
        if (bytes[start] === 0xff) reject(new Error(bytes.toString("utf8", start + 9, end)));
        else if (last(bytes, start, end)) resolve();
      };
      socket.write(packet);
    });
  try {
    for (const sql of ["SET @master_binlog_checksum = 'CRC32'", "SET @mariadb_slave_capability = 4"])
      await ask(queryPacket(sql), () => true);
    await ask(dumpPacket(from), (bytes, start, end) => {
      if (bytes[start] === 0xfe && end - start < 9) return true;
      event(bytes, start + 1, end - checksum, taker);
      return false;
    });
  } finally {
    socket.destroy();
  }
}

/** COM_BINLOG_DUMP that ends at the log's end. */
function dumpPacket({ file, at }: Place): Buffer {
  const packet = Buffer.alloc(4 + 11 + file.length);
  packet.writeUIntLE(11 + file.length, 0, 3);
  packet[4] = 0x12;
  packet.writeUInt32LE(at, 5);
  packet.writeUInt16LE(1, 9);
  packet.writeUInt32LE(4_000_000_000 + (process.pid % 100_000_000), 11);
  packet.write(file, 15, "latin1");
  return packet;
}

function event(bytes: Buffer, start: number, end: number, taker: LogTaker): void {
  const type = bytes[start + 4]!;
  let at = start + 19;
  if (type === 19) taker.tableMap(bytes.readUIntLE(at, 6), bytes, at, end);
  const operation = operations[type];
  if (operation === undefined) return;
  const id = bytes.readUIntLE(at, 6);
  at += 8;
  if (type >= 30) at += bytes.readUInt16LE(at);
  let columns = bytes[at++]!;
  if (columns === 0xfc) {
    columns = bytes.readUInt16LE(at);
    at += 2;
  }
  at += ((columns + 7) >> 3) * (operation === "update" ? 2 : 1);
  taker.rows(id, operation, bytes, at, end);
}
