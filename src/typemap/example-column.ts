/**
 * Hand-made columns for unit tests: a type is given in its declared form and taken apart in the simplest way that
 * serves; what a test does not speak of is as a MySQL 9.7 catalogue would have it. Nothing but tests imports this file.
 */
import type { SourceColumn } from "../model.js";

/** A column of the declared type, e.g. `decimal(10,2) unsigned`, `enum('a','b')`, `datetime(6)`. */
export function column(name: string, columnType: string, more: Partial<SourceColumn> = {}): SourceColumn {
  const [, type = columnType, inside] = /^(\w+)(?:\((.*)\))?/s.exec(columnType) ?? [];
  const labelled = type === "enum" || type === "set";
  const numbers = labelled || inside === undefined ? [] : inside.split(",").map(Number);
  const [first = null, second = null] = numbers;
  const fractional = ["time", "datetime", "timestamp"].includes(type);
  const exact = ["decimal", "float", "double"].includes(type);
  const text = ["char", "varchar", "tinytext", "text", "mediumtext", "longtext"].includes(type) || labelled;
  return {
    name,
    ordinal: 1,
    columnType,
    type,
    length: fractional || exact ? null : first,
    precision: exact ? first : null,
    scale: exact ? second : null,
    fsp: fractional ? (first ?? 0) : 0,
    unsigned: columnType.includes("unsigned"),
    zerofill: columnType.includes("zerofill"),
    charset: text ? "utf8mb4" : null,
    collation: text ? "utf8mb4_0900_ai_ci" : null,
    nullable: true,
    default: { kind: "none" },
    onUpdateNow: null,
    generated: null,
    autoIncrement: false,
    invisible: false,
    comment: "",
    labels: labelled
      ? [...(inside ?? "").matchAll(/'((?:[^']|'')*)'/g)].map(([, label = ""]) => label.replaceAll("''", "'"))
      : [],
    srid: null,
    ...more,
  };
}
