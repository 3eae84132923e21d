/**
 * The row loop: one binary-protocol row in, one binary COPY tuple out. Opcodes, widths and parameters are small
 * integers in typed arrays; the frequent types are cases of one switch, the others one function call away. No
 * object, string or closure is made per row. Typed arrays swallow writes past their end in silence, so every row
 * ends by comparing offsets with the buffer's and the packet's end.
 */
import { Fault } from "../errors.js";
import { dayNumber, noDay, writeMicroseconds } from "./calendar.js";
import type { Cell, CellFunction } from "./codec.js";
import { writeNumeric, writeNumericInteger } from "./numeric.js";
import { ops } from "./opcode.js";
import type { Output } from "./output.js";
import { refuse } from "./refusal.js";

/** Room that a field may need beyond its wire bytes; cells that need more reserve it. */
export const fieldSlack = 24;

/** From this length on a native copy is faster than a loop. */
const nativeCopy = 128;

/** Before the first row. */
const noPacket: Buffer = Buffer.alloc(0);
const noWire = new DataView(new ArrayBuffer(0));

export class RowWriter {
  readonly out: Output;
  /** Rows written. */
  rows = 0;
  private readonly columns: number;
  private readonly ops: Uint8Array;
  private readonly parameters: Uint16Array;
  private readonly wires: Uint8Array;
  private readonly functions: (CellFunction | null)[];
  private readonly nullBytes: number;
  private packet: Buffer = noPacket;
  private wire: DataView = noWire;

  constructor(cells: readonly Cell[], out: Output) {
    this.out = out;
    this.columns = cells.length;
    this.ops = Uint8Array.from(cells, (cell) => cell.op);
    this.parameters = Uint16Array.from(cells, (cell) => cell.parameter);
    this.wires = Uint8Array.from(cells, (cell) => cell.wire);
    this.functions = cells.map((cell) => cell.write);
    this.nullBytes = (cells.length + 9) >> 3;
  }

