/**
 * The source's unique keys on the target: for each kind of collation the source itself says which two values it takes
 * for one, and after a real copy the target must say the same, so that an application that writes there cannot store
 * what the source would have refused. Where the nearest ICU collation differs from the source's, the difference stands
 * here by name.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { journey } from "./journey.js";
import type { Journey } from "./journey.js";
import type { SourceName } from "./source-database.js";

/** Pairs that some collation holds equal, and two that none does. */
const pairs: readonly (readonly [string, string])[] = [
  ["A", "a"],
  ["é", "e"],
  ["É", "é"],
  ["é", "e\u0301"],
  ["a", "a "],
  ["a", " a"],
  ["ß", "ss"],
  ["ß", "s"],
  ["Å", "A"],
  ["ä", "a"],
  ["ö", "O"],
  ["ü", "y"],
  ["ñ", "n"],
  ["ø", "o"],
  ["æ", "ae"],
  ["a", "a\u00ad"],
  ["b", "c"],
];
const exotic: readonly (readonly [string, string])[] = [
  ["я", "Я"],
  ["ё", "е"],
  ["😀", "🍺"],
  ["ｱ", "ア"],
  ["は", "ハ"],
];

interface Case {
  readonly collation: string;
  /** Pairs that ICU decides otherwise, and how: the target takes both (`laxer`) or refuses the second (`stricter`). */
  readonly laxer?: readonly string[];
  readonly stricter?: readonly string[];
}

const soft = 'a="a\u00ad"';
// One weight for each character, and one for all beyond the BMP: it knows neither letters in pairs nor marks apart.
const general: Case = {
  collation: "utf8mb4_general_ci",
  laxer: ['ß="s"', '😀="🍺"'],
  stricter: ['é="é"', 'ß="ss"', 'ø="o"', 'æ="ae"', soft, 'ｱ="ア"', 'は="ハ"'],
};
const shared: readonly Case[] = [
  general,
  // Unicode's rules of 2003, where ø and æ were letters of their own.
  { collation: "utf8mb4_unicode_ci", laxer: ['😀="🍺"'], stricter: ['ø="o"', 'æ="ae"', soft] },
  { collation: "utf8mb4_bin" },
  // Characters of one byte, each with one weight.
  { collation: "latin1_swedish_ci", stricter: ['ß="ss"', soft] },
  { collation: "latin1_german1_ci", laxer: ['ß="s"'], stricter: ['ß="ss"', 'æ="ae"', soft] },
  { collation: "latin1_german2_ci", stricter: ['ø="o"', 'æ="ae"', soft] },
  { collation: "latin1_general_ci", stricter: [soft] },
  { collation: "latin1_general_cs" },
  { collation: "latin1_bin" },
];
const cases: Readonly<Record<SourceName, readonly Case[]>> = {
  mysql9: [
    ...shared,
    { collation: "utf8mb4_0900_ai_ci" },
    { collation: "utf8mb4_0900_as_ci" },
    { collation: "utf8mb4_0900_as_cs" },
    { collation: "utf8mb4_0900_bin" },
    { collation: "utf8mb4_sv_0900_ai_ci" },
    { collation: "utf8mb4_de_pb_0900_as_cs" },
  ],
  mariadb: [
    ...shared,
    { collation: "utf8mb4_uca1400_ai_ci" },
    // ICU's case level is for case alone, MariaDB's third level for kana and ligatures too.
    { collation: "utf8mb4_uca1400_ai_cs", stricter: ['ß="ss"', 'æ="ae"', 'ｱ="ア"', 'は="ハ"'] },
    { collation: "utf8mb4_uca1400_nopad_as_cs" },
    { collation: "utf8mb4_uca1400_swedish_as_ci" },
    { ...general, collation: "utf8mb4_general_nopad_ci" },
    { collation: "utf8mb4_nopad_bin" },
  ],
  mysql56: shared,
};

/** As the case's lists have it: marks that nobody sees are spelled out. */
const spoken = ([a, b]: readonly [string, string]): string => `${a}=${JSON.stringify(b)}`;
const charsetOf = (collation: string): string => collation.split("_", 1)[0] ?? "";

/** Pairs that the collation's character set can hold. */
function pairsOf(collation: string): readonly (readonly [string, string])[] {
  if (charsetOf(collation) !== "latin1") return [...pairs, ...exotic];
  return pairs.filter((pair) => pair.every((text) => Array.from(text).every((char) => char <= "\u00ff")));
}

/** Those of the pairs of which a table takes only one. */
async function equalPairs(
  collation: string,
  both: (a: string, b: string) => Promise<boolean>,
): Promise<string[]> {
  const equal: string[] = [];
  for (const pair of pairsOf(collation)) if (!(await both(...pair))) equal.push(spoken(pair));
  return equal;
}

const worlds: readonly (readonly [SourceName, "postgres18" | "postgres17" | "postgres15"])[] = [
  ["mysql9", "postgres18"],
  ["mariadb", "postgres18"],
];

describe.each(worlds)("unique keys from %s on %s", (server) => {
  let trip: Journey;

  beforeAll(async () => {
    trip = await journey(`collations_${server}`, server);
    for (const { collation } of cases[server])
      await trip.source.sql(
        `CREATE TABLE \`${collation}\` (c VARCHAR(20) CHARACTER SET ${charsetOf(collation)} COLLATE ${collation} NOT NULL, UNIQUE KEY u (c))`,
      );
    await trip.said(0, "check");
    await trip.said(0, "run", "--until", "copied");
  });
  afterAll(async () => {
    await trip[Symbol.asyncDispose]();
  });

  it.each(cases[server])("hold what $collation holds", async ({ collation, laxer = [], stricter = [] }) => {
    const onSource = await equalPairs(collation, async (a, b) => {
      await trip.source.sql(`TRUNCATE TABLE \`${collation}\``);
      await trip.source.sql(`INSERT IGNORE INTO \`${collation}\` VALUES (?), (?)`, [a, b]);
      const [[count] = []] = await trip.source.sql(`SELECT COUNT(*) FROM \`${collation}\``);
      return count === "2";
    });
    const onTarget = await equalPairs(collation, async (a, b) => {
      const [row] = await trip.target.sql(
        `WITH written AS (INSERT INTO "${collation}" VALUES ($1), ($2) ON CONFLICT DO NOTHING RETURNING 1) SELECT count(*) AS n FROM written`,
        [a, b],
      );
      await trip.target.sql(`TRUNCATE "${collation}"`);
      return row?.["n"] === "2";
    });
    expect({
      laxer: onSource.filter((pair) => !onTarget.includes(pair)),
      stricter: onTarget.filter((pair) => !onSource.includes(pair)),
    }).toEqual({ laxer, stricter });
  });
});
