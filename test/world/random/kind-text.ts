/**
 * Text columns of a random schema: every charset, several collations of each, all tiers, and values that meet what
 * text is known for: case, accents, trailing blanks, U+0000, UTF-8 bytes in latin1, characters past the charset.
 */
import fc from "fast-check";
import * as v from "../../conformance/values.js";
import type { Dice } from "./dice.js";
import type { Engine, Kind } from "./kind.js";

interface Charset {
  readonly name: string;
  readonly collations: readonly string[];
  /** Bytes a character takes in an index. */
  readonly width: number;
}

const charset = (name: string, width: number, ...collations: readonly string[]): Charset => ({
  name,
  width,
  collations,
});

const utf8mb4 = charset(
  "utf8mb4",
  4,
  "utf8mb4_general_ci",
  "utf8mb4_bin",
  "utf8mb4_unicode_ci",
  "utf8mb4_unicode_520_ci",
  "utf8mb4_swedish_ci",
);

const others: readonly Charset[] = [
  charset("utf8mb3", 3, "utf8mb3_general_ci", "utf8mb3_bin", "utf8mb3_unicode_ci"),
  charset("latin1", 1, "latin1_swedish_ci", "latin1_bin", "latin1_general_cs", "latin1_german2_ci"),
  charset("latin1", 1, "latin1_swedish_ci"),
  charset("latin2", 1, "latin2_general_ci", "latin2_bin"),
  charset("ascii", 1, "ascii_general_ci", "ascii_bin"),
  charset("ucs2", 2, "ucs2_general_ci", "ucs2_bin"),
  charset("utf16", 4, "utf16_general_ci", "utf16_bin"),
  charset("utf16le", 4, "utf16le_general_ci"),
  charset("utf32", 4, "utf32_general_ci", "utf32_unicode_ci"),
  charset("cp1251", 1, "cp1251_general_ci", "cp1251_bin"),
  charset("cp850", 1, "cp850_general_ci"),
  charset("koi8r", 1, "koi8r_general_ci"),
  charset("greek", 1, "greek_general_ci"),
  charset("hebrew", 1, "hebrew_general_ci"),
  charset("sjis", 2, "sjis_japanese_ci", "sjis_bin"),
  charset("cp932", 2, "cp932_japanese_ci"),
  charset("ujis", 3, "ujis_japanese_ci"),
  charset("eucjpms", 3, "eucjpms_japanese_ci"),
  charset("euckr", 2, "euckr_korean_ci"),
  charset("gbk", 2, "gbk_chinese_ci", "gbk_bin"),
  charset("big5", 2, "big5_chinese_ci"),
];

const mysqlOnly: readonly Charset[] = [
  charset(
    "utf8mb4",
    4,
    "utf8mb4_0900_ai_ci",
    "utf8mb4_0900_as_cs",
    "utf8mb4_0900_bin",
    "utf8mb4_ja_0900_as_cs",
    "utf8mb4_de_pb_0900_ai_ci",
  ),
  charset("gb18030", 4, "gb18030_chinese_ci"),
];

const alike = [
  "a",
  "A",
  "á",
  "Á",
  "a ",
  "ss",
  "ß",
  "SS",
  "e",
  "é",
  "E",
  "É",
  "i",
  "I",
  "İ",
  "ı",
  "æ",
  "ae",
  "ｱ",
  "ア",
  "あ",
  "",
];

export function textKind(dice: Dice, engine: Engine): Kind {
  const plain = dice.chance(55);
  const set = plain
    ? utf8mb4
    : dice.pick(engine === "mysql" ? [...others, ...mysqlOnly, ...mysqlOnly] : others);
  const collation =
    plain && dice.chance(60) ? "" : ` CHARACTER SET ${set.name} COLLATE ${dice.pick(set.collations)}`;
  const tier = dice.pick([
    "TINYTEXT",
    "TEXT",
    "MEDIUMTEXT",
    "LONGTEXT",
    null,
    null,
    null,
    null,
    null,
    null,
    null,
  ]);
  const length = dice.pick([0, 1, 5, 20, 36, 100, 255, 700]);
  const fixed = length <= 255 && dice.chance(30);
  const most = tier === null ? length : 60;
  const short = (text: string): boolean => Array.from(text).length <= most;
  const words = v.oneOf(alike.filter(short));
  const values = [
    v.characters(most, { trailingBlanks: !fixed || tier !== null }),
    words,
    words,
    v.oneOf(["", "0", "1", "\\N", "\\.", "\t\n", "'\"`", "😀", "\u{10ffff}", "日本"].filter(short)),
    ...(most >= 3 && dice.chance(8) ? [v.oneOf(["a\0b", "\0"])] : []),
    // Bytes that a client with the wrong idea of its charset stored.
    ...(set.name === "latin1" && most >= 5 && dice.chance(50)
      ? [fc.constantFrom("_binary x'c3a9'", "_binary x'e282ac'", "_binary x'81'")]
      : []),
  ];
  const bytes = (length || 1) * set.width + 2;
  return {
    family: "text",
    type: (tier ?? `${fixed ? "CHAR" : "VARCHAR"}(${String(length)})`) + collation,
    values,
    defaults:
      tier === null ? ["''", "NULL", ...(length >= 5 ? ["'a'", "'it''s'", "'\\\\'", "'NULL'"] : [])] : [],
    indexBytes: tier !== null ? null : length === 0 ? "never" : bytes > 700 ? null : bytes,
    fsp: null,
  };
}
