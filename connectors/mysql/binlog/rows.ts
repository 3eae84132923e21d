/**
 * Rows events: finds where each image begins and ends and hands them over as they are. Images without all of their
 * columns are refused, and so are updates of parts of JSON documents: what is absent cannot be told from what did
 * not change.
 */
import { Fault, recopying } from "../../../src/errors.js";
import type { ChangeOperation, ChangeSink } from "../../../src/stream-port.js";
import { logTypes } from "../image/log-type.js";
import { lengthAt } from "../wire/packets.js";
import { types } from "./event.js";
import { inflated } from "./query-event.js";
import type { Announced, LogTables } from "./tables.js";
import { handVersion } from "./versions.js";

const operations: ReadonlyMap<number, ChangeOperation> = new Map([
  [types.writeRows1, "insert"],
  [types.updateRows1, "update"],
  [types.deleteRows1, "delete"],
  [types.writeRows, "insert"],
  [types.updateRows, "update"],
  [types.deleteRows, "delete"],
  [types.partialUpdateRows, "update"],
  [types.writeRowsCompressed1, "insert"],
  [types.updateRowsCompressed1, "update"],
  [types.deleteRowsCompressed1, "delete"],
  [types.writeRowsCompressed, "insert"],
  [types.updateRowsCompressed, "update"],
  [types.deleteRowsCompressed, "delete"],
]);

export function isRows(type: number): boolean {
  return operations.has(type);
}

/** The number that an event without rows ends a statement with. */
const dummy = 0xffffff;

/** The table of the rows event whose body is bytes [at, end); null where it has no rows. */
export function tableOf(bytes: Buffer, at: number, tables: LogTables): Announced | null {
  const id = bytes.readUIntLE(at, 6);
  return id === dummy ? null : tables.of(id);
}

/** Flag of a rows event: the session had foreign_key_checks off (NO_FOREIGN_KEY_CHECKS_F of MySQL and MariaDB). */
const noForeignKeyChecks = 2;

/** Hands over the rows of one event of a table of the plan, or of a lane's markers; how many. */
export function handRows(
  type: number,
  bytes: Buffer,
  at: number,
  end: number,
  announced: Announced,
  sink: ChangeSink,
): number {
  const operation = operations.get(type);
  if (operation === undefined) throw new Fault("bug", `An event of the type ${type} was taken for rows.`);
  const unchecked = (bytes.readUInt16LE(at + 6) & noForeignKeyChecks) !== 0;
  let q = at + 8;
  // Version 2 has room for more between head and columns.
  if (
    (type >= types.writeRows && type <= types.deleteRows) ||
    type === types.partialUpdateRows ||
    type >= types.writeRowsCompressed
  )
    q += bytes.readUInt16LE(q);
  const columns = lengthAt(bytes, q);
  const maps = columns.next;
  const bitmap = (columns.value + 7) >> 3;
  q = maps + bitmap * (operation === "update" ? 2 : 1);
  if (q > end || columns.value !== announced.announced.columns.length) throw misshapen(announced);
  if (announced.lane !== null) {
    if (operation !== "insert") return 0;
  } else if (type === types.partialUpdateRows)
    throw new Fault(
      "log-refused",
      `The source's log holds an update of a part of a JSON document of ${named(announced)}.`,
      {
        next: `SET GLOBAL binlog_row_value_options = ''; then ${recopying(announced.announced.table)}`,
      },
    );
  for (let i = 0; i < columns.value; i++) {
    const bit = 1 << (i & 7);
    const all =
      ((bytes[maps + (i >> 3)] as number) & bit) !== 0 &&
      (operation !== "update" || ((bytes[maps + bitmap + (i >> 3)] as number) & bit) !== 0);
    if (!all)
      throw new Fault(
        "log-refused",
        `The source's log holds a row of ${named(announced)} without all of its columns.`,
        {
          next: `SET GLOBAL binlog_row_image = 'FULL'; then ${recopying(announced.announced.table)}`,
        },
      );
  }
  if (type >= types.writeRowsCompressed1) {
    const rows = inflated(bytes, q, end);
    return hand(rows, 0, rows.length, operation, announced, sink, unchecked);
  }
  return hand(bytes, q, end, operation, announced, sink, unchecked);
}

function hand(
  bytes: Buffer,
  start: number,
  end: number,
  operation: ChangeOperation,
  announced: Announced,
  sink: ChangeSink,
  unchecked: boolean,
): number {
  if (announced.lane !== null) return handMarkers(bytes, start, end, announced, announced.lane, sink);
  const shape = announced.shape;
  const { historic } = shape;
  let count = 0;
  let q = start;
  while (q < end) {
    const beforeEnd = operation === "insert" ? q : shape.end(bytes, q, end);
    const afterEnd = operation === "delete" ? beforeEnd : shape.end(bytes, beforeEnd, end);
    if (historic === null) sink.change(shape, operation, bytes, q, beforeEnd, beforeEnd, afterEnd, unchecked);
    else handVersion(sink, shape, historic, operation, bytes, q, beforeEnd, beforeEnd, afterEnd, unchecked);
    q = afterEnd;
    count++;
  }
  return count;
}

/** Rows of a marker table of ours: id, note, and a time that nobody needs (marker.ts). */
function handMarkers(
  bytes: Buffer,
  start: number,
  end: number,
  announced: Announced,
  lane: string,
  sink: ChangeSink,
): number {
  const [id, note, at] = announced.announced.columns;
  const asMade =
    announced.announced.columns.length === 3 &&
    id?.type === logTypes.longlong &&
    note?.type === logTypes.varchar &&
    note.meta > 255 &&
    at !== undefined;
  let count = 0;
  for (let q = start; q < end; count++) {
    const length = q + 11 <= end ? bytes.readUInt16LE(q + 9) : end;
    // The null bitmap, eight bytes of id, two of the note's length, the note, four of time.
    const next = q + 11 + length + 4;
    if (!asMade || next > end || ((bytes[q] as number) & 7) !== 0) throw misshapen(announced);
    sink.marker(lane, String(bytes.readBigUInt64LE(q + 1)), bytes.toString("utf8", q + 11, q + 11 + length));
    q = next;
  }
  return count;
}

function misshapen(announced: Announced): Fault {
  return new Fault(
    "log-refused",
    `Rows of ${named(announced)} in the source's log do not have the shape that was announced.`,
  );
}

function named({ announced }: Announced): string {
  return `${announced.database}.${announced.table}`;
}
