/**
 * Opens a dump: the session's words that a replica would say, and the command. Each run has a server id and a uuid of
 * its own: with those of another reader it would take the stream from it, or lose its own to it.
 */
import { Fault } from "../../../src/errors.js";
import type { SourceEngine } from "../../../src/model.js";
import { commandPacket } from "../wire/packets.js";
import type { Wire } from "../wire/wire.js";
import { crc32 } from "./crc32.js";
import { domainsText } from "./domains.js";
import type { Domains } from "./domains.js";
import type { GtidSet } from "./gtid-set.js";
import type { FilePlace } from "./log-file.js";

/** How this reader calls itself. */
export interface Reader {
  readonly serverId: number;
  readonly uuid: string;
}

/** `uuid` is one that the source made up. Ids of real servers are small, so that the upper half is free of them. */
export function readerOf(uuid: string | null | undefined): Reader {
  if (uuid === null || uuid === undefined || !/^[0-9a-f-]{36}$/u.test(uuid))
    throw new Fault("bug", "The source made up no UUID.");
  const name = Buffer.from(uuid);
  return { serverId: 2 ** 31 + (crc32(name, 0, name.length) % (2 ** 31 - 1)), uuid };
}

/** Where a dump begins. */
export type DumpStart =
  | { readonly kind: "set"; readonly set: GtidSet }
  | { readonly kind: "domains"; readonly domains: Domains }
  | { readonly kind: "file"; readonly place: FilePlace };

/** Milliseconds between the source's signs of life. */
export const heartbeatMs = 1000;

/** A pause of ours fills the socket; with the server's 60 seconds it would hang up on us. */
const writeTimeoutSeconds = 86_400;

const dumpFlags = { nonBlock: 1, throughGtid: 4 } as const;

/** Makes the session ready; the command to send. `untilEnd`: the server ends the dump at its log's end. */
export async function prepareDump(
  wire: Wire,
  engine: SourceEngine,
  start: DumpStart,
  reader: Reader,
  untilEnd: boolean,
): Promise<Buffer> {
  const period = String(heartbeatMs * 1_000_000);
  await wire.query(`SET SESSION net_write_timeout = ${String(writeTimeoutSeconds)}`);
  await wire.query(
    "SET @master_binlog_checksum = 'CRC32', @source_binlog_checksum = 'CRC32', " +
      `@master_heartbeat_period = ${period}, @source_heartbeat_period = ${period}, ` +
      `@slave_uuid = '${reader.uuid}', @replica_uuid = '${reader.uuid}'`,
  );
  if (engine === "mariadb") {
    await wire.query("SET @mariadb_slave_capability = 4");
    // In strict mode the source refuses where numbers did not grow long before; what comes from here on is looked at here.
    if (start.kind === "domains")
      await wire.query(
        `SET @slave_connect_state = '${domainsText(start.domains)}', @slave_gtid_strict_mode = 0, @slave_gtid_ignore_duplicates = 0`,
      );
  }
  const flags = untilEnd ? dumpFlags.nonBlock : 0;
  if (start.kind === "set") return dumpFromSet(start.set, flags, reader.serverId);
  return dumpFromFile(start.kind === "file" ? start.place : { file: "", offset: 4 }, flags, reader.serverId);
}

/** COM_BINLOG_DUMP_GTID. */
function dumpFromSet(set: GtidSet, flags: number, serverId: number): Buffer {
  const sids = set.wire();
  const head = Buffer.alloc(22);
  head.writeUInt16LE(flags | dumpFlags.throughGtid, 0);
  head.writeUInt32LE(serverId, 2);
  // No file's name, and the first place of a file.
  head.writeBigUInt64LE(4n, 10);
  head.writeUInt32LE(sids.length, 18);
  return commandPacket(0x1e, Buffer.concat([head, sids]));
}

/** Whether a dump may begin there: its command has 32 bits for the place. From elsewhere the file is read from its beginning. */
export function isReachable(place: FilePlace): boolean {
  return place.offset < 2 ** 32;
}

/** COM_BINLOG_DUMP. */
function dumpFromFile(place: FilePlace, flags: number, serverId: number): Buffer {
  const head = Buffer.alloc(10);
  head.writeUInt32LE(isReachable(place) ? place.offset : 4, 0);
  head.writeUInt16LE(flags, 4);
  head.writeUInt32LE(serverId, 6);
  return commandPacket(0x12, Buffer.concat([head, Buffer.from(place.file)]));
}
