/**
 * What a MySQL or MariaDB collation holds equal, by its name, and the ICU collation of PostgreSQL that is nearest.
 * Servers name their collations by rule (character set, language, what is told apart, padding); the few old ones that
 * break the rule stand in a table. A world test asks each server about every collation that it has, so that this file
 * is held to the servers' own answers. Equality only: which of two unequal texts comes first is another matter.
 */
import type { IcuCollation, IcuStrength } from "../model.js";

export interface CollationFacts {
  /** PAD SPACE: blanks at the end make no difference. */
  readonly padded: boolean;
  /**
   * What is told apart: `bytes` every character, `case` every character but for upper and lower case (no accents,
   * widths or kana folded), else accents (ai, as) and case (ci, cs) as in the Unicode collation algorithm.
   */
  readonly tells: "bytes" | "case" | IcuStrength;
  /** A key of `languages`; empty for the root rules. */
  readonly language: string;
}

interface Language {
  /** ICU's locale, with a variant's keyword where it has one. */
  readonly locale: string;
  /** Words in the servers' names that mean it, each server's own first: MySQL 8's, MariaDB's and old MySQL's. */
  readonly words: readonly string[];
}

/** Languages whose rules change which texts are equal, as far as ICU has them. */
const languages: Readonly<Record<string, Language>> = {
  sv: { locale: "sv", words: ["sv", "swedish"] },
  da: { locale: "da", words: ["da", "danish"] },
  nb: { locale: "nb", words: ["nb", "nn"] },
  de_pb: { locale: "de-u-co-phonebk", words: ["de_pb", "german2"] },
  es: { locale: "es", words: ["es", "spanish"] },
  es_trad: { locale: "es-u-co-trad", words: ["es_trad", "spanish2"] },
  et: { locale: "et", words: ["et", "estonian"] },
  lv: { locale: "lv", words: ["lv", "latvian"] },
  lt: { locale: "lt", words: ["lt", "lithuanian"] },
  pl: { locale: "pl", words: ["pl", "polish"] },
  cs: { locale: "cs", words: ["cs", "czech"] },
  sk: { locale: "sk", words: ["sk", "slovak"] },
  sl: { locale: "sl", words: ["sl", "slovenian"] },
  hr: { locale: "hr", words: ["hr", "croatian"] },
  bs: { locale: "bs", words: ["bs"] },
  sr_latn: { locale: "sr-Latn", words: ["sr_latn"] },
  hu: { locale: "hu", words: ["hu", "hungarian"] },
  is: { locale: "is", words: ["is", "icelandic"] },
  ro: { locale: "ro", words: ["ro", "romanian"] },
  tr: { locale: "tr", words: ["tr", "turkish"] },
  vi: { locale: "vi", words: ["vi", "vietnamese"] },
  eo: { locale: "eo", words: ["eo", "esperanto"] },
};

/** Words of names that leave the root rules' equality as it is, or whose rules ICU does not have (Latin's i = j). */
const rootWords = new Set([
  ...["general", "unicode", "520", "mysql500", "mysql561", "0900", "uca1400", "nopad", "w2", "ks"],
  ...["german1", "english", "la", "roman", "ja", "zh", "ru", "gl", "bg", "bulgarian", "ukrainian"],
  ...["mn", "cyrl", "thai", "persian", "sinhala", "myanmar", "chinese", "korean", "japanese"],
]);

const languageOf = new Map(
  Object.entries(languages).flatMap(([key, { words }]) => words.map((word): [string, string] => [word, key])),
);

/** Old collations that tell something else apart than their names say. */
const exceptions: Readonly<Record<string, CollationFacts["tells"]>> = {
  latin1_general_ci: "as_ci",
  latin7_general_ci: "as_ci",
  cp850_general_ci: "as_ci",
  cp1256_general_ci: "as_ci",
  cp1257_lithuanian_ci: "as_ci",
  hp8_english_ci: "as_ci",
  cp1251_general_cs: "ai_cs",
};

/** Those that fold letters' case and nothing else: of the character sets of East Asia, and MySQL's own one for names. */
const caseOnly =
  /^(?:utf8mb3_tolower|(?:sjis|cp932|ujis|eucjpms|euckr|gbk|gb2312|gb18030|big5)_(?:japanese|korean|chinese))_ci$/u;

/** What the collation holds equal; null for a name that means nothing here. */
export function collationFacts(name: string): CollationFacts | null {
  const spelled = name.toLowerCase();
  const padded = !/_0900_|nopad/u.test(spelled);
  const plain = spelled.replace("_nopad", "");
  if (plain.endsWith("_bin")) return { padded, tells: "bytes", language: "" };
  if (caseOnly.test(plain)) return { padded, tells: "case", language: "" };
  const words = plain.split("_").slice(plain.startsWith("uca1400") ? 0 : 1);
  if (words.at(-1) === "ks") words.pop();
  const last = words.pop();
  if (last !== "ci" && last !== "cs" && last !== "w2") return null;
  const accents = words.at(-1) === "as" || words.at(-1) === "ai" ? words.pop() : undefined;
  const language = languageIn(words);
  if (language === null) return null;
  return { padded, tells: exceptions[plain] ?? tellsOf(accents, last), language };
}

/** Without a word for accents, `ci` folds them and `cs` is of the old kind, which gives each character its own place. */
function tellsOf(accents: string | undefined, last: "ci" | "cs" | "w2"): CollationFacts["tells"] {
  if (last === "w2") return "as_ci";
  if (accents === "as") return last === "ci" ? "as_ci" : "as_cs";
  if (accents === "ai") return last === "ci" ? "ai_ci" : "ai_cs";
  return last === "ci" ? "ai_ci" : "bytes";
}

/** The language that a collation's words name; empty for none, null where a word is not known. */
function languageIn(words: readonly string[]): string | null {
  const own = words.filter((word) => !rootWords.has(word));
  if (own.length === 0) return "";
  return languageOf.get(own.join("_")) ?? null;
}

const levels: Readonly<Record<IcuStrength, string>> = {
  ai_ci: "ks-level1",
  ai_cs: "kc-true-ks-level1",
  as_ci: "ks-level2",
  as_cs: "ks-level3",
};
const nameOf: Readonly<Record<IcuStrength, string>> = {
  ai_ci: "ci_ai",
  ai_cs: "cs_ai",
  as_ci: "ci_as",
  as_cs: "cs_as",
};

/** The ICU collation of a strength and a language: its name in the target's schema and the locale that makes it. */
export function icuCollation(strength: IcuStrength, language: string): IcuCollation {
  const locale = languages[language]?.locale ?? "und";
  const extension = locale.includes("-u-") ? "-" : "-u-";
  return {
    name: `headgate_${language === "" ? "" : `${language}_`}${nameOf[strength]}`,
    locale: `${locale}${extension}${levels[strength]}`,
    strength,
    language,
  };
}

/** How the servers' collations of a language are called: `sv` in MySQL 8, `swedish` elsewhere; empty for the root. */
export function languageWords(language: string): readonly string[] {
  return languages[language]?.words ?? [""];
}
