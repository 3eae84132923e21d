/**
 * Events of the binary log: their types and the 19 bytes that each begins with. Types of MariaDB stand past 160.
 */

/** By the servers' own names. */
export const types = {
  query: 2,
  stop: 3,
  rotate: 4,
  intvar: 5,
  appendBlock: 9,
  rand: 13,
  userVar: 14,
  formatDescription: 15,
  xid: 16,
  beginLoadQuery: 17,
  executeLoadQuery: 18,
  tableMap: 19,
  writeRows1: 23,
  updateRows1: 24,
  deleteRows1: 25,
  incident: 26,
  heartbeat: 27,
  ignorable: 28,
  rowsQuery: 29,
  writeRows: 30,
  updateRows: 31,
  deleteRows: 32,
  gtid: 33,
  anonymousGtid: 34,
  previousGtids: 35,
  transactionContext: 36,
  viewChange: 37,
  xaPrepare: 38,
  partialUpdateRows: 39,
  transactionPayload: 40,
  heartbeat2: 41,
  gtidTagged: 42,
  annotateRows: 160,
  checkpoint: 161,
  mariadbGtid: 162,
  gtidList: 163,
  startEncryption: 164,
  queryCompressed: 165,
  writeRowsCompressed1: 166,
  updateRowsCompressed1: 167,
  deleteRowsCompressed1: 168,
  writeRowsCompressed: 169,
  updateRowsCompressed: 170,
  deleteRowsCompressed: 171,
} as const;

/** Bytes of the common header. */
export const headerBytes = 19;

/** Seconds since 1970 when the statement began; 0 in events that the server makes up for us. */
export function timestampOf(bytes: Buffer, start: number): number {
  return bytes.readUInt32LE(start);
}

export function typeOf(bytes: Buffer, start: number): number {
  return bytes[start + 4] as number;
}

export function serverIdOf(bytes: Buffer, start: number): number {
  return bytes.readUInt32LE(start + 5);
}

/** Bytes of the event, header and checksum included. */
export function lengthOf(bytes: Buffer, start: number): number {
  return bytes.readUInt32LE(start + 9);
}

/** Low 32 bits of where the event ends in its file; 0 where the server does not say. */
export function endOf(bytes: Buffer, start: number): number {
  return bytes.readUInt32LE(start + 13);
}

/** Whoever does not know the type may pass over it. */
export function isIgnorable(bytes: Buffer, start: number): boolean {
  return (bytes.readUInt16LE(start + 17) & 0x80) !== 0;
}
