/** Names of collations, read. A world test holds the same to what the servers answer. */
import { describe, expect, it } from "vitest";
import { collationFacts, icuCollation } from "./collation.js";

describe("a collation's name", () => {
  it.each([
    ["utf8mb4_0900_ai_ci", "ai_ci", "", false],
    ["utf8mb4_0900_as_ci", "as_ci", "", false],
    ["utf8mb4_0900_as_cs", "as_cs", "", false],
    ["utf8mb4_0900_bin", "bytes", "", false],
    ["utf8mb4_bin", "bytes", "", true],
    ["utf8mb4_general_ci", "ai_ci", "", true],
    ["utf8mb3_general_mysql500_ci", "ai_ci", "", true],
    ["utf8mb4_unicode_520_ci", "ai_ci", "", true],
    ["utf8mb4_sv_0900_as_cs", "as_cs", "sv", false],
    ["utf8mb4_cs_0900_ai_ci", "ai_ci", "cs", false],
    ["utf8mb4_es_trad_0900_ai_ci", "ai_ci", "es_trad", false],
    ["utf8mb4_de_pb_0900_ai_ci", "ai_ci", "de_pb", false],
    ["utf8mb4_ja_0900_as_cs_ks", "as_cs", "", false],
    ["latin1_swedish_ci", "ai_ci", "sv", true],
    ["latin1_german2_ci", "ai_ci", "de_pb", true],
    ["latin1_german1_ci", "ai_ci", "", true],
    ["latin1_general_ci", "as_ci", "", true],
    ["latin1_general_cs", "bytes", "", true],
    ["latin2_czech_cs", "bytes", "cs", true],
    ["cp932_japanese_ci", "case", "", true],
    ["big5_chinese_nopad_ci", "case", "", false],
    ["gb18030_unicode_520_ci", "ai_ci", "", true],
    ["uca1400_ai_ci", "ai_ci", "", true],
    ["utf8mb4_uca1400_ai_ci", "ai_ci", "", true],
    ["utf8mb4_uca1400_swedish_nopad_as_ci", "as_ci", "sv", false],
    ["uca1400_ai_cs", "ai_cs", "", true],
    ["latin1_swedish_nopad_ci", "ai_ci", "sv", false],
    ["utf8mb4_nopad_bin", "bytes", "", false],
  ])("%s tells %s, language %j, padded %s", (name, tells, language, padded) => {
    expect(collationFacts(name)).toEqual({ padded, tells, language });
  });

  it.each(["binary", "utf8mb4_klingon_ci", "utf8mb4_0900", "nonsense", ""])("%j says nothing", (name) => {
    expect(collationFacts(name)).toBeNull();
  });

  it.each([
    ["ai_ci", "", "headgate_ci_ai", "und-u-ks-level1"],
    ["as_ci", "", "headgate_ci_as", "und-u-ks-level2"],
    ["as_cs", "sv", "headgate_sv_cs_as", "sv-u-ks-level3"],
    ["ai_cs", "", "headgate_cs_ai", "und-u-kc-true-ks-level1"],
    ["ai_ci", "de_pb", "headgate_de_pb_ci_ai", "de-u-co-phonebk-ks-level1"],
  ] as const)("%s of %j is %s, made by %s", (strength, language, name, locale) => {
    expect(icuCollation(strength, language)).toEqual({ name, locale, strength, language });
  });
});
