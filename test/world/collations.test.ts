/**
 * The source's unique keys on the target: for each kind of collation the source itself says which two values it takes
 * for one, and after a real copy the target must say the same, so that an application that writes there cannot store
 * what the source would have refused. Where the nearest ICU collation differs from the source's, the difference stands
 * here by name.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { collationFacts, icuCollation } from "../../src/typemap/collation.js";
import { looserThanIcu } from "../../src/typemap/looser.js";
import { journey, numbers } from "./journey.js";
import type { Journey } from "./journey.js";
import { combinations } from "./matrix.js";
import type { SourceName } from "./matrix.js";

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

/** Every pair as two rows with the pair's number, and the parameters that they need. */
function rowsOf(collation: string, parameter: (place: number) => string): readonly [string, string[]] {
  const texts = pairsOf(collation).flat();
  const row = (place: number): string => `(${String(Math.floor(place / 2))}, ${parameter(place)})`;
  return [texts.map((_, place) => row(place)).join(", "), texts];
}

/** Pairs of which the table took one only; `counts` has each pair's number and how many rows it has. */
function equalPairs(collation: string, counts: ReadonlyMap<number, string | null>): string[] {
  const all = pairsOf(collation);
  expect(counts.size).toBe(all.length);
  return all.filter((_, number) => counts.get(number) === "1").map(spoken);
}

describe.each(combinations)("unique keys from $source on $target", (combination) => {
  let trip: Journey;

  beforeAll(async () => {
    trip = await journey(`collations_${combination.source}`, combination.source, combination.target);
    for (const { collation } of cases[combination.source])
      await trip.source.sql(
        `CREATE TABLE \`${collation}\` (pair INT NOT NULL, c VARCHAR(20) CHARACTER SET ${charsetOf(collation)} COLLATE ${collation} NOT NULL, UNIQUE KEY u (pair, c))`,
      );
    await trip.said(0, "run", "--until", "copied");
  });
  afterAll(async () => {
    await trip[Symbol.asyncDispose]();
  });

  it.each(cases[combination.source])(
    "hold what $collation holds",
    async ({ collation, laxer = [], stricter = [] }) => {
      const [given, texts] = rowsOf(collation, () => "?");
      await trip.source.sql(`INSERT IGNORE INTO \`${collation}\` VALUES ${given}`, texts);
      const counted = await trip.source.sql(`SELECT pair, COUNT(*) FROM \`${collation}\` GROUP BY pair`);
      const onSource = equalPairs(
        collation,
        new Map(counted.map(([pair, count]) => [Number(pair), count ?? null])),
      );
      const [numbered, same] = rowsOf(collation, (place) => `$${String(place + 1)}`);
      const written = await trip.target.sql(
        `WITH written AS (INSERT INTO "${collation}" VALUES ${numbered} ON CONFLICT DO NOTHING RETURNING pair)
         SELECT pair::text, count(*)::text AS n FROM written GROUP BY pair`,
        same,
      );
      const onTarget = equalPairs(
        collation,
        new Map(written.map(({ pair, n }) => [Number(pair), n ?? null])),
      );
      expect({
        laxer: onSource.filter((pair) => !onTarget.includes(pair)),
        stricter: onTarget.filter((pair) => !onSource.includes(pair)),
      }).toEqual({ laxer, stricter });
      // What gets in there and not here is what check tells of.
      const { beyond, characters } = looserThanIcu(collation);
      const known = (char: string): boolean => {
        const code = char.codePointAt(0) ?? 0;
        return characters.includes(code) || (beyond && code > 0xffff);
      };
      const untold = laxer.filter((pair) => !Array.from(pair).some(known));
      expect(untold).toEqual([]);
    },
  );

  it("hold less than the source by no character that check does not know", { timeout: 600_000 }, async () => {
    const { source } = trip;
    const everyday = ["utf8mb4_general_ci", "utf8mb4_unicode_ci", "latin1_german1_ci"];
    const listed = await source.sql("SELECT COLLATION_NAME FROM information_schema.COLLATIONS");
    const gate = process.env["HEADGATE_GATE"] === "1";
    // MariaDB's newest are of a Unicode that is newer than most targets' ICU; UTF-16 and others are as UTF-8 is.
    const other = /^(?:uca1400|utf8mb3|utf8_|ucs2|utf16|utf32)|null/u;
    const names = gate ? listed.map(([name]) => name ?? "").filter((name) => !other.test(name)) : everyday;
    await source.sql("SET SESSION group_concat_max_len = 10000000");
    await source.sql(
      "CREATE TEMPORARY TABLE plane (n INT PRIMARY KEY, c VARCHAR(4) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin)",
    );
    await source.sql(
      `INSERT INTO plane SELECT n, CONVERT(CAST(CHAR(n USING utf32) AS CHAR CHARACTER SET utf32) USING utf8mb4)
         FROM (${numbers(65536)}) AS s WHERE n > 0 AND n NOT BETWEEN 55296 AND 57343`,
    );
    const wrong: Record<string, unknown> = {};
    for (const name of names) {
      const facts = collationFacts(name);
      if (facts === null || facts.tells === "bytes" || facts.tells === "case") continue;
      const icu = icuCollation(facts.tells, facts.language);
      await trip.target.sql(
        `CREATE COLLATION IF NOT EXISTS "${icu.name}" (provider = icu, locale = '${icu.locale}', deterministic = false)`,
      );
      const classes = await source.sql(
        `SELECT HEX(WEIGHT_STRING(x COLLATE ${name})) AS w, GROUP_CONCAT(n ORDER BY n)
           FROM (SELECT n, c, CONVERT(c USING ${charsetOf(name)}) AS x FROM plane
                 HAVING CONVERT(x USING utf8mb4) = c COLLATE utf8mb4_bin) AS q GROUP BY w HAVING COUNT(*) > 1`,
      );
      const members = classes.flatMap(([, list], at) =>
        (list ?? "").split(",").map((code) => [at, Number(code)]),
      );
      // Of each class the letters that ICU holds equal to its first one, or to most of it, stay; the others get in.
      const [row] = await trip.target.sql(
        `WITH given AS (SELECT * FROM unnest($1::int[], $2::int[]) AS g (class, code)),
         held AS (SELECT class, chr(code) COLLATE "${icu.name}" AS c, min(code) AS least, count(*) AS n, array_agg(code) AS codes
                    FROM given GROUP BY 1, 2),
         placed AS (SELECT codes, row_number() OVER (PARTITION BY class ORDER BY (least BETWEEN 48 AND 122) DESC, n DESC, least) AS place FROM held)
         SELECT array_agg(code ORDER BY code)::text AS codes FROM placed, unnest(codes) AS code WHERE place > 1`,
        [members.map(([at]) => at), members.map(([, code]) => code)],
      );
      const found = (row?.["codes"] ?? "{}").slice(1, -1).split(",").filter(Boolean).map(Number);
      const known = looserThanIcu(name).characters;
      const untold = found.filter((code) => !known.includes(code));
      const invented = known.filter((code) => !found.includes(code));
      if (untold.length + invented.length > 0) wrong[name] = { untold, invented };
    }
    expect(wrong).toEqual({});
  });
});
