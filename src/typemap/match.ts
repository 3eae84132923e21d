/**
 * Whether a rule's or a policy's conditions hold for one column, and if not, which one failed and what the column
 * has instead: `plan --explain` prints that sentence for every rule that lost. Pure; the facts that need the whole
 * catalogue (keys, what foreign keys tie together) are handed in.
 */
import type { ColumnDefault, SourceColumn, SourceEngine } from "../model.js";
import { anyGlobMatches, globMatches } from "./glob.js";
import type { Match } from "./rule.js";
import { parseTypePattern, typeMatches } from "./type-pattern.js";

/** One column as rules see it. */
export interface ColumnFacts {
  readonly engine: SourceEngine;
  readonly table: string;
  /** The table's storage engine. */
  readonly storage: string;
  readonly column: SourceColumn;
  readonly keys: {
    readonly primary: boolean;
    readonly unique: boolean;
    readonly foreign: boolean;
    /** AUTO_INCREMENT, or tied to such a column by foreign keys. */
    readonly auto: boolean;
  };
}

type Count = number | { readonly min?: number | undefined; readonly max?: number | undefined };

/** null when every condition holds, else the first that does not, as a sentence's end: `type is int, not tinyint(1)`. */
export function failedCondition(match: Match, facts: ColumnFacts): string | null {
  const { column } = facts;
  const tests: readonly (string | null)[] = [
    match.type === undefined ? null : typeFails(match.type, column),
    countFails("length", match.length, column.length),
    countFails("precision", match.precision, column.precision),
    countFails("scale", match.scale, column.scale),
    countFails("fsp", match.fsp, column.fsp),
    flagFails("unsigned", match.unsigned, column.unsigned),
    flagFails("zerofill", match.zerofill, column.zerofill),
    flagFails("nullable", match.nullable, column.nullable),
    flagFails("autoIncrement", match.autoIncrement, column.autoIncrement),
    flagFails("generated", match.generated, column.generated !== null),
    match.default === undefined ? null : defaultFails(match.default, column.default),
    globFails("table", match.table, facts.table),
    globFails("column", match.column, column.name),
    globFails("charset", match.charset, column.charset ?? ""),
    globFails("collation", match.collation, column.collation ?? ""),
    globFails("storage", match.storage, facts.storage),
    match.engine === undefined || match.engine === facts.engine
      ? null
      : `engine is ${facts.engine}, not ${match.engine}`,
    match.key === undefined || keyHolds(match.key, facts.keys) ? null : keySentence(match.key, facts.keys),
  ];
  return tests.find((test) => test !== null) ?? null;
}

function typeFails(wanted: string | readonly string[], column: SourceColumn): string | null {
  const patterns = typeof wanted === "string" ? [wanted] : wanted;
  const fits = patterns.some((text) => {
    const pattern = parseTypePattern(text);
    return pattern !== null && typeMatches(pattern, column);
  });
  return fits ? null : `type is ${column.columnType}, not ${patterns.join(" or ")}`;
}

function countFails(name: string, wanted: Count | undefined, has: number | null): string | null {
  if (wanted === undefined) return null;
  const { min, max } = typeof wanted === "number" ? { min: wanted, max: wanted } : wanted;
  if (has !== null && has >= (min ?? 0) && has <= (max ?? has)) return null;
  const range = min === max ? String(min) : `${String(min ?? 0)} to ${String(max ?? "any")}`;
  return `${name} is ${has === null ? "not declared" : String(has)}, not ${range}`;
}

function flagFails(name: string, wanted: boolean | undefined, has: boolean): string | null {
  if (wanted === undefined || wanted === has) return null;
  return `${name} is ${String(has)}, not ${String(wanted)}`;
}

function globFails(name: string, wanted: string | readonly string[] | undefined, has: string): string | null {
  if (wanted === undefined) return null;
  const globs = typeof wanted === "string" ? [wanted] : wanted;
  return anyGlobMatches(globs, has)
    ? null
    : `${name} is ${has === "" ? "none" : has}, not ${globs.join(" or ")}`;
}

function defaultFails(wanted: NonNullable<Match["default"]>, has: ColumnDefault): string | null {
  if (typeof wanted === "string")
    return wanted === has.kind ? null : `default is of kind ${has.kind}, not ${wanted}`;
  if (has.kind === "literal" && globMatches(wanted.literal, has.text)) return null;
  const found = has.kind === "literal" ? `'${has.text}'` : `of kind ${has.kind}`;
  return `default is ${found}, not '${wanted.literal}'`;
}

function keyHolds(wanted: NonNullable<Match["key"]>, keys: ColumnFacts["keys"]): boolean {
  const any = keys.primary || keys.unique || keys.foreign;
  return wanted === "any" ? any : wanted === "none" ? !any : keys[wanted];
}

function keySentence(wanted: NonNullable<Match["key"]>, keys: ColumnFacts["keys"]): string {
  const part = (["primary", "unique", "foreign", "auto"] as const).filter((kind) => keys[kind]);
  return `key is ${part.length === 0 ? "none" : part.join(", ")}, not ${wanted}`;
}
