/**
 * Markers in change events: id and note out of an image of a marker table. The table is ours and always the same, so that a
 * plan's table can be made up for it.
 */
import { Fault } from "../../../src/errors.js";
import type { PlanColumn, PlanTable, SourceColumn } from "../../../src/model.js";
import type { RecordReader } from "../record.js";
import { markerTableOf } from "../topic-names.js";
import type { RowHead } from "./row-head.js";

export class MarkerImages {
  readonly #records: RecordReader;
  readonly #tables = new Map<string, PlanTable>();

  constructor(records: RecordReader) {
    this.#records = records;
  }

  /** Hands over the marker that the row inserts. */
  read(lane: string, { event, value }: RowHead, hand: (id: string, note: string) => void): void {
    let table = this.#tables.get(lane);
    if (table === undefined) {
      table = markerTable(lane);
      this.#tables.set(lane, table);
    }
    this.#records
      .images(event, table)
      .reader([0, 1])
      .read(value, event.after, event.afterEnd, (packet, start, end) => {
        // A byte for the packet, one for the NULLs, eight of the number, one for the length of a short text.
        const length = packet[start + 10] ?? 0xff;
        const wide = length === 0xfc;
        const text = start + (wide ? 13 : 11);
        const stop = text + (wide ? packet.readUInt16LE(start + 11) : length);
        if (packet[start + 1] !== 0 || stop !== end)
          throw new Fault("bug", `A marker of the lane ${lane} is not as Headgate makes them.`);
        hand(String(packet.readBigUInt64LE(start + 2)), packet.toString("utf8", text, stop));
      });
  }
}

function markerTable(lane: string): PlanTable {
  return {
    source: markerTableOf(lane),
    target: markerTableOf(lane),
    lane,
    key: { index: "PRIMARY", columns: ["id"], primary: true },
    columns: [
      planned("id", 1, { type: "bigint", columnType: "bigint unsigned", unsigned: true }, "numeric(20,0)"),
      planned(
        "note",
        2,
        {
          type: "varchar",
          columnType: "varchar(200)",
          length: 200,
          charset: "utf8mb4",
          collation: "utf8mb4_bin",
        },
        "text",
      ),
      planned("at", 3, { type: "timestamp", columnType: "timestamp" }, "timestamp with time zone"),
    ],
    estimatedRows: 0,
    estimatedBytes: 0,
    exactCut: false,
  };
}

function planned(
  name: string,
  ordinal: number,
  column: Pick<SourceColumn, "type" | "columnType"> & Partial<SourceColumn>,
  targetType: string,
): PlanColumn {
  return {
    column: {
      name,
      ordinal,
      length: null,
      precision: null,
      scale: null,
      fsp: 0,
      unsigned: false,
      zerofill: false,
      charset: null,
      collation: null,
      nullable: false,
      default: { kind: "none" },
      onUpdateNow: null,
      generated: null,
      autoIncrement: name === "id",
      invisible: false,
      comment: "",
      labels: [],
      srid: null,
      ...column,
    },
    source: name,
    target: name,
    sourceType: column.columnType,
    targetType,
    rule: "marker",
    nullable: false,
    policy: { zeroDate: "refuse", nul: "refuse", badText: "refuse", enumZero: "refuse" },
    identity: null,
  };
}
