/**
 * Takes a COLUMN_TYPE apart: `decimal(10,2) unsigned zerofill`, `enum('a''b','c\\d')`, MariaDB's
 * `text /` + `*M!100301 COMPRESSED*` + `/`. Labels of enum and set may hold commas, quotes, backslashes and
 * control characters; they are read by a scanner with the server's own escape rules and never split on a comma.
 */
import { Fault } from "../../src/errors.js";
import { readQuoted } from "./sql-text.js";

export interface ColumnType {
  /** Bare type in lower case, e.g. `int`, `enum`, `geomcollection`. */
  readonly type: string;
  readonly length: number | null;
  readonly precision: number | null;
  readonly scale: number | null;
  readonly fsp: number;
  readonly unsigned: boolean;
  readonly zerofill: boolean;
  readonly labels: readonly string[];
}

const numeric = new Set(["decimal", "float", "double"]);
const temporal = new Set(["time", "datetime", "timestamp"]);

/** Throws a Fault `source-refused` that shows the text when it is no column type. */
export function parseColumnType(columnType: string): ColumnType {
  const head = /^\s*([a-z][a-z0-9_ ]*?)\s*(?=\(|$|\/\*|\sunsigned\b|\szerofill\b)/iu.exec(columnType);
  const type = head?.[1]?.toLowerCase();
  if (head === null || type === undefined) throw unreadable(columnType);
  const arguments_ = readArguments(columnType, head[0].length);
  const rest = columnType
    .slice(arguments_.end)
    .replaceAll(/\/\*.*?\*\//gsu, " ")
    .toLowerCase();
  const words = rest.split(/\s+/u);
  const [first = null, second = null] = arguments_.numbers;
  const base = {
    type,
    length: null,
    precision: null,
    scale: null,
    fsp: 0,
    unsigned: words.includes("unsigned"),
    zerofill: words.includes("zerofill"),
    labels: arguments_.labels,
  };
  if (type === "enum" || type === "set") return base;
  if (arguments_.labels.length > 0) throw unreadable(columnType);
  if (numeric.has(type)) return { ...base, precision: first, scale: second ?? (first === null ? null : 0) };
  if (temporal.has(type)) return { ...base, fsp: first ?? 0 };
  return { ...base, length: first };
}

interface Arguments {
  readonly numbers: readonly number[];
  readonly labels: readonly string[];
  readonly end: number;
}

function readArguments(columnType: string, start: number): Arguments {
  const numbers: number[] = [];
  const labels: string[] = [];
  let at = start;
  if (columnType[at] !== "(") return { numbers, labels, end: at };
  at += 1;
  for (;;) {
    while (columnType[at] === " ") at += 1;
    if (columnType[at] === "'") {
      const label = readQuoted(columnType, at);
      if (label === null) throw unreadable(columnType);
      labels.push(label.text);
      at = label.end;
    } else {
      const digits = /^\d+/u.exec(columnType.slice(at));
      if (digits === null) throw unreadable(columnType);
      numbers.push(Number(digits[0]));
      at += digits[0].length;
    }
    while (columnType[at] === " ") at += 1;
    const next = columnType[at];
    at += 1;
    if (next === ")") return { numbers, labels, end: at };
    if (next !== ",") throw unreadable(columnType);
  }
}

function unreadable(columnType: string): Fault {
  return new Fault("source-refused", `Headgate cannot read the column type ${JSON.stringify(columnType)}.`);
}
