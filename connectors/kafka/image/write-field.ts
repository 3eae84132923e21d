/**
 * How one planned column's values in an event become the protocol's value of its codec's select expression. A pair
 * that is not known here is refused and never guessed at.
 */
import { Fault } from "../../../src/errors.js";
import type { PlanColumn, SourceEngine } from "../../../src/model.js";
import { selectForm } from "../../../src/typemap/select-form.js";
import type { Carried } from "./carried.js";
import type { Primitives, ReadField, WriteField } from "./field.js";
import { writeEnum, writeSet } from "./labels.js";
import {
  integerReader,
  writeBits,
  writeDecimal,
  writeDigits,
  writeDouble,
  writeFloat,
  writeInteger,
  writeTruth,
} from "./numbers.js";
import { bytesReader, writeGeometry, writeHeld, writePadded, writeVector } from "./strings.js";
import { momentReader, writeMoment } from "./temporal.js";

/** Throws Fault event-unreadable where no event carries the column exactly, type-pair where no codec reads it so. */
export function fieldWriter(
  planned: PlanColumn,
  carried: Carried,
  primitives: Primitives,
  engine: SourceEngine,
): WriteField {
  if (carried.as === "refused") throw notCarried(planned, carried.why);
  const writer = writerIn(planned, carried, primitives, engine);
  if (writer !== null) return writer;
  throw notCarried(planned, `its values arrive as ${carried.as}`);
}

function notCarried({ source, sourceType, targetType }: PlanColumn, why: string): Fault {
  return new Fault(
    "event-unreadable",
    `${source}: ${sourceType}, read for ${targetType}, cannot be read from change events: ${why}.`,
  );
}

function writerIn(
  planned: PlanColumn,
  carried: Carried,
  primitives: Primitives,
  engine: SourceEngine,
): WriteField | null {
  const { column } = planned;
  const form = selectForm(planned, engine);
  const { text } = primitives;
  switch (carried.as) {
    case "integer":
    case "unsigned":
      return writeWhole(integerReader(column, primitives, carried.as === "unsigned" ? "texts" : "never"));
    case "unscaled":
      if (column.type === "decimal") return decimalIn(carried.scale);
      return carried.scale === 0 ? writeWhole(integerReader(column, primitives, "always")) : null;
    case "digits":
      return decimalIn(null);
    case "float":
      if (form !== "value" && form !== "number") return null;
      return column.type === "float"
        ? writeFloat(primitives.float)
        : writeDouble(primitives.float, form === "number");
    case "truth":
      return form === "value" ? writeTruth(primitives.truth) : null;
    case "bytes":
    case "bytes-text":
      return form === "value" ? bytesIn() : null;
    case "days":
    case "ticks":
    case "instant": {
      const read = momentReader(column, carried, primitives, engine);
      if (read === null || (form !== "value" && form !== "text")) return null;
      return writeMoment(column, read, form === "text");
    }
    case "geometry":
      return form === "value" ? writeGeometry(primitives) : null;
    case "floats":
      return form === "value" ? writeVector(primitives) : null;
    case "text":
      return textIn();
    case "refused":
      return null;
  }

  function writeWhole(read: ReadField<number | bigint>): WriteField | null {
    if (form === "text") return writeDigits(read);
    return form === "value" ? writeInteger(column, read) : null;
  }

  function decimalIn(scale: number | null): WriteField | null {
    if (form !== "value" && form !== "text") return null;
    return writeDecimal(column, primitives, scale, form === "value" && column.zerofill);
  }

  function bytesIn(): WriteField | null {
    const read = bytesReader(carried, primitives);
    if (read === null) return null;
    if (column.type === "bit") return writeBits(column.length ?? 1, read);
    return column.type === "binary" ? writePadded(column.length ?? 1, read) : writeHeld(read);
  }

  function textIn(): WriteField | null {
    switch (column.type) {
      case "enum":
        return form === "value" || form === "prefixed" ? writeEnum(column, text, form === "prefixed") : null;
      case "set":
        return form === "value" ? writeSet(column, text) : null;
      case "char":
      case "varchar":
      case "tinytext":
      case "text":
      case "mediumtext":
      case "longtext":
        return form === "value" || form === "raw" ? writeHeld(text) : null;
      case "json":
      case "uuid":
        return form === "value" ? writeHeld(text) : null;
      default:
        return null;
    }
  }
}
