/**
 * The target's equality of texts as an SQL expression on the source: grouping by it shows, before a row is copied,
 * which rows a unique index of the target would hold equal. The source has no ICU, so its nearest collation answers:
 * MySQL 8's own (UCA 9.0), MariaDB's uca1400, before them unicode_520. Near is not the same (new characters, rare
 * scripts): the build of the index is the last word, and it fails loudly.
 */
import type { IcuCollation, TextEquality } from "../../src/model.js";
import { languageWords } from "../../src/typemap/collation.js";
import type { Connection } from "./connection.js";

/** Names of all collations that the server has. */
export async function readCollations(connection: Connection): Promise<ReadonlySet<string>> {
  const rows = await connection.query("SELECT COLLATION_NAME FROM information_schema.COLLATIONS");
  return new Set(rows.flatMap(([name]) => (name === null || name === undefined ? [] : [name.toLowerCase()])));
}

/** Bytes that are equal for two texts exactly where the target's index holds them equal, as near as the server can say. `text` is SQL of utf8mb4. */
export function equalBytes(
  text: string,
  { by, collation, padded }: TextEquality,
  collations: ReadonlySet<string>,
): string {
  const counted = padded ? `TRIM(TRAILING ' ' FROM ${text})` : text;
  if (by === "bytes") return `CAST(${counted} AS BINARY)`;
  const near = collation === null ? null : nearestCollation(collation, collations);
  // Without a collation that tells the same apart case alone is folded: fewer rows are named than the index may refuse, and none too many.
  return near === null ? `CAST(LOWER(${counted}) AS BINARY)` : `WEIGHT_STRING(${counted} COLLATE ${near})`;
}

/** The server's collation of utf8mb4 that is nearest to ICU's; null when none tells the same apart. */
function nearestCollation(
  { strength, language }: IcuCollation,
  collations: ReadonlySet<string>,
): string | null {
  const words = languageWords(language);
  const named = (word: string): string => (word === "" ? "" : `${word}_`);
  const wanted = [
    ...words.map((word) => `utf8mb4_${named(word)}0900_${strength}`),
    // A language without a collation of its own strength: case counts in addition, which names too few and none too many.
    ...words.map((word) => `utf8mb4_${named(word)}0900_as_cs`),
    ...words.map((word) => `uca1400_${named(word)}nopad_${strength}`),
    ...(strength === "ai_ci"
      ? [
          ...words.map((word) => (word === "" ? "utf8mb4_unicode_520_nopad_ci" : `utf8mb4_${word}_ci`)),
          "utf8mb4_unicode_520_ci",
        ]
      : []),
  ];
  return wanted.find((name) => collations.has(name)) ?? null;
}
