/**
 * How many bytes each column takes in a row image: a fixed number, or a length of so many bytes before them. Known
 * from the announcement alone, but for MariaDB's temporals of the old format with fractions, whose digits only the
 * catalogue knows.
 */
import { Fault } from "../../../src/errors.js";
import type { AnnouncedColumn } from "./announced-column.js";
import { decimalBytes } from "./decimal.js";
import { logTypes } from "./log-type.js";

export interface Layout {
  /** Bytes of the value; 0 where a length stands before it. */
  readonly fixed: number;
  /** Bytes of that length; 0 where there is none. */
  readonly prefix: 0 | 1 | 2 | 3 | 4;
}

/** `fsp`: fraction digits that the catalogue tells, for temporals of the old format. */
export function layoutOf(column: AnnouncedColumn, fsp: number | null): Layout {
  const { type, meta } = column;
  const t = logTypes;
  switch (type) {
    case t.tiny:
    case t.year:
      return fixed(1);
    case t.short:
      return fixed(2);
    case t.int24:
    case t.date:
    case t.newDate:
      return fixed(3);
    case t.long:
    case t.float:
      return fixed(4);
    case t.longlong:
    case t.double:
      return fixed(8);
    case t.decimal:
      return fixed(decimalBytes(column.precision, column.scale));
    case t.bit:
      return fixed((meta + 7) >> 3);
    case t.enumeration:
    case t.set:
      return fixed(meta);
    case t.timestamp:
      return fixed(4 + fractionBytes(meta));
    case t.datetime:
      return fixed(5 + fractionBytes(meta));
    case t.time:
      return fixed(3 + fractionBytes(meta));
    case t.oldTimestamp:
      return fixed(oldBytes(oldTimestampBytes, fsp));
    case t.oldDatetime:
      return fixed(oldBytes(oldDatetimeBytes, fsp));
    case t.oldTime:
      return fixed(oldBytes(oldTimeBytes, fsp));
    case t.varchar:
    case t.varString:
    case t.string:
    case t.compressedVarchar:
      return { fixed: 0, prefix: meta > 255 ? 2 : 1 };
    default:
      if (meta < 1 || meta > 4)
        throw new Fault("log-refused", "The source's log announces a length of no possible size.");
      return { fixed: 0, prefix: meta as 1 | 2 | 3 | 4 };
  }
}

function fixed(bytes: number): Layout {
  return { fixed: bytes, prefix: 0 };
}

export function fractionBytes(digits: number): number {
  return (digits + 1) >> 1;
}

/** Without fractions as MySQL 5.5 wrote them; with fractions MariaDB's own, by digits. */
const oldTimestampBytes: readonly number[] = [4, 5, 5, 6, 6, 7, 7];
const oldDatetimeBytes: readonly number[] = [8, 6, 6, 7, 7, 7, 8];
const oldTimeBytes: readonly number[] = [3, 4, 4, 5, 5, 5, 6];

function oldBytes(sizes: readonly number[], fsp: number | null): number {
  const size = fsp === null ? undefined : sizes[fsp];
  if (size === undefined)
    throw new Fault(
      "log-refused",
      "The source's log has a temporal column of the old format that the plan does not know.",
    );
  return size;
}
