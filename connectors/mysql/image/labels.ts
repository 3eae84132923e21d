/**
 * ENUM and SET: the log has an index or a bit for each member, the protocol sends labels. The labels are the log's
 * own where it announces them (a catalogue that is read later may have them in another order), else the plan's.
 */
import { Fault } from "../../../src/errors.js";
import type { Charset } from "./charset.js";
import { misfit } from "../../../src/typemap/misfit.js";
import { ProtocolRow } from "../../../src/typemap/protocol-row.js";
import { callReading } from "./reading.js";
import type { Reading } from "./reading.js";

/** `prefixed`: a first character says whether the value is index 0 (typemap, ambiguous enums). */
export function enumReading(labels: readonly Buffer[], prefixed: boolean): Reading {
  const values = [Buffer.alloc(0), ...labels].map((label, index) => {
    const row = new ProtocolRow();
    row.begin(1, label.length);
    const start = row.at;
    const value = prefixed ? Buffer.concat([Buffer.from(index === 0 ? "0" : "1"), label]) : label;
    row.copy(value, 0, value.length);
    return Buffer.from(row.bytes.subarray(start, row.at));
  });
  return callReading((source, at, length, row) => {
    const index = length === 1 ? (source[at] as number) : source.readUInt16LE(at);
    const value = values[index];
    if (value === undefined) throw misfit("value of its ENUM");
    row.reserve(value.length);
    const { bytes, at: o } = row;
    for (let k = 0; k < value.length; k++) bytes[o + k] = value[k] as number;
    row.at = o + value.length;
  });
}

/** The server puts a comma before a label only where something stands already: a label '' that comes first leaves no trace. */
export function setReading(labels: readonly Buffer[]): Reading {
  return callReading((source, at, length, row) => {
    const bits = length * 8;
    let size = 0;
    for (let k = 0; k < bits; k++) {
      if (((source[at + (k >> 3)] as number) & (1 << (k & 7))) === 0) continue;
      const label = labels[k];
      if (label === undefined) throw misfit("value of its SET");
      size += label.length + (size > 0 ? 1 : 0);
    }
    row.reserve(size + 9);
    row.length(size);
    const start = row.at;
    for (let k = 0; row.at < start + size; k++) {
      if (((source[at + (k >> 3)] as number) & (1 << (k & 7))) === 0) continue;
      if (row.at > start) row.bytes[row.at++] = comma;
      row.at += (labels[k] as Buffer).copy(row.bytes, row.at);
    }
  });
}

const comma = 44;

/** Labels that the log announces in the column's character set, as UTF-8. */
export function labelsOf(announced: readonly Buffer[], charset: Charset): readonly Buffer[] {
  const { write } = charset;
  if (write === null) return announced;
  return announced.map((label) => {
    const row = new ProtocolRow();
    row.begin(1, label.length);
    const start = row.at;
    try {
      write(label, 0, label.length, row);
    } catch (error) {
      throw new Fault("log-refused", "The source's log announces a label that is no text.", { cause: error });
    }
    return Buffer.from(row.bytes.subarray(start, row.at));
  });
}

/** Labels that the catalogue prints with question marks cannot be had from it: the log must tell them. */
export function unreadable(column: string): Fault {
  return new Fault(
    "log-refused",
    `${column} has labels that the source's catalogue cannot print, and its log does not tell them.`,
    { next: "SET GLOBAL binlog_row_metadata = FULL on the source, then begin again." },
  );
}
