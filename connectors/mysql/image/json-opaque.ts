/**
 * Values of JSON that JSON itself has no type for: decimals, printed as numbers; dates and times, always with six
 * digits after the point; everything else as base64 with the number of its type, broken every 76 characters by a
 * line feed that stands there escaped.
 */
import { decimalBytes, writeDecimal } from "./decimal.js";
import { logTypes } from "./log-type.js";
import { misfit } from "../../../src/typemap/misfit.js";
import { moment, putClock, putDate, setClock, setDate, timeHours } from "../../../src/typemap/moment.js";
import type { ProtocolRow } from "../../../src/typemap/protocol-row.js";

const quote = 34;

/** Appends the value of type `type`, in quotes unless it is a number. */
export function putOpaque(row: ProtocolRow, type: number, source: Buffer, at: number, length: number): void {
  switch (type) {
    case logTypes.decimal:
      putDecimal(row, source, at, length);
      return;
    case logTypes.date:
    case logTypes.oldDatetime:
    case logTypes.oldTimestamp:
    case logTypes.oldTime:
      if (length !== 8) throw misfit("JSON");
      row.reserve(30);
      row.bytes[row.at++] = quote;
      putTemporal(row, type, source, at);
      row.bytes[row.at++] = quote;
      return;
    default:
      putBase64(row, type, source, at, length);
  }
}

/** Nine digits in each of nine words is what the server's own decimals hold, more than those of a column. */
const decimalDigits = 81;

function putDecimal(row: ProtocolRow, source: Buffer, at: number, length: number): void {
  if (length <= 2) throw misfit("JSON");
  const [precision, scale] = [source[at] as number, source[at + 1] as number];
  const possible = precision > 0 && precision <= decimalDigits && scale <= precision;
  if (!possible || length !== 2 + decimalBytes(precision, scale)) throw misfit("JSON");
  row.reserve(decimalDigits + 3);
  writeDecimal(source, at + 2, precision, scale, false, row);
}

/** 64 bits: the fraction in 24, then second, minute, hour, and of a date day and year * 13 + month; all of it negative or not. */
function putTemporal(row: ProtocolRow, type: number, source: Buffer, at: number): void {
  let low = source.readUInt32LE(at);
  let high = source.readInt32LE(at + 4);
  moment.negative = high < 0;
  if (high < 0) {
    low = -low >>> 0;
    high = low === 0 ? -high : ~high;
  }
  // 40 bits.
  const rest = high * 256 + (low >>> 24);
  const clock = rest % 0x20000;
  const micro = low & 0xffffff;
  if (type === logTypes.oldTime) {
    // An hour has ten bits here, two more than what the clock of a date has, and no day above it.
    if (rest >= 0x400000) throw misfit("JSON");
    setDate(0, 0, 0);
    setClock(rest >> 12, (rest >> 6) & 63, rest & 63, micro, timeHours);
    putClock(row, 6);
    return;
  }
  if (moment.negative) throw misfit("JSON");
  const date = Math.floor(rest / 0x20000);
  const months = Math.floor(date / 32);
  setDate(Math.floor(months / 13), months % 13, date % 32);
  setClock(clock >> 12, (clock >> 6) & 63, clock & 63, micro, 23);
  putDate(row);
  if (type === logTypes.date) return;
  row.bytes[row.at++] = 32;
  putClock(row, 6);
}

/** Bytes of one line of base64. */
const lineBytes = 57;
const lineChars = 76;

function putBase64(row: ProtocolRow, type: number, source: Buffer, at: number, length: number): void {
  const head = `"base64:type${String(type)}:`;
  const lines = Math.ceil(length / lineBytes);
  row.reserve(head.length + lines * (lineChars + 2) + 1);
  row.at += row.bytes.write(head, row.at, "latin1");
  for (let q = at; q < at + length; q += lineBytes) {
    if (q > at) row.at += row.bytes.write("\\n", row.at, "latin1");
    const stop = Math.min(q + lineBytes, at + length);
    row.at += row.bytes.write(source.toString("base64", q, stop), row.at, "latin1");
  }
  row.bytes[row.at++] = quote;
}
