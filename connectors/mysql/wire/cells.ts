/**
 * Rows of small results as text, from both protocols. The snapshot never comes through here: its rows stay
 * packets until a codec turns them into the target's bytes. Every cell becomes the text that the server itself
 * would print for it, so bounds, plans of the optimizer and positions never pass through a JavaScript number.
 */
import { Fault } from "../../../src/errors.js";
import { lengthAt } from "./packets.js";
import type { ColumnType } from "./packets.js";

export type Cell = string | null;

/** One row of the text protocol. */
export function textRow(buf: Buffer, start: number, columns: number): Cell[] {
  const cells: Cell[] = [];
  let at = start;
  for (let i = 0; i < columns; i++) {
    if (buf[at] === 0xfb) {
      cells.push(null);
      at++;
      continue;
    }
    const { value, next } = lengthAt(buf, at);
    at = next + value;
    cells.push(buf.toString("utf8", next, at));
  }
  return cells;
}

/** One row of the binary protocol. Bytes without a character set become lower-case hex. */
export function binaryRow(buf: Buffer, start: number, columns: readonly ColumnType[]): Cell[] {
  const nulls = start + 1;
  let at = nulls + ((columns.length + 9) >> 3);
  return columns.map((column, i) => {
    if (((buf[nulls + ((i + 2) >> 3)] ?? 0) & (1 << ((i + 2) & 7))) !== 0) return null;
    const fixed = fixedWidth[column.type];
    if (fixed !== undefined) {
      const text = number(buf, at, column);
      at += fixed;
      return text;
    }
    const { value, next } = lengthAt(buf, at);
    at = next + value;
    if (isTemporal(column.type)) return temporal(buf, next, value, column);
    return column.charset === binaryCharset && !textual.has(column.type)
      ? buf.toString("hex", next, at)
      : buf.toString("utf8", next, at);
  });
}

const binaryCharset = 63;

/** decimal, newdecimal, json: text whatever character set is announced. */
const textual = new Set([0x00, 0xf6, 0xf5]);

const fixedWidth: Readonly<Record<number, number>> = {
  0x01: 1,
  0x02: 2,
  0x03: 4,
  0x04: 4,
  0x05: 8,
  0x06: 0,
  0x08: 8,
  0x09: 4,
  0x0d: 2,
};

function number(buf: Buffer, at: number, column: ColumnType): string {
  const { unsigned } = column;
  switch (column.type) {
    case 0x01:
      return String(unsigned ? buf.readUInt8(at) : buf.readInt8(at));
    case 0x02:
      return String(unsigned ? buf.readUInt16LE(at) : buf.readInt16LE(at));
    case 0x0d:
      return String(buf.readUInt16LE(at)).padStart(4, "0");
    case 0x03:
    case 0x09:
      return String(unsigned ? buf.readUInt32LE(at) : buf.readInt32LE(at));
    case 0x04:
      return String(buf.readFloatLE(at));
    case 0x05:
      return String(buf.readDoubleLE(at));
    case 0x08:
      return String(unsigned ? buf.readBigUInt64LE(at) : buf.readBigInt64LE(at));
    default:
      throw new Fault("bug", `A number of the unknown type ${column.type} came from the source.`);
  }
}

function isTemporal(type: number): boolean {
  return type === 0x07 || (type >= 0x0a && type <= 0x0c);
}

/** date, datetime, timestamp and time; trailing zero parts are left out on the wire and printed all the same. */
function temporal(buf: Buffer, at: number, length: number, column: ColumnType): string {
  const part = (offset: number): number => (offset < length ? (buf[at + offset] ?? 0) : 0);
  const two = (value: number): string => String(value).padStart(2, "0");
  const micros = (offset: number): string =>
    column.decimals === 0 || column.decimals > 6
      ? ""
      : "." +
        String(offset < length ? buf.readUInt32LE(at + offset) : 0)
          .padStart(6, "0")
          .slice(0, column.decimals);
  if (column.type === 0x0b) {
    const days = length === 0 ? 0 : buf.readUInt32LE(at + 1);
    const clock = `${two(days * 24 + part(5))}:${two(part(6))}:${two(part(7))}`;
    return (part(0) === 1 ? "-" : "") + clock + micros(8);
  }
  const year = length === 0 ? 0 : buf.readUInt16LE(at);
  const date = `${String(year).padStart(4, "0")}-${two(part(2))}-${two(part(3))}`;
  return column.type === 0x0a ? date : `${date} ${two(part(4))}:${two(part(5))}:${two(part(6))}${micros(7)}`;
}
