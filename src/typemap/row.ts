/**
 * A table's row encoder: rows of the source's binary protocol in, PostgreSQL's binary COPY out, in pooled buffers.
 * The stream has its header once, one tuple a row and its trailer at `finish`. A value that is refused ends the
 * encoder with a Fault that names table, column and row, and the row's key where the key itself can be read.
 */
import { Fault } from "../errors.js";
import type { PlanTable, PolicyName, SourceEngine } from "../model.js";
import type { ByteSink, RowSink } from "../port.js";
import type { Codec } from "./codec.js";
import { codecOf } from "./compile.js";
import { Output, policyNames } from "./output.js";
import { Refusal } from "./refusal.js";
import { RowWriter } from "./writer.js";

/** Signature, no flags, no header extension. */
const copyHeader = Buffer.from("5047434f50590aff0d0a000000000000000000", "hex");

export interface EncodedRows {
  readonly rows: number;
  /** All bytes of the COPY stream. */
  readonly bytes: number;
  /** Values that a policy changed, per source column, as `table.column`. */
  readonly policies: readonly {
    readonly object: string;
    readonly policy: PolicyName;
    readonly count: number;
  }[];
}

export interface RowEncoder extends RowSink {
  /** Rows encoded so far. */
  readonly rows: number;
  /** Ends the stream and hands the last buffer over. The sink may still be sending. */
  finish(): EncodedRows;
}

/** Encodes the table's columns in plan order. Throws Fault type-pair where a column has no codec to its target type. */
export function rowEncoder(table: PlanTable, engine: SourceEngine, sink: ByteSink): RowEncoder {
  const codecs = table.columns.map((column) => codecOf(column, engine));
  const out = new Output(sink, codecs.length);
  const writer = new RowWriter(
    codecs.map((codec) => codec.cell),
    out,
  );
  copyHeader.copy(out.bytes);
  out.at = copyHeader.length;
  return {
    get rows() {
      return writer.rows;
    },
    row(packet, start, end) {
      try {
        writer.row(packet, start, end);
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        const column = table.columns[out.column]?.source ?? "?";
        const row = writer.rows + 1;
        const key = keyText(table, codecs, packet, start, end);
        throw new Fault(
          "value-refused",
          `${table.source}.${column} holds ${error.message} (row ${row} of its range${key}).`,
          { facts: { table: table.source, column, row }, cause: error },
        );
      }
    },
    full: () => out.waiting,
    drained: () => out.drained(),
    finish() {
      out.reserve(2);
      out.view.setInt16(out.at, -1);
      out.at += 2;
      out.end();
      return { rows: writer.rows, bytes: out.handed, policies: policyCounts(table, out) };
    },
  };
}

function policyCounts(table: PlanTable, out: Output): EncodedRows["policies"] {
  return table.columns.flatMap((column, index) =>
    policyNames.flatMap((policy, place) => {
      const count = out.counts[index * policyNames.length + place] ?? 0;
      return count > 0 ? [{ object: `${table.source}.${column.source}`, policy, count }] : [];
    }),
  );
}

/** `, key id=7` for the row of a refused value; empty where a key column is itself refused, or there is none. */
function keyText(
  table: PlanTable,
  codecs: readonly Codec[],
  packet: Buffer,
  start: number,
  end: number,
): string {
  const cells = cellsOf(codecs, packet, start, end);
  const parts: string[] = [];
  for (const name of table.key?.columns ?? []) {
    const index = table.columns.findIndex((column) => column.source === name);
    const [codec, cell] = [codecs[index], cells[index]];
    if (codec === undefined || cell === undefined || cell === null) return "";
    const alone = new RowWriter([codec.cell], new Output(null, 1));
    const row = Buffer.concat([Buffer.from([0, 0]), cell]);
    try {
      alone.row(row, 0, row.length);
    } catch (error) {
      if (error instanceof Refusal) return "";
      throw error;
    }
    const length = alone.out.bytes.readInt32BE(2);
    if (length < 0) return "";
    parts.push(`${name}=${codec.decode(alone.out.bytes.subarray(6, 6 + length))}`);
  }
  return parts.length === 0 ? "" : `, key ${parts.join(", ")}`;
}

/** The row's cells with the lengths that stand before them; null for NULL. */
export function cellsOf(
  codecs: readonly Codec[],
  packet: Buffer,
  start: number,
  end: number,
): (Buffer | null)[] {
  let at = start + 1 + ((codecs.length + 9) >> 3);
  return codecs.map(({ cell }, index) => {
    const bit = index + 2;
    if (((packet[start + 1 + (bit >> 3)] ?? 0) & (1 << (bit & 7))) !== 0) return null;
    const begin = at;
    at += cell.wire > 0 ? cell.wire : prefixedLength(packet, at);
    return packet.subarray(begin, Math.min(at, end));
  });
}

function prefixedLength(packet: Buffer, at: number): number {
  const first = packet[at] ?? 0;
  if (first === 0xfc) return 3 + packet.readUInt16LE(at + 1);
  if (first === 0xfd) return 4 + packet.readUIntLE(at + 1, 3);
  if (first === 0xfe) return 9 + packet.readUInt32LE(at + 1);
  return 1 + first;
}
