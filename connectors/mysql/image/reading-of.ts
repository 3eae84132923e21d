/**
 * The reading of one planned column: from its type in the log to the protocol's value of its codec's select
 * expression. An expression that is not known here is refused and never guessed at.
 */
import { Fault } from "../../../src/errors.js";
import type { PlanColumn } from "../../../src/model.js";
import type { AnnouncedColumn } from "./announced.js";
import { decimalReading } from "./decimal.js";
import { logTypes } from "./log-type.js";
import { callReading, opReading, readingOps } from "./reading.js";
import type { Reading } from "./reading.js";
import { charsetName } from "./world.js";
import type { ImageWorld } from "./world.js";

export function readingOf(planned: PlanColumn, announced: AnnouncedColumn, world: ImageWorld): Reading {
  const t = logTypes;
  const { column } = planned;
  const charset = column.charset === null ? undefined : world.charsets.get(charsetName(column.charset));
  if (charset !== undefined && charset.write !== null)
    throw new Fault("log-refused", `${column.name}: its character set cannot be read from the log.`);
  switch (announced.type) {
    case t.tiny:
      return opReading(readingOps.one);
    case t.short:
      return opReading(readingOps.two);
    case t.long:
    case t.float:
      return opReading(readingOps.four);
    case t.longlong:
    case t.double:
      return opReading(readingOps.eight);
    case t.int24:
      return mediumReading(column.unsigned);
    case t.year:
      return callReading((source, at, _length, row) => {
        const year = source[at] === 0 ? 0 : 1900 + (source[at] as number);
        row.bytes[row.at++] = year & 255;
        row.bytes[row.at++] = year >> 8;
      });
    case t.decimal:
      return decimalReading(announced.precision, announced.scale, column.zerofill);
    case t.varchar:
    case t.varString:
    case t.string:
    case t.blob:
    case t.geometry:
    case t.vector:
      return opReading(readingOps.bytes);
    default:
      throw new Fault(
        "log-refused",
        `${column.name}: its type ${column.columnType} cannot be read from the log.`,
      );
  }
}

/** Three bytes to the four that the protocol sends. */
function mediumReading(unsigned: boolean): Reading {
  return callReading((source, at, _length, row) => {
    const { bytes, at: o } = row;
    const high = source[at + 2] as number;
    bytes[o] = source[at] as number;
    bytes[o + 1] = source[at + 1] as number;
    bytes[o + 2] = high;
    bytes[o + 3] = !unsigned && high > 127 ? 255 : 0;
    row.at = o + 4;
  });
}
