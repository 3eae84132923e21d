/**
 * The body of a TABLE_MAP event: which table the row images after it belong to, and of what types its columns are.
 * What the source leaves out (binlog_row_metadata MINIMAL, or no metadata at all) is null, and stands for "as the
 * catalogue says". An event whose parts do not add up is refused: what follows it would be read by guesswork.
 */
import { Fault } from "../../../src/errors.js";
import type { SourceEngine } from "../../../src/model.js";
import type { AnnouncedColumn, AnnouncedTable } from "./announced-column.js";
import { readMetadata } from "./announced-metadata.js";
import { ByteReader } from "./byte-reader.js";
import { logTypes, metaBytes } from "./log-type.js";

/** Reads the body in bytes [start, end): after the event's header, without its checksum. Throws Fault log-refused. */
export function tableMap(bytes: Buffer, start: number, end: number, engine: SourceEngine): AnnouncedTable {
  const reader = new ByteReader(bytes, start, end, refused);
  // Table id and flags are the feed's business.
  reader.skip(8);
  const database = reader.text(reader.byte());
  reader.skip(1);
  const table = reader.text(reader.byte());
  reader.skip(1);
  const count = reader.length();
  const types = reader.take(count);
  const metaEnd = reader.length() + reader.at;
  const plain: AnnouncedColumn[] = [];
  for (const type of types) plain.push(columnOf(type, reader));
  if (reader.at !== metaEnd) throw refused();
  const nulls = reader.take((count + 7) >> 3);
  const columns = plain.map((column, i) => ({
    ...column,
    nullable: ((nulls[i >> 3] ?? 0) & (1 << (i & 7))) !== 0,
  }));
  return { database, table, columns: readMetadata(reader, columns, engine) };
}

function columnOf(type: number, reader: ByteReader): AnnouncedColumn {
  const column = bareColumn(type, reader);
  if (!isPossible(column)) throw refused();
  return column;
}

function bareColumn(type: number, reader: ByteReader): AnnouncedColumn {
  const column = {
    type,
    meta: 0,
    precision: 0,
    scale: 0,
    nullable: true,
    unsigned: null,
    collation: null,
    name: null,
    labels: null,
    visible: null,
  };
  const size = metaBytes.get(type);
  if (size === undefined)
    throw new Fault(
      "log-refused",
      `The source's log has a column of the type ${String(type)}, which Headgate does not know.`,
    );
  if (size === 0) return column;
  const first = reader.byte();
  if (size === 1) return { ...column, meta: first };
  const second = reader.byte();
  switch (type) {
    case logTypes.decimal:
      return { ...column, precision: first, scale: second };
    case logTypes.bit:
      return { ...column, meta: second * 8 + first };
    case logTypes.string:
      if (first === logTypes.enumeration || first === logTypes.set)
        return { ...column, type: first, meta: second };
      // Lengths past 255 hide their two high bits, turned round, in the type.
      return { ...column, meta: second | (((first & 0x30) ^ 0x30) << 4) };
    default:
      return { ...column, meta: first | (second << 8) };
  }
}

/** Sizes that no server writes would be read as something else later. */
function isPossible({ type, meta, precision, scale }: AnnouncedColumn): boolean {
  switch (type) {
    case logTypes.decimal:
      return precision >= 1 && precision <= 65 && scale <= 30 && scale <= precision;
    case logTypes.bit:
      return meta >= 1 && meta <= 64;
    case logTypes.enumeration:
      return meta === 1 || meta === 2;
    case logTypes.set:
      return meta >= 1 && meta <= 8;
    case logTypes.timestamp:
    case logTypes.datetime:
    case logTypes.time:
      return meta <= 6;
    default:
      return true;
  }
}

function refused(): Fault {
  return new Fault(
    "log-refused",
    "An announcement of a table in the source's log does not have the shape that it should.",
  );
}
