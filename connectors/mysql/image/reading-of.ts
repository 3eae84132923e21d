/**
 * The reading of one planned column: from its type in the log to the protocol's value of its codec's select
 * expression. A type or an expression that is not known here is refused and never guessed at.
 */
import { Fault } from "../../../src/errors.js";
import type { PlanColumn } from "../../../src/model.js";
import type { AnnouncedColumn } from "./announced-column.js";
import { unreadableLabels } from "../catalogue-labels.js";
import type { Charset } from "./charset.js";
import { decimalReading } from "./decimal.js";
import { jsonReading } from "./json.js";
import { enumReading, labelsOf, setReading, unreadable } from "./labels.js";
import { logTypes } from "./log-type.js";
import { networkReading } from "./network.js";
import { digitsReading, numberReading, plusZeroReading } from "./numbers.js";
import type { Reading } from "./reading.js";
import { selectForm } from "../../../src/typemap/select-form.js";
import type { SelectForm } from "../../../src/typemap/select-form.js";
import { bitReading, bytesReading, compressedReading, paddedReading, textReading } from "./strings.js";
import { temporalReading } from "./temporal.js";
import { charsetName } from "./world.js";
import type { ImageWorld } from "./world.js";

/** Throws Fault log-refused or type-pair. */
export function readingOf(planned: PlanColumn, announced: AnnouncedColumn, world: ImageWorld): Reading {
  const form = selectForm(planned, world.engine);
  const reading = readingIn(form, planned, announced, world);
  if (reading !== null) return reading;
  throw new Fault(
    "log-refused",
    `${planned.source}: ${planned.sourceType}, read for ${planned.targetType}, cannot be read from the source's log.`,
  );
}

function readingIn(
  form: SelectForm,
  { column }: PlanColumn,
  announced: AnnouncedColumn,
  world: ImageWorld,
): Reading | null {
  const { type } = announced;
  switch (form) {
    case "value":
      break;
    case "number":
      return type === logTypes.double ? plusZeroReading : null;
    case "text":
      if (type === logTypes.decimal) return decimalReading(announced.precision, announced.scale, false);
      return (
        digitsReading(announced, column.unsigned) ??
        temporalReading(announced, column.fsp, true, world.engine)
      );
    case "raw":
      return stringReading(announced, column.type, column.length, null);
    case "prefixed":
      return type === logTypes.enumeration ? enumReading(labels(column, announced, world), true) : null;
  }
  switch (type) {
    case logTypes.decimal:
      return decimalReading(announced.precision, announced.scale, column.zerofill);
    case logTypes.bit:
      return bitReading(announced.meta);
    case logTypes.enumeration:
      return enumReading(labels(column, announced, world), false);
    case logTypes.set:
      return setReading(labels(column, announced, world));
    case logTypes.json:
      return jsonReading;
    case logTypes.geometry:
    case logTypes.vector:
      return bytesReading;
    default:
      return (
        numberReading(announced, column.unsigned) ??
        temporalReading(announced, column.fsp, false, world.engine) ??
        networkReading(column.type) ??
        stringReading(announced, column.type, column.length, charsetOf(column, world))
      );
  }
}

/** `charset` null: the bytes themselves. */
function stringReading(
  announced: AnnouncedColumn,
  type: string,
  length: number | null,
  charset: Charset | null,
): Reading | null {
  switch (announced.type) {
    case logTypes.string:
      return type === "binary" ? paddedReading(length ?? 1) : textReading(charset);
    case logTypes.varchar:
    case logTypes.varString:
    case logTypes.tinyBlob:
    case logTypes.mediumBlob:
    case logTypes.longBlob:
    case logTypes.blob:
      return textReading(charset);
    case logTypes.compressedVarchar:
    case logTypes.compressedBlob:
      return compressedReading(textReading(charset));
    default:
      return null;
  }
}

function charsetOf(column: PlanColumn["column"], world: ImageWorld): Charset | null {
  if (column.charset === null) return null;
  const charset = world.charsets.get(charsetName(column.charset));
  if (charset === undefined) throw new Fault("bug", `The character set ${column.charset} was not asked for.`);
  return charset;
}

function labels(
  column: PlanColumn["column"],
  announced: AnnouncedColumn,
  world: ImageWorld,
): readonly Buffer[] {
  const charset = charsetOf(column, world);
  if (announced.labels !== null)
    return charset === null ? announced.labels : labelsOf(announced.labels, charset);
  if (world.engine === "mysql" && unreadableLabels(column).length > 0) throw unreadable(column.name);
  return column.labels.map((label) => Buffer.from(label));
}
