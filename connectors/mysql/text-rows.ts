/**
 * Rows whose every column is a text, taken apart from the packets of the binary protocol. For comparisons, which ask
 * for canonical texts; the copy never comes this way.
 */
import type { RowSink, TextRow } from "../../src/port.js";

/** A sink that hands each row on at once. */
export function textSink(columns: number, onRow: TextRow): RowSink {
  return {
    row(packet, start) {
      let at = start + 1 + ((columns + 9) >> 3);
      const cells: (string | null)[] = [];
      for (let column = 0; column < columns; column += 1) {
        const bit = column + 2;
        if (((packet[start + 1 + (bit >> 3)] ?? 0) & (1 << (bit & 7))) !== 0) {
          cells.push(null);
          continue;
        }
        const [head, length] = prefix(packet, at);
        cells.push(packet.toString("utf8", at + head, at + head + length));
        at += head + length;
      }
      onRow(cells);
    },
    full: () => false,
    drained: () => Promise.resolve(),
  };
}

/** Bytes of a length-encoded integer, and what it says. */
function prefix(packet: Buffer, at: number): readonly [head: number, length: number] {
  const first = packet[at] ?? 0;
  if (first === 0xfc) return [3, packet.readUInt16LE(at + 1)];
  if (first === 0xfd) return [4, packet.readUIntLE(at + 1, 3)];
  if (first === 0xfe) return [9, Number(packet.readBigUInt64LE(at + 1))];
  return [1, first];
}
