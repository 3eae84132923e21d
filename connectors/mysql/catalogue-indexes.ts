/**
 * Indexes of all tables out of information_schema.STATISTICS, in one query: prefixes, descending parts, expressions,
 * full-text and spatial ones, and those that the optimizer is told not to use (MySQL's invisible, MariaDB's ignored).
 */
import type { IndexPart, SourceIndex } from "../../src/model.js";
import { groupBy, numberOf, required } from "./catalogue-views.js";
import type { InformationSchema, Named } from "./catalogue-views.js";
import { mysqlExpression } from "./sql-text.js";

const wanted = [
  "TABLE_NAME",
  "NON_UNIQUE",
  "INDEX_NAME",
  "SEQ_IN_INDEX",
  "COLUMN_NAME",
  "COLLATION",
  "SUB_PART",
  "INDEX_TYPE",
  "INDEX_COMMENT",
  "IS_VISIBLE",
  "IGNORED",
  "EXPRESSION",
] as const;

type IndexRow = Named<(typeof wanted)[number]>;

/** Indexes by table: the primary key first, then by name, so that two readings of one catalogue are the same. */
export async function readIndexes(
  schema: InformationSchema,
): Promise<ReadonlyMap<string, readonly SourceIndex[]>> {
  const rows = await schema.read("STATISTICS", wanted, "TABLE_SCHEMA", [
    "TABLE_NAME",
    "INDEX_NAME",
    "SEQ_IN_INDEX",
  ]);
  const tables = groupBy(rows, (row) => required(row.TABLE_NAME, "table name"));
  return new Map([...tables].map(([table, group]) => [table, indexesOf(group)]));
}

function indexesOf(rows: readonly IndexRow[]): readonly SourceIndex[] {
  const names = groupBy(rows, (row) => required(row.INDEX_NAME, "index name"));
  return [...names].map(([name, parts]) => readIndex(name, parts)).sort(primaryFirst);
}

function readIndex(name: string, rows: readonly IndexRow[]): SourceIndex {
  const first = rows[0];
  const type = (first?.INDEX_TYPE ?? "").toUpperCase();
  const kind =
    type === "FULLTEXT" ? "fulltext" : type === "SPATIAL" || type === "RTREE" ? "spatial" : "btree";
  return {
    name,
    primary: name === "PRIMARY",
    unique: first?.NON_UNIQUE === "0",
    kind,
    visible: first?.IS_VISIBLE !== "NO" && first?.IGNORED !== "YES",
    parts: rows.map((row) => readPart(row, kind)),
    comment: first?.INDEX_COMMENT ?? "",
  };
}

function readPart(row: IndexRow, kind: SourceIndex["kind"]): IndexPart {
  return {
    column: row.COLUMN_NAME,
    expression: row.EXPRESSION === null ? null : mysqlExpression(row.EXPRESSION),
    // A spatial index reports the 32 bytes of its bounding boxes as if they were a prefix.
    prefix: kind === "btree" ? numberOf(row.SUB_PART) : null,
    descending: row.COLLATION === "D",
  };
}

function primaryFirst(one: SourceIndex, other: SourceIndex): number {
  if (one.primary !== other.primary) return one.primary ? -1 : 1;
  return one.name < other.name ? -1 : one.name > other.name ? 1 : 0;
}
