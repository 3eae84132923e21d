/**
 * The type numbers that a TABLE_MAP event gives its columns, of MySQL and MariaDB together, and which of them the
 * event's optional bitmaps and lists count. A column that is missing in one of these lists shifts the signedness,
 * character set or labels of every column after it, so they stand here once.
 */
import type { SourceEngine } from "../../../src/model.js";

export const logTypes = {
  tiny: 1,
  short: 2,
  long: 3,
  float: 4,
  double: 5,
  /** Seconds, four bytes little-endian; MariaDB's fractions with the old format big-endian. */
  oldTimestamp: 7,
  longlong: 8,
  int24: 9,
  date: 10,
  oldTime: 11,
  oldDatetime: 12,
  year: 13,
  newDate: 14,
  varchar: 15,
  bit: 16,
  timestamp: 17,
  datetime: 18,
  time: 19,
  /** MariaDB's COMPRESSED columns. */
  compressedBlob: 140,
  compressedVarchar: 141,
  vector: 242,
  json: 245,
  decimal: 246,
  enumeration: 247,
  set: 248,
  tinyBlob: 249,
  mediumBlob: 250,
  longBlob: 251,
  blob: 252,
  varString: 253,
  string: 254,
  geometry: 255,
} as const;

const t = logTypes;

/** Bytes of metadata that the event has for a type. */
export const metaBytes: ReadonlyMap<number, 0 | 1 | 2> = new Map<number, 0 | 1 | 2>([
  ...[t.tiny, t.short, t.long, t.longlong, t.int24, t.year, t.date, t.newDate].map((type): [number, 0] => [
    type,
    0,
  ]),
  ...[t.oldTimestamp, t.oldTime, t.oldDatetime].map((type): [number, 0] => [type, 0]),
  ...[t.float, t.double, t.timestamp, t.datetime, t.time, t.compressedBlob].map((type): [number, 1] => [
    type,
    1,
  ]),
  ...[t.vector, t.json, t.tinyBlob, t.mediumBlob, t.longBlob, t.blob, t.geometry].map((type): [number, 1] => [
    type,
    1,
  ]),
  ...[t.varchar, t.varString, t.bit, t.compressedVarchar, t.decimal, t.string].map((type): [number, 2] => [
    type,
    2,
  ]),
]);

/** Columns that the SIGNEDNESS bitmap counts. YEAR is one of them. */
export const signedTypes: ReadonlySet<number> = new Set([
  ...[t.tiny, t.short, t.int24, t.long, t.longlong],
  ...[t.float, t.double, t.year, t.decimal],
]);

const strings: readonly number[] = [
  ...[t.string, t.varString, t.varchar, t.compressedVarchar, t.compressedBlob],
  ...[t.tinyBlob, t.mediumBlob, t.longBlob, t.blob],
];

/**
 * Columns that the lists of character sets count; enum and set have lists of their own. MySQL counts VECTOR among
 * them, MariaDB its COMPRESSED columns and geometries.
 */
export const characterTypes: Readonly<Record<SourceEngine, ReadonlySet<number>>> = {
  mysql: new Set([...strings, t.vector]),
  mariadb: new Set([...strings, t.geometry]),
};
