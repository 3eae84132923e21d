/**
 * The optional fields at the end of a TABLE_MAP event. Each tells one thing about those columns that it is meant for,
 * in their order, so a column counted wrongly gives the wrong answer for all that follow. Fields that are not known
 * here tell nothing about how values are written (primary key, geometry's kind) and are left out.
 */
import type { SourceEngine } from "../../../src/model.js";
import type { AnnouncedColumn } from "./announced-column.js";
import type { ByteReader } from "./byte-reader.js";
import { characterTypes, logTypes, signedTypes } from "./log-type.js";

type Mutable = { -readonly [Name in keyof AnnouncedColumn]: AnnouncedColumn[Name] };

const fields = {
  signedness: 1,
  defaultCharset: 2,
  columnCharset: 3,
  names: 4,
  setLabels: 5,
  enumLabels: 6,
  enumDefaultCharset: 10,
  enumColumnCharset: 11,
  visibility: 12,
} as const;

/** The columns with what the rest of `reader` says of them. */
export function readMetadata(
  reader: ByteReader,
  plain: readonly AnnouncedColumn[],
  engine: SourceEngine,
): readonly AnnouncedColumn[] {
  const columns = plain.map((column): Mutable => ({ ...column }));
  const ofType = (holds: (type: number) => boolean): Mutable[] => columns.filter(({ type }) => holds(type));
  const labelled = ofType((type) => type === logTypes.enumeration || type === logTypes.set);
  const textual = ofType((type) => characterTypes[engine].has(type));
  while (!reader.done) {
    const field = reader.byte();
    const part = reader.part(reader.length());
    switch (field) {
      case fields.signedness:
        bits(
          part,
          ofType((type) => signedTypes.has(type)),
          (column, unsigned) => (column.unsigned = unsigned),
        );
        break;
      case fields.defaultCharset:
        defaultCharset(part, textual);
        break;
      case fields.columnCharset:
        for (const column of textual) column.collation = part.length();
        break;
      case fields.names:
        for (const column of columns) column.name = part.text(part.length());
        break;
      case fields.setLabels:
        labels(
          part,
          ofType((type) => type === logTypes.set),
        );
        break;
      case fields.enumLabels:
        labels(
          part,
          ofType((type) => type === logTypes.enumeration),
        );
        break;
      case fields.enumDefaultCharset:
        defaultCharset(part, labelled);
        break;
      case fields.enumColumnCharset:
        for (const column of labelled) column.collation = part.length();
        break;
      case fields.visibility:
        bits(part, columns, (column, visible) => (column.visible = visible));
        break;
      default:
        continue;
    }
    // Bytes that are left over mean that a column was counted wrongly.
    part.finish();
  }
  return columns;
}

/** Bit i of the field, the highest first, is column i's. */
function bits(
  part: ByteReader,
  columns: readonly Mutable[],
  tell: (column: Mutable, bit: boolean) => void,
): void {
  const bytes = part.take((columns.length + 7) >> 3);
  for (const [i, column] of columns.entries()) tell(column, ((bytes[i >> 3] ?? 0) & (0x80 >> (i & 7))) !== 0);
}

function defaultCharset(part: ByteReader, columns: readonly Mutable[]): void {
  const usual = part.length();
  for (const column of columns) column.collation = usual;
  while (!part.done) {
    const column = columns[part.length()];
    if (column === undefined) throw part.fault();
    column.collation = part.length();
  }
}

function labels(part: ByteReader, columns: readonly Mutable[]): void {
  for (const column of columns)
    column.labels = Array.from({ length: part.length() }, () => Buffer.from(part.take(part.length())));
}
