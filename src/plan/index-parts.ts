/**
 * What the entries of an index are made of: a column, the beginning of one, a hash of it; as facts and as SQL. A unique
 * prefix keeps its meaning; any other one indexes the whole value where that always fits into an entry.
 */
import type { IndexPart, PlanIndex, SourceIndex, TextEquality } from "../model.js";
import { postgresName } from "../safety/identifier.js";
import { bareType } from "../typemap/target-type.js";
import type { DecidedColumn, DecidedTable } from "./columns.js";
import { bytewise, ownEquality, sameEquality } from "./text-equality.js";

/** What a btree entry of PostgreSQL can hold (54000 "index row size ... exceeds btree version 4 maximum 2704"). */
export const maxEntryBytes = 2704;

/** What is in an entry. A unique prefix keeps its meaning; another one indexes the whole value where that always fits. */
export function entriesOf(
  index: SourceIndex,
  table: DecidedTable,
  exact: boolean,
  key: boolean,
): PlanIndex["parts"] {
  return index.parts.map((part) => {
    const decided = find(part, table);
    const column = part.column ?? "";
    if (decided === undefined) return { column, prefix: null, hashed: false };
    const prefix = part.prefix === null || wholeServes(part, decided, exact) ? null : part.prefix;
    const hashed =
      !key && prefix === null && decided.keyPolicy.longIndex === "hash" && hashable(decided.targetType);
    const equality = ownEquality(decided);
    return { column, prefix, hashed, ...counted(equality) };
  });
}

/** An entry's equality as far as it is more than its bytes. */
export function counted(equality: TextEquality | null): { readonly equality?: TextEquality } {
  return equality === null || sameEquality(equality, bytewise) ? {} : { equality };
}

function hashable(targetType: string): boolean {
  const bare = bareType(targetType);
  return bare === "bytea" || bare === "text" || bare.startsWith("character");
}

/** The entries as SQL. */
export function spell(
  index: SourceIndex,
  table: DecidedTable,
  entries: PlanIndex["parts"],
): readonly string[] {
  return index.parts.map((part, place) => {
    const sql = spellPart(part, table, entries[place] ?? { prefix: null, hashed: false });
    return `${sql}${part.descending ? " DESC" : ""}`;
  });
}

/** One entry without its order. */
export function spellPart(
  part: IndexPart,
  table: DecidedTable,
  { prefix, hashed }: Pick<PlanIndex["parts"][number], "prefix" | "hashed">,
): string {
  const name = quoted(part, table);
  if (hashed) return `md5(${name})`;
  if (prefix === null) return name;
  const decided = find(part, table);
  const bytes = decided !== undefined && bareType(decided.targetType) === "bytea";
  return bytes ? `substr(${name}, 1, ${String(prefix)})` : `left(${name}, ${String(prefix)})`;
}

function wholeServes(part: IndexPart, decided: DecidedColumn, exact: boolean): boolean {
  const bare = bareType(decided.targetType);
  if (bare !== "bytea" && bare !== "text" && !bare.startsWith("character")) return true;
  const { length } = decided.column;
  if (length !== null && part.prefix !== null && part.prefix >= length) return true;
  return !exact && columnBytes(decided) <= maxEntryBytes;
}

/** The most bytes that the part takes of an entry, as far as that has an end. */
export function partBytes(part: IndexPart, table: DecidedTable, exact: boolean): number {
  const decided = find(part, table);
  if (decided === undefined) return 0;
  const whole = columnBytes(decided);
  if (part.prefix === null || wholeServes(part, decided, exact)) return Number.isFinite(whole) ? whole : 0;
  return Math.min(whole, part.prefix * characterBytes(decided));
}

/** The most bytes that a value can have in UTF-8; Infinity for unbounded types. */
function columnBytes(decided: DecidedColumn): number {
  const { type, length } = decided.column;
  if (["char", "varchar"].includes(type)) return (length ?? 0) * characterBytes(decided);
  if (["binary", "varbinary"].includes(type)) return length ?? 0;
  return ["text", "blob"].some((tier) => type.endsWith(tier)) ? Infinity : 16;
}

function characterBytes(decided: DecidedColumn): number {
  if (bareType(decided.targetType) === "bytea" && decided.column.charset === null) return 1;
  switch (decided.column.charset) {
    case "utf8mb4":
    case "utf16":
    case "utf16le":
    case "utf32":
    case "gb18030":
      return 4;
    case "ascii":
      return 1;
    default:
      return 3;
  }
}

/** The part's column by its name on the target. */
export function quoted(part: IndexPart, table: DecidedTable): string {
  const decided = find(part, table);
  return postgresName(decided?.target ?? part.column ?? "");
}

/** The column that the part is about. */
export function find(part: IndexPart, table: DecidedTable): DecidedColumn | undefined {
  return table.decided.find(({ column }) => column.name === part.column);
}
