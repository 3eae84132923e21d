/**
 * Labels of ENUM and SET. Debezium escapes a comma and a backslash in them, and may have a question mark for a letter
 * past U+FFFF, because the statements that it learned them from print one. The plan knows the labels; what it cannot
 * tell apart is in doubt.
 */
import type { SourceColumn } from "../../../src/model.js";
import { misfit } from "../../../src/typemap/misfit.js";
import { ProtocolRow } from "../../../src/typemap/protocol-row.js";
import { held } from "./field.js";
import type { ReadField, WriteField } from "./field.js";

export interface Labels {
  /** Labels by the text that Debezium may send for them, as bytes one character each. */
  readonly byText: ReadonlyMap<string, Buffer>;
  /** Texts that stand for more than one label. */
  readonly doubtful: ReadonlySet<string>;
}

export function labelsOf({ labels }: SourceColumn): Labels {
  const byText = new Map<string, Buffer>();
  const doubtful = new Set<string>();
  for (const label of labels) {
    const escaped = label.replaceAll("\\", "\\\\").replaceAll(",", "\\,");
    const spoken = new Set([escaped, escaped.replace(/[\u{10000}-\u{10ffff}]/gu, "?"), label]);
    for (const text of spoken) {
      const key = Buffer.from(text).toString("latin1");
      const bytes = Buffer.from(label);
      const known = byText.get(key);
      if (known !== undefined && !known.equals(bytes)) doubtful.add(key);
      byText.set(key, bytes);
    }
  }
  return { byText, doubtful };
}

/** The text that is held, one character a byte. */
function heldText(): string {
  return held.bytes.toString("latin1", held.at, held.at + held.length);
}

/** A letter that the catalogue could not print stands in its labels as a question mark. */
function isUnprinted({ labels }: SourceColumn): boolean {
  return labels.some((label) => label.includes("?"));
}

/** `prefixed`: a first character says whether the value is index 0 (typemap, ambiguous enums). */
export function writeEnum(column: SourceColumn, text: ReadField<void>, prefixed: boolean): WriteField {
  const { byText } = labelsOf(column);
  const none = cell(Buffer.from(prefixed ? "0" : ""));
  const inCell = (label: Buffer): Buffer => cell(prefixed ? Buffer.concat([Buffer.from("1"), label]) : label);
  const cells = new Map([...byText].map(([key, label]): [string, Buffer] => [key, inCell(label)]));
  const lenient = isUnprinted(column);
  return (source, at, length, kind, row) => {
    text(source, at, length, kind);
    let value = cells.get(heldText()) ?? (held.length === 0 ? none : null);
    if (value === null) {
      if (!lenient) throw misfit("label of its ENUM");
      value = inCell(Buffer.from(held.bytes.subarray(held.at, held.at + held.length)));
    }
    row.reserve(value.length);
    row.at += value.copy(row.bytes, row.at);
  };
}

/** Length and bytes as the protocol has them. */
function cell(value: Buffer): Buffer {
  const row = new ProtocolRow();
  row.begin(1, value.length);
  const start = row.at;
  row.copy(value, 0, value.length);
  return Buffer.from(row.bytes.subarray(start, row.at));
}

/** No label of a SET has a comma. */
export function writeSet(column: SourceColumn, text: ReadField<void>): WriteField {
  const { byText } = labelsOf(column);
  const lenient = isUnprinted(column);
  return (source, at, length, kind, row) => {
    text(source, at, length, kind);
    const members = held.length === 0 ? [] : heldText().split(",");
    let size = Math.max(0, members.length - 1);
    const labels = members.map((member) => {
      const label = byText.get(member) ?? (lenient ? Buffer.from(member, "latin1") : undefined);
      if (label === undefined) throw misfit("value of its SET");
      size += label.length;
      return label;
    });
    row.reserve(size + 9);
    row.length(size);
    for (const [k, label] of labels.entries()) {
      if (k > 0) row.bytes[row.at++] = 44;
      row.at += label.copy(row.bytes, row.at);
    }
  };
}

/**
 * Whether the text may be another label: two labels are sent as one, the empty text is both a label and none, or the
 * plan does not know how a label is written. null where that cannot be.
 */
export function labelDoubt(column: SourceColumn, text: ReadField<void>): ReadField<boolean> | null {
  if (!hasDoubtfulLabels(column)) return null;
  const { byText, doubtful } = labelsOf(column);
  const empty = column.labels.includes("");
  const isDoubtful = (member: string): boolean =>
    doubtful.has(member) || !byText.has(member) || member.includes("?");
  return (source, at, length, kind) => {
    text(source, at, length, kind);
    const value = heldText();
    if (column.type === "enum") return held.length === 0 ? empty : isDoubtful(value);
    if (empty) return true;
    return held.length > 0 && value.split(",").some(isDoubtful);
  };
}

export function hasDoubtfulLabels(column: SourceColumn): boolean {
  return column.labels.includes("") || isUnprinted(column) || labelsOf(column).doubtful.size > 0;
}
