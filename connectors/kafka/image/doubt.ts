/**
 * Which values Debezium may have changed on their way, column by column (what it does: docs/kafka.md): a reason holds
 * for a column by its type and the settings, and a value that shows it is read again from the source. Where a value
 * cannot be another one it is not in doubt: most columns have no reason, and most values of the others none either.
 */
import type { PlanColumn, SourceColumn, SourceEngine } from "../../../src/model.js";
import { moment } from "../../../src/typemap/moment.js";
import { selectForm } from "../../../src/typemap/select-form.js";
import type { EventSettings } from "../event-settings.js";
import { held } from "./field.js";
import type { Primitives, ReadField } from "./field.js";
import { hasDoubtfulLabels, labelDoubt } from "./labels.js";

export type DoubtReason =
  /** JSON is written anew: doubles as decimals, times and bytes bare. */
  | "json"
  /** Zero, partial and impossible dates are NULL, 1970-01-01 or the column's default. */
  | "zero-date"
  /** Two labels, or a label and the error value, are one text. */
  | "labels"
  /** Debezium's tables of a character set are Java's, not the server's. */
  | "charset"
  /** The bytes of a text are wanted, and its characters are sent. */
  | "raw-bytes"
  /** NULL arrives as the column's default. */
  | "null-as-default"
  /** A UUID that ends with zero bytes, which the log leaves out, arrives moved to the right. */
  | "uuid";

/** `defaults`: whether the form may have the column's default in NULL's place. */
export function doubtsOf(
  planned: PlanColumn,
  engine: SourceEngine,
  settings: EventSettings,
  defaults: boolean,
): readonly DoubtReason[] {
  const { column } = planned;
  const reasons: DoubtReason[] = [];
  // MariaDB's JSON is a text.
  if (column.type === "json" && engine === "mysql") reasons.push("json");
  if (settings.zeroDates && mayBeZero(planned, engine)) reasons.push("zero-date");
  if ((column.type === "enum" || column.type === "set") && hasDoubtfulLabels(column)) reasons.push("labels");
  if (column.type === "uuid") reasons.push("uuid");
  if (isText(column)) {
    if (selectForm(planned, engine) === "raw") reasons.push("raw-bytes");
    else if (!exactCharsets.has(column.charset ?? "binary")) reasons.push("charset");
  }
  if (defaults && column.nullable && column.default.kind !== "none" && column.default.kind !== "null")
    reasons.push("null-as-default");
  return reasons;
}

/** Not a zero date that becomes NULL on the target anyway, nor a TIMESTAMP's without NULL, which is told by second 0. */
function mayBeZero(planned: PlanColumn, engine: SourceEngine): boolean {
  const { column, policy } = planned;
  if (column.type === "timestamp" && !column.nullable) return false;
  if (column.nullable && policy.zeroDate === "null" && selectForm(planned, engine) === "value") return false;
  return column.type === "date" || column.type === "datetime" || column.type === "timestamp";
}

/** Of which every character arrives as the server itself would print it. */
const exactCharsets: ReadonlySet<string> = new Set([
  "utf8mb4",
  "utf8mb3",
  "utf8",
  "ascii",
  "binary",
  "ucs2",
  "utf16",
  "utf16le",
  "utf32",
]);

/** Whose characters are exact but for bytes that Java's table has none for, which arrive as U+FFFD. */
const nearlyExact: ReadonlySet<string> = new Set(["latin1"]);

function isText({ type }: SourceColumn): boolean {
  return type === "char" || type === "varchar" || type.endsWith("text");
}

/** Whether the value is in doubt; a length of -1 is NULL. Throws a misfit. */
export type Doubt = ReadField<boolean>;

/** null where no value of the column ever is. `date` fills `moment`, of dates. */
export function doubtOf(
  planned: PlanColumn,
  reasons: readonly DoubtReason[],
  primitives: Primitives,
  date: ReadField<void> | null,
): Doubt | null {
  const doubts = reasons.flatMap((reason) => doubtBy(reason, planned, primitives, date) ?? []);
  const [first] = doubts;
  if (first === undefined) return null;
  if (doubts.length === 1) return first;
  return (source, at, length, kind) => doubts.some((doubt) => doubt(source, at, length, kind));
}

function doubtBy(
  reason: DoubtReason,
  { column }: PlanColumn,
  { text }: Primitives,
  date: ReadField<void> | null,
): Doubt | null {
  const present =
    (doubt: ReadField<boolean>): Doubt =>
    (source, at, length, kind) =>
      length >= 0 && doubt(source, at, length, kind);
  switch (reason) {
    case "json":
    case "null-as-default":
      return (_source, _at, length) => length >= 0;
    case "labels": {
      const doubt = labelDoubt(column, text);
      return doubt === null ? null : present(doubt);
    }
    case "uuid":
      return present((source, at, length, kind) => {
        text(source, at, length, kind);
        // Whatever was moved has zeros in front now.
        return held.bytes[held.at] === zero && held.bytes[held.at + 1] === zero;
      });
    case "raw-bytes":
      return present((source, at, length, kind) => {
        text(source, at, length, kind);
        return hasHigh();
      });
    case "charset": {
      const high = nearlyExact.has(column.charset ?? "") ? hasReplacement : hasHigh;
      return present((source, at, length, kind) => {
        text(source, at, length, kind);
        return high();
      });
    }
    case "zero-date": {
      if (column.nullable) return (_source, _at, length) => length < 0;
      if (date === null) return null;
      const isStandIn = standIn(column);
      return present((source, at, length, kind) => {
        date(source, at, length, kind);
        return isStandIn();
      });
    }
  }
}

/** The digit. */
const zero = 0x30;

/** Whether the text that is held has anything but ASCII. */
function hasHigh(): boolean {
  const { bytes, at, length } = held;
  for (let q = at; q < at + length; q++) if ((bytes[q] as number) >= 0x80) return true;
  return false;
}

/** Whether it has U+FFFD. */
function hasReplacement(): boolean {
  const { bytes, at, length } = held;
  for (let q = at; q < at + length - 2; q++)
    if (bytes[q] === 0xef && bytes[q + 1] === 0xbf && bytes[q + 2] === 0xbd) return true;
  return false;
}

/** Whether `moment` is what stands for a zero date in a column that has no NULL: the epoch, or the column's default. */
function standIn({ default: value }: SourceColumn): () => boolean {
  const parts =
    value.kind === "literal"
      ? /^(\d{4})-(\d\d)-(\d\d)(?: (\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?)?$/.exec(value.text)
      : null;
  // A default that is computed, or written in a way that is not known here, might be any value.
  if (parts === null && value.kind !== "none" && value.kind !== "now") return () => true;
  const wanted = parts?.slice(1, 7).map((part: string | undefined) => Number(part ?? "0"));
  const micro = Number((parts?.[7] ?? "").padEnd(6, "0"));
  return () => {
    const { year, month, day, hour, minute, second } = moment;
    const now = [year, month, day, hour, minute, second];
    if (moment.micro === 0 && now.join() === "1970,1,1,0,0,0") return true;
    return wanted !== undefined && moment.micro === micro && now.join() === wanted.join();
  };
}
