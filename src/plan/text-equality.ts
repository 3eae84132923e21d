/**
 * When two texts are one value, on the source and on the target. A collation of MySQL holds 'A' and 'a' equal where
 * PostgreSQL's text does not, so a unique key of the source needs more than a unique index of the same column. Each
 * text column has two answers here: how its own `=` compares on the target, and what a unique key over it must hold
 * equal, so that no row gets in there that the source would have refused.
 */
import type { IcuCollation, SourceColumn, TextEquality } from "../model.js";
import { postgresName } from "../safety/identifier.js";
import { collationFacts, icuCollation } from "../typemap/collation.js";
import type { KeptCollation } from "../typemap/rule.js";
import { bareType } from "../typemap/target-type.js";

/** What the rules decided of one column, as far as its comparison depends on it. */
export interface Compared {
  readonly column: SourceColumn;
  readonly targetType: string;
  readonly collation: KeptCollation;
}

const sourceTexts = new Set(["char", "varchar", "tinytext", "text", "mediumtext", "longtext"]);
const targetTexts = new Set(["text", "citext", "character varying", "character"]);

/** Every byte counts. */
export const bytewise: TextEquality = { by: "bytes", collation: null, padded: false };

/** Whether it is a text with a collation that stays a text on the target. */
export function isText({ column, targetType }: Compared): boolean {
  return sourceTexts.has(column.type) && column.collation !== null && targetTexts.has(bareType(targetType));
}

/** How the target's `=` on the bare column compares; null for what is no text. */
export function ownEquality(compared: Compared): TextEquality | null {
  if (!isText(compared)) return null;
  const bare = bareType(compared.targetType);
  if (bare === "citext") return { ...bytewise, by: "lower" };
  const collation = columnCollation(compared);
  const padded = bare === "character";
  return collation === null ? { ...bytewise, padded } : { by: "icu", collation, padded };
}

/** The ICU collation that the column itself has on the target; null for none. */
export function columnCollation(compared: Compared): IcuCollation | null {
  return compared.collation === "icu" && isText(compared) && bareType(compared.targetType) !== "citext"
    ? nearest(compared.column)
    : null;
}

/** What a unique key over the column must hold equal on the target; null for what is no text. */
export function keptEquality(compared: Compared): TextEquality | null {
  const own = ownEquality(compared);
  const facts = collationFacts(compared.column.collation ?? "");
  if (own === null || facts === null || compared.collation === "c" || compared.collation === "default")
    return own;
  const padded = facts.padded || own.padded;
  if (own.by !== "bytes" || facts.tells === "bytes") return { ...own, padded };
  if (compared.collation === "lower" || facts.tells === "case")
    return { by: "lower", collation: null, padded };
  return { by: "icu", collation: icuCollation(facts.tells, facts.language), padded };
}

/** Whether two equalities hold the same texts equal. */
export function sameEquality(a: TextEquality | null, b: TextEquality | null): boolean {
  return a?.by === b?.by && a?.padded === b?.padded && a?.collation?.name === b?.collation?.name;
}

/** SQL that is equal under the target's operators exactly where `wanted` holds texts equal; `sql` is the column or its beginning. */
export function equalitySql(
  sql: string,
  own: TextEquality | null,
  wanted: TextEquality | null,
  schema: string,
): string {
  if (wanted === null || sameEquality(own, wanted)) return sql;
  const cut = wanted.padded && own?.padded !== true ? `rtrim(${sql}, ' ')` : sql;
  if (wanted.by === "lower") return own?.by === "lower" ? cut : `lower(${cut})`;
  if (wanted.collation === null || own?.collation?.name === wanted.collation.name) return cut;
  return `${cut} COLLATE ${postgresName(schema)}.${postgresName(wanted.collation.name)}`;
}

/** The statement that makes a collation. */
export function collationSql(collation: IcuCollation, schema: string): string {
  return `CREATE COLLATION IF NOT EXISTS ${postgresName(schema)}.${postgresName(collation.name)} (provider = icu, locale = '${collation.locale}', deterministic = false)`;
}

/** Case-only collations have no ICU one of their own; the column then tells accents apart and case not. */
function nearest(column: SourceColumn): IcuCollation | null {
  const facts = collationFacts(column.collation ?? "");
  if (facts === null || facts.tells === "bytes") return null;
  return facts.tells === "case" ? icuCollation("as_ci", "") : icuCollation(facts.tells, facts.language);
}
