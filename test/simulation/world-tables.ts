/**
 * The model's tables, one for each thing that goes wrong: a unique value that wanders, a text key beside a unique text
 * that is compared without case and accents, foreign keys whose actions the log leaves out, and rows without a key.
 */
import type { Plan, PlanForeignKey, PlanTable, TextEquality } from "../../src/model.js";
import { exampleTable } from "../../src/stream/example-rows.js";
import type { Row } from "../../src/stream/example-rows.js";

const loose: TextEquality = {
  by: "icu",
  collation: { name: "headgate_ci_ai", locale: "und-u-ks-level1", strength: "ai_ci", language: "" },
  padded: false,
};

const foreign = (
  column: string,
  to: string,
  onDelete: PlanForeignKey["onDelete"],
  onUpdate: PlanForeignKey["onUpdate"],
): PlanForeignKey => ({
  name: `${column}_fk`,
  columns: [column],
  referencedTable: to,
  referencedColumns: ["id"],
  onDelete,
  onUpdate,
  orphans: "refuse",
});

export const items = exampleTable({
  name: "items",
  columns: { id: "int", code: "int", v: "int" },
  key: ["id"],
  unique: [["code"]],
});
export const names = exampleTable({
  name: "names",
  columns: { name: "varchar(40)", part: "bigint", mail: "varchar(40)", v: "int" },
  key: ["name", "part"],
  unique: [["mail"]],
  equality: loose,
});
export const parents = exampleTable({
  name: "parents",
  lane: "two",
  columns: { id: "int", v: "int" },
  key: ["id"],
  exactCut: true,
});
export const children = exampleTable({
  name: "children",
  lane: "two",
  columns: { id: "int", parent: "int", v: "int" },
  key: ["id"],
  foreignKeys: [foreign("parent", "parents", "cascade", "cascade")],
  exactCut: true,
});
export const notes = exampleTable({
  name: "notes",
  lane: "two",
  columns: { id: "bigint", child: "int" },
  key: ["id"],
  foreignKeys: [foreign("child", "children", "set null", "cascade")],
  exactCut: true,
});
export const journal = exampleTable({
  name: "journal",
  lane: "two",
  columns: { a: "int", b: "varchar(40)" },
  exactCut: true,
});

const tables: readonly PlanTable[] = [items, names, parents, children, notes, journal];

/** Tables that are copied at one position. */
export const tied: readonly (readonly string[])[] = [["parents", "children", "notes"]];

export function modelPlan(lanes: 1 | 2): Plan {
  return {
    version: 1,
    migration: "20261126_model",
    database: "model",
    schema: "public",
    fingerprint: "model",
    lanes: lanes === 1 ? ["one"] : ["one", "two"],
    tables: lanes === 1 ? tables.map((table) => ({ ...table, lane: "one" })) : tables,
    before: [],
    after: [],
    findings: [],
  };
}

/** Without case and accents; there are few of them. */
const looseMails = new Map<string, string>();

/** Columns of the unique indexes beside the key, and the value in them that no two rows may have; null is none. */
export function uniqueValue(table: string, row: Row): string | null {
  if (table === "items") return row[1] === null ? null : String(row[1]);
  if (table !== "names" || row[2] === null) return null;
  const text = String(row[2]);
  let bare = looseMails.get(text);
  if (bare === undefined) {
    bare = text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
    looseMails.set(text, bare);
  }
  return bare;
}
