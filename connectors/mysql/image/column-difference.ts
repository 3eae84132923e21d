/**
 * How an announced column differs from the plan's, in words. What the log does not say is taken to be as planned.
 * Nothing that reading depends on is left out: type, length, sign, digits, character set and labels.
 */
import type { SourceColumn } from "../../../src/model.js";
import { unreadableLabels } from "../catalogue-labels.js";
import type { AnnouncedColumn } from "./announced-column.js";
import { labelsOf } from "./labels.js";
import { characterTypes, logTypes, signedTypes } from "./log-type.js";
import { charsetName } from "./world.js";
import type { ImageWorld } from "./world.js";

const t = logTypes;
const blobs: readonly number[] = [t.blob, t.compressedBlob];

/** Announced types of each type in the catalogue; those of one length, with it. */
const announcedTypes: Readonly<Record<string, readonly number[]>> = {
  tinyint: [t.tiny],
  smallint: [t.short],
  mediumint: [t.int24],
  int: [t.long],
  bigint: [t.longlong],
  float: [t.float],
  double: [t.double],
  decimal: [t.decimal],
  year: [t.year],
  bit: [t.bit],
  date: [t.date, t.newDate],
  datetime: [t.datetime, t.oldDatetime],
  timestamp: [t.timestamp, t.oldTimestamp],
  time: [t.time, t.oldTime],
  enum: [t.enumeration],
  set: [t.set],
  vector: [t.vector],
  char: [t.string],
  binary: [t.string],
  uuid: [t.string],
  inet4: [t.string],
  inet6: [t.string],
  varchar: [t.varchar, t.varString, t.compressedVarchar],
  varbinary: [t.varchar, t.varString, t.compressedVarchar],
};

/** Bytes of the length of a TEXT or BLOB. */
const lengthBytes: Readonly<Record<string, number>> = {
  tinytext: 1,
  tinyblob: 1,
  text: 2,
  blob: 2,
  mediumtext: 3,
  mediumblob: 3,
  longtext: 4,
  longblob: 4,
};

/** null where there is none. */
export function differenceOf(
  announced: AnnouncedColumn,
  column: SourceColumn,
  world: ImageWorld,
): string | null {
  if (announced.name !== null && announced.name !== column.name) return `the name ${announced.name}`;
  if (!ofType(announced, column, world)) return "another type";
  const signed = signedTypes.has(announced.type) && announced.type !== t.year;
  if (signed && announced.unsigned !== null && announced.unsigned !== column.unsigned) return "another sign";
  return charsetDifference(announced, column, world) ?? labelDifference(announced, column, world);
}

function ofType(announced: AnnouncedColumn, column: SourceColumn, world: ImageWorld): boolean {
  const { type, meta } = announced;
  const bytes = lengthBytes[column.type];
  if (bytes !== undefined) return blobs.includes(type) && meta === bytes;
  // MariaDB's JSON is a CHECK on a column of text.
  if (column.type === "json")
    return world.engine === "mysql"
      ? type === t.json
      : characterTypes.mariadb.has(type) && type !== t.geometry;
  const types = announcedTypes[column.type];
  if (types === undefined) return type === t.geometry;
  if (!types.includes(type)) return false;
  switch (type) {
    case t.decimal:
      return announced.precision === (column.precision ?? 10) && announced.scale === (column.scale ?? 0);
    case t.bit:
      return meta === (column.length ?? 1);
    case t.timestamp:
    case t.datetime:
    case t.time:
      return meta === column.fsp;
    case t.string:
    case t.varchar:
    case t.varString:
      return meta === stringBytes(column, world);
    default:
      return true;
  }
}

const networkBytes: Readonly<Record<string, number>> = { uuid: 16, inet6: 16, inet4: 4 };

function stringBytes(column: SourceColumn, world: ImageWorld): number {
  const fixed = networkBytes[column.type];
  if (fixed !== undefined) return fixed;
  const charset = column.charset === null ? undefined : world.charsets.get(charsetName(column.charset));
  return (column.length ?? 1) * (charset?.maxBytes ?? 1);
}

function charsetDifference(
  announced: AnnouncedColumn,
  column: SourceColumn,
  world: ImageWorld,
): string | null {
  if (announced.collation === null) return null;
  const charset = world.collations.get(announced.collation);
  const planned = column.charset === null ? "binary" : charsetName(column.charset);
  return charset === planned ? null : `the character set ${charset ?? "of an unknown collation"}`;
}

function labelDifference(announced: AnnouncedColumn, column: SourceColumn, world: ImageWorld): string | null {
  if (announced.labels === null) return null;
  const charset = column.charset === null ? undefined : world.charsets.get(charsetName(column.charset));
  const labels = charset === undefined ? announced.labels : labelsOf(announced.labels, charset);
  // What the catalogue prints with question marks may be any character.
  const unreadable = new Set(world.engine === "mysql" ? unreadableLabels(column) : []);
  const same =
    labels.length === column.labels.length &&
    labels.every((label, i) => {
      const planned = column.labels[i] ?? "";
      return unreadable.has(i) ? alike(label.toString(), planned) : label.equals(Buffer.from(planned));
    });
  return same ? null : "other labels";
}

/** Whether `printed` is `label` with question marks for some of its characters. */
function alike(label: string, printed: string): boolean {
  const [own, other] = [Array.from(label), Array.from(printed)];
  return own.length === other.length && own.every((char, i) => char === other[i] || other[i] === "?");
}
