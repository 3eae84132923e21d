/**
 * Hand-made catalogues for unit tests: each helper fills in what a test does not speak of, as a MySQL 9.7 catalogue
 * would have it. Nothing but tests imports this file.
 */
import type {
  Catalogue,
  IndexPart,
  SourceColumn,
  SourceForeignKey,
  SourceIndex,
  SourceTable,
} from "../model.js";
import { loadParser } from "../translate/parser.js";
import { column } from "../typemap/example-column.js";
import type { PlanRequest } from "./request.js";

// Whoever plans an example catalogue has SQL to translate.
await loadParser();

/** `id int NOT NULL AUTO_INCREMENT`. */
export function counter(name = "id", columnType = "int"): SourceColumn {
  return column(name, columnType, { nullable: false, autoIncrement: true });
}

/** An index over `column`, `column(10)` or `column desc`. */
export function index(name: string, parts: readonly string[], more: Partial<SourceIndex> = {}): SourceIndex {
  return {
    name,
    primary: name === "PRIMARY",
    unique: name === "PRIMARY",
    kind: "btree",
    visible: true,
    parts: parts.map((part): IndexPart => {
      const [, prefixed, size] = /^(.*)\((\d+)\)$/.exec(part) ?? [];
      return {
        column: prefixed ?? part.replace(/ desc$/, ""),
        expression: null,
        prefix: size === undefined ? null : Number(size),
        descending: part.endsWith(" desc"),
      };
    }),
    comment: "",
    ...more,
  };
}

/** A foreign key over one column. */
export function foreign(
  name: string,
  from: string,
  table: string,
  to: string,
  more: Partial<SourceForeignKey> = {},
): SourceForeignKey {
  return {
    name,
    columns: [from],
    referencedDatabase: null,
    referencedTable: table,
    referencedColumns: [to],
    onDelete: "restrict",
    onUpdate: "restrict",
    ...more,
  };
}

/** A table; its primary key is `id` when it has such a column and no indexes are given. */
export function table(
  name: string,
  columns: readonly SourceColumn[],
  more: Partial<SourceTable> = {},
): SourceTable {
  return {
    name,
    engine: "InnoDB",
    estimatedRows: 100,
    dataBytes: 16384,
    indexBytes: 0,
    comment: "",
    charset: "utf8mb4",
    collation: "utf8mb4_0900_ai_ci",
    autoIncrement: null,
    columns: columns.map((item, place) => ({ ...item, ordinal: place + 1 })),
    indexes: columns.some((item) => item.name === "id") ? [index("PRIMARY", ["id"])] : [],
    foreignKeys: [],
    checks: [],
    partitioning: null,
    systemVersioned: false,
    ...more,
  };
}

/** A database of these tables. */
export function catalogue(tables: readonly SourceTable[], more: Partial<Catalogue> = {}): Catalogue {
  return { database: "shop", engine: "mysql", version: "9.7.4", tables, objects: [], ...more };
}

/** A request that asks for nothing special. */
export function request(more: Partial<PlanRequest> = {}): PlanRequest {
  return {
    migration: "20261122_shop",
    schema: "public",
    include: ["*"],
    exclude: [],
    rename: {},
    names: "keep",
    rules: [],
    policies: [],
    lanes: "one",
    ...more,
  };
}
