/** Tables of a plan for the tests of this room, by the types of their columns. Not part of the product. */
import type { PlanColumn, PlanTable, SourceColumn } from "../../src/model.js";

export function plannedColumn(type: string, unsigned = false): PlanColumn {
  const source: SourceColumn = {
    name: type,
    ordinal: 1,
    columnType: type,
    type,
    length: null,
    precision: null,
    scale: null,
    fsp: 0,
    unsigned,
    zerofill: false,
    charset: null,
    collation: null,
    nullable: true,
    default: { kind: "none" },
    onUpdateNow: null,
    generated: null,
    autoIncrement: false,
    invisible: false,
    comment: "",
    labels: [],
    srid: null,
  };
  return {
    column: source,
    source: type,
    target: type,
    sourceType: type,
    targetType: "text",
    rule: "r",
    nullable: true,
    policy: { zeroDate: "refuse", nul: "refuse", badText: "refuse", enumZero: "keep" },
    identity: null,
  };
}

export function plannedTable(name: string, ...columns: PlanColumn[]): PlanTable {
  const none = { estimatedRows: 0, estimatedBytes: 0, exactCut: false };
  return { source: name, target: name, lane: "main", key: null, columns, ...none };
}
