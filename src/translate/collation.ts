/**
 * How two texts are equal. The source compares by a collation (case, accents, trailing spaces); PostgreSQL's plain
 * text by bytes. A binary collation is the same on both once trailing spaces are seen to. Any other goes through an
 * ICU collation of the target, near enough for a view whose rows are compared, and never for what is strict.
 */
import { postgresName } from "../safety/identifier.js";
import type { CollationName, Surroundings } from "./context.js";
import { outside } from "./node.js";
import type { Value } from "./value.js";

/** ICU's locale for each, in plain names that the target's other objects will not want. */
export const collationLocales: Readonly<Record<CollationName, string>> = {
  ai_ci: "und-u-ks-level1",
  as_ci: "und-u-ks-level2",
  as_cs: "und-u-ks-level3",
  swedish_ci: "sv-u-ks-level1",
};

/** The statement that makes one, for whoever needs it first. */
export function collationSql(name: CollationName, schema: string): string {
  return `CREATE COLLATION IF NOT EXISTS ${collationRef(name, schema)} (provider = icu, locale = '${collationLocales[name]}', deterministic = false)`;
}

function collationRef(name: CollationName, schema: string): string {
  return `${postgresName(schema)}.${postgresName(`headgate_${name}`)}`;
}

interface Rule {
  /** null: byte by byte. */
  readonly icu: CollationName | null;
  /** 'a' = 'a '. */
  readonly pad: boolean;
}

function ruleOf(collation: string): Rule {
  const name = collation.toLowerCase();
  const pad = !name.includes("_0900_") && !name.includes("_nopad_");
  if (name.endsWith("_bin")) return { icu: null, pad };
  const modern = /^utf8mb4_(?:0900|uca1400(?:_nopad)?)_(ai_ci|as_ci|as_cs)$/.exec(name)?.[1];
  if (modern === "ai_ci" || modern === "as_ci" || modern === "as_cs") return { icu: modern, pad };
  if (/^(?:utf8|utf8mb3|utf8mb4|ucs2|utf16|ascii)_(?:general|unicode|unicode_520)(?:_nopad)?_ci$/.test(name))
    return { icu: "ai_ci", pad };
  if (/^latin1_swedish(?:_nopad)?_ci$/.test(name)) return { icu: "swedish_ci", pad };
  return outside(`text of the collation ${collation}`);
}

/** The one collation of texts that meet; null where all are literals. */
export function sharedCollation(texts: readonly Value[]): string | null {
  const names = new Set(texts.flatMap(({ collation }) => collation ?? []));
  if (names.size > 1) return outside("texts of different collations side by side");
  return [...names][0] ?? null;
}

/** The collation of a text that is made of others: of several it can be shown, and not compared. */
export function madeCollation(texts: readonly Value[]): string | null {
  const names = new Set(texts.flatMap(({ collation }) => collation ?? []));
  return names.size > 1 ? "several" : ([...names][0] ?? null);
}

/** The operand as the target must see it to compare, group or sort it by `collation`. */
export function compared(
  operand: Value,
  collation: string | null,
  around: Surroundings,
  purpose: "equal" | "ordered",
): string {
  // Whoever has no column to follow follows the connection, which a plan cannot know.
  if (collation === null) return outside("literals compared with each other");
  const { icu, pad } = ruleOf(collation);
  const trimmed = (sql: string): string => (pad && operand.padded ? `rtrim(${sql}, ' ')` : sql);
  if (icu === null) {
    if (purpose === "equal") return trimmed(operand.sql);
    if (pad) return outside("texts in the order of a binary collation that pads with spaces");
    return `(${operand.sql} COLLATE "C")`;
  }
  if (around.strict) return outside(`text compared by ${collation}, which PostgreSQL has no exact like of`);
  around.collations.add(icu);
  around.notes.add(purpose === "ordered" ? "text-sorted" : "text-compared");
  return `(${trimmed(operand.sql)} COLLATE ${collationRef(icu, around.schema)})`;
}

/** Whether the collation tells texts apart exactly as bytes do, but for trailing spaces. */
export function isBinary(collation: string | null): boolean {
  return collation !== null && ruleOf(collation).icu === null;
}

/** Whether nothing is left of the difference: grouping by the text itself is right. */
export function isPlainBinary(operand: Value): boolean {
  if (operand.collation === null) return false;
  const { icu, pad } = ruleOf(operand.collation);
  return icu === null && !(pad && operand.padded);
}