  /** Writes the row in bytes [start, end) of `packet`. Throws a Refusal for a value that no policy lets through; `out.column` then names the cell. */
  row(packet: Buffer, start: number, end: number): void {
    const out = this.out;
    const columns = this.columns;
    const need = end - start + columns * fieldSlack + 64;
    if (out.at + need > out.bytes.length) out.reserve(need);
    if (packet !== this.packet) {
      this.packet = packet;
      this.wire = new DataView(packet.buffer, packet.byteOffset, packet.length);
    }
    const wire = this.wire;
    const codes = this.ops;
    let bytes = out.bytes;
    let view = out.view;
    let o = out.at;
    const nulls = start + 1;
    let q = nulls + this.nullBytes;
    view.setInt16(o, columns);
    o += 2;
    for (let i = 0; i < columns; i++) {
      const bit = i + 2;
      if (((packet[nulls + (bit >> 3)] as number) & (1 << (bit & 7))) !== 0) {
        view.setInt32(o, -1);
        o += 4;
        continue;
      }
      let length = this.wires[i] as number;
      if (length === 0) {
        length = packet[q++] as number;
        if (length >= 0xfb) {
          if (length === 0xfc) {
            length = wire.getUint16(q, true);
            q += 2;
          } else if (length === 0xfd) {
            length = wire.getUint16(q, true) | ((packet[q + 2] as number) << 16);
            q += 3;
          } else {
            length = wire.getUint32(q, true);
            q += 8;
          }
        }
      }
      const next = q + length;
      // A false length would make a loop run wild before the check at the end.
      if (next > end) throw misread(this.rows);
      let special = false;
      switch (codes[i]) {
        case ops.eight:
          view.setInt32(o, 8);
          view.setInt32(o + 4, wire.getInt32(q + 4, true));
          view.setInt32(o + 8, wire.getInt32(q, true));
          o += 12;
          break;
        case ops.four:
          view.setInt32(o, 4);
          view.setInt32(o + 4, wire.getInt32(q, true));
          o += 8;
          break;
        case ops.two:
          view.setInt32(o, 2);
          view.setInt16(o + 4, wire.getInt16(q, true));
          o += 6;
          break;
        case ops.byte:
          view.setInt32(o, 2);
          view.setInt16(o + 4, wire.getInt8(q));
          o += 6;
          break;
        case ops.ubyte:
          view.setInt32(o, 2);
          view.setInt16(o + 4, packet[q] as number);
          o += 6;
          break;
        case ops.utwo:
          view.setInt32(o, 4);
          view.setInt32(o + 4, wire.getUint16(q, true));
          o += 8;
          break;
        case ops.ufour:
          view.setInt32(o, 8);
          view.setInt32(o + 4, 0);
          view.setInt32(o + 8, wire.getInt32(q, true));
          o += 12;
          break;
        case ops.ueight: {
          const high = wire.getInt32(q + 4, true);
          if (high < 0) {
            out.column = i;
            refuse("a number past 2^63-1, which bigint does not hold");
          }
          view.setInt32(o, 8);
          view.setInt32(o + 4, high);
          view.setInt32(o + 8, wire.getInt32(q, true));
          o += 12;
          break;
        }
        case ops.bool: {
          const value = packet[q] as number;
          if (value > 1) {
            out.column = i;
            refuse("a number that is neither 0 nor 1, which boolean does not hold");
          }
          view.setInt32(o, 1);
          bytes[o + 4] = value;
          o += 5;
          break;
        }
        case ops.bytes:
          view.setInt32(o, length);
          o += 4;
          if (length < nativeCopy) {
            let k = 0;
            for (const last = length - 3; k < last; k += 4) view.setInt32(o + k, wire.getInt32(q + k));
            for (; k < length; k++) bytes[o + k] = packet[q + k] as number;
          } else packet.copy(bytes, o, q, next);
          o += length;
          break;
        case ops.label:
        case ops.text: {
          special = length === 0 && codes[i] === ops.label;
          view.setInt32(o, length);
          let p = o + 4;
          let k = q;
          // Four bytes at a time; the sum has a high bit set in each byte that was zero (or after one that was).
          for (const last = next - 3; k < last; k += 4, p += 4) {
            const four = wire.getInt32(k, true);
            if (((four - 0x01010101) & ~four & 0x80808080) !== 0) special = true;
            view.setInt32(p, four, true);
          }
          for (; k < next; k++, p++) {
            const one = packet[k] as number;
            if (one === 0) special = true;
            bytes[p] = one;
          }
          if (!special) o = p;
          break;
        }
        case ops.json: {
          view.setInt32(o, length + 1);
          bytes[o + 4] = 1;
          let p = o + 5;
          let k = q;
          // Neighbours, four pairs at a time: digit and e (an exponent), minus and 0, backslash and u. None of them
          // means that all is spelled already; inside a string they mean nothing, which the function finds out.
          for (const last = next - 4; k < last; k += 4, p += 4) {
            const four = wire.getInt32(k, true);
            const after = wire.getInt32(k + 1, true);
            const exponent = ((after | 0x20202020) ^ 0x65656565) | ((four & 0xf0f0f0f0) ^ 0x30303030);
            const minus = (four ^ 0x2d2d2d2d) | (after ^ 0x30303030);
            const escape = (four ^ 0x5c5c5c5c) | (after ^ 0x75757575);
            const found =
              ((exponent - 0x01010101) & ~exponent) |
              ((minus - 0x01010101) & ~minus) |
              ((escape - 0x01010101) & ~escape);
            if ((found & 0x80808080) !== 0) {
              special = true;
              break;
            }
            view.setInt32(p, four, true);
          }
          if (special) break;
          for (; k < next; k++, p++) {
            const one = packet[k] as number;
            const two = k + 1 < next ? (packet[k + 1] as number) : 0;
            if (
              (one === 45 && two === 48) ||
              (one === 92 && two === 117) ||
              ((two | 32) === 101 && (one & 0xf0) === 48)
            )
              special = true;
            bytes[p] = one;
          }
          if (!special) o = p;
          break;
        }
        case ops.numeric: {
          const scales = this.parameters[i] as number;
          o = writeNumeric(bytes, view, o, packet, q, next, scales & 255, scales >> 8);
          break;
        }
        case ops.unumeric:
          o = writeNumericInteger(
            view,
            o,
            wire.getInt32(q + 4, true),
            wire.getInt32(q, true),
            false,
            this.parameters[i] as number,
          );
          break;
        case ops.datetime: {
          const day =
            length < 4
              ? noDay
              : dayNumber(wire.getUint16(q, true), packet[q + 2] as number, packet[q + 3] as number);
          if (day === noDay) special = true;
          else {
            let seconds = day * 86_400;
            if (length >= 7)
              seconds +=
                (packet[q + 4] as number) * 3600 + (packet[q + 5] as number) * 60 + (packet[q + 6] as number);
            view.setInt32(o, 8);
            writeMicroseconds(view, o + 4, seconds, length === 11 ? wire.getUint32(q + 7, true) : 0);
            o += 12;
          }
          break;
        }
        case ops.date: {
          const day =
            length < 4
              ? noDay
              : dayNumber(wire.getUint16(q, true), packet[q + 2] as number, packet[q + 3] as number);
          if (day === noDay) special = true;
          else {
            view.setInt32(o, 4);
            view.setInt32(o + 4, day);
            o += 8;
          }
          break;
        }
        default:
          special = true;
      }
      if (special) {
        out.column = i;
        out.at = o;
        const write = this.functions[i];
        if (write === null || write === undefined) throw new Fault("bug", `Cell ${i} has no function.`);
        write(packet, q, length, out);
        o = out.at;
        bytes = out.bytes;
        view = out.view;
        // The function may have handed over what the row had room in.
        const rest = end - next + (columns - i) * fieldSlack;
        if (o + rest > bytes.length) {
          out.reserve(rest);
          o = out.at;
          bytes = out.bytes;
          view = out.view;
        }
      }
      q = next;
    }
    if (q !== end) throw misread(this.rows);
    if (o > bytes.length) throw new Fault("bug", `Row ${this.rows + 1} was written past its buffer.`);
    out.at = o;
    this.rows++;
  }
}

function misread(rows: number): Fault {
  return new Fault("bug", `Row ${rows + 1} of the source does not have the shape that the plan says.`);
}
