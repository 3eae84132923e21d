/**
 * What a column's default is, out of the forms of types.md 4.1. MySQL prints a literal bare and marks expressions
 * in EXTRA; MariaDB prints SQL, so a literal is quoted and "no default" is the word NULL. Both cut or replace bytes:
 * a binary default ends at its first NUL in MySQL, and characters outside utf8mb3 become question marks. Such
 * columns are named here as suspect, and catalogue-true-defaults.ts asks for their defaults otherwise.
 */
import type { ColumnDefault } from "../../src/model.js";
import type { ColumnType } from "./column-type.js";
import { bitLiteral, hexLiteral, mysqlExpression, wholeLiteral } from "./sql-text.js";
import type { Cell } from "./connection.js";

export interface DefaultForm {
  readonly columnDefault: Cell;
  readonly extra: string;
  readonly nullable: boolean;
  readonly generated: boolean;
  /** BINARY, VARBINARY and the BLOBs. */
  readonly binary: boolean;
  readonly type: ColumnType;
}

const none: ColumnDefault = { kind: "none" };
const dateTimes = new Set(["datetime", "timestamp"]);

/** MySQL's form; 5.6 marks nothing, so there a bare CURRENT_TIMESTAMP is told by the column's type. */
export function mysqlDefault(form: DefaultForm): ColumnDefault {
  const text = form.columnDefault;
  // AUTO_INCREMENT has neither, TEXT and BLOB may have none: NULL is what an INSERT without the column writes.
  if (text === null) return form.nullable && !form.generated ? { kind: "null" } : none;
  const marked = /\bDEFAULT_GENERATED\b/iu.test(form.extra);
  const now = dateTimes.has(form.type.type) ? nowOf(text) : null;
  if (now !== null) return now;
  if (marked) return expressionDefault(mysqlExpression(text), form.binary);
  if (form.type.type === "bit") return bitDefault(text, form.type);
  if (form.binary) return { kind: "bytes", hex: hexLiteral(text) ?? Buffer.from(text).toString("hex") };
  return { kind: "literal", text };
}

/** MariaDB's form, 10.2.7 and later: an SQL expression. */
export function mariadbDefault(form: DefaultForm): ColumnDefault {
  const sql = form.columnDefault;
  if (sql === null || form.generated) return none;
  if (sql.toUpperCase() === "NULL") return { kind: "null" };
  const now = dateTimes.has(form.type.type) ? nowOf(sql) : null;
  if (now !== null) return now;
  if (form.type.type === "bit") return bitDefault(sql, form.type);
  if (/^-?\d+(?:\.\d*)?(?:e[+-]?\d+)?$/iu.test(sql)) return { kind: "literal", text: sql };
  return expressionDefault(sql, form.binary);
}

/** CURRENT_TIMESTAMP(3) in all its spellings; null for anything else. */
function nowOf(sql: string): ColumnDefault | null {
  const match = /^(?:current_timestamp|now|localtime|localtimestamp)(?:\((\d?)\))?$/iu.exec(sql);
  return match === null ? null : { kind: "now", fsp: Number(match[1] ?? "0") };
}

/** An expression that is one literal is that literal: DEFAULT ('long') on a TEXT column. */
function expressionDefault(sql: string, binary: boolean): ColumnDefault {
  const literal = wholeLiteral(sql);
  if (literal === null) return { kind: "expression", text: sql };
  return binary
    ? { kind: "bytes", hex: Buffer.from(literal).toString("hex") }
    : { kind: "literal", text: literal };
}

function bitDefault(sql: string, type: ColumnType): ColumnDefault {
  const bits = type.length ?? 1;
  const hex =
    bitLiteral(sql, bits) ?? (/^\d+$/u.test(sql) ? bitLiteral(`b'${BigInt(sql).toString(2)}'`, bits) : null);
  return hex === null ? { kind: "expression", text: sql } : { kind: "bytes", hex };
}

/** ON UPDATE CURRENT_TIMESTAMP(fsp) in EXTRA; null when there is none. */
export function onUpdateNow(extra: string): number | null {
  const match = /on update current_timestamp(?:\((\d?)\))?/iu.exec(extra);
  return match === null ? null : Number(match[1] ?? "0");
}

/** Whether what the catalogue printed may not be the whole truth. MySQL's expressions are whole, and DEFAULT() refuses them. */
export function isSuspect(found: ColumnDefault, form: DefaultForm): boolean {
  if (/\bDEFAULT_GENERATED\b/iu.test(form.extra)) return false;
  if (found.kind === "bytes") return form.binary;
  return found.kind === "literal" && !form.binary && found.text.includes("?");
}
