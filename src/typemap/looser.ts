/**
 * Where the nearest ICU collation holds less equal than the source's: characters that the source takes for another one
 * and the target does not, so that a unique key there lets in what the source would refuse. Of characters alone, as
 * each server was asked about all of the basic plane (a world test asks again); the newest ones, which depend on the
 * target's version of ICU, are not among them. In hexadecimal, with ranges.
 */

export interface Looser {
  /** All characters past U+FFFF are one to the source: emoji, rare letters. */
  readonly beyond: boolean;
  readonly characters: readonly number[];
}

/** One weight for each character: it knows no letter that is two. */
const general = "df 131 345";
/** Unicode's rules of 2003 know neither later letters nor anything past U+FFFF. */
const early = "6de 9f4-9f7 10d0-10f5";
const later = "6de 108d";

/** What languages of the Unicode rules, old or MariaDB's new ones, take for one in addition. */
const languages: Readonly<Record<string, string>> = {
  croatian: "1e08-1e09 1e66-1e67",
  czech: "1e66-1e67",
  danish: "1d5-1dc 1de-1df 1fa-1fb 22a-22b 1d2d 212b",
  estonian: "1d5-1dc 1de-1df 22a-22d 1d21 1e4c-1e4f 1e66-1e67 1ee0-1ee1 2124 2128 24cf 24e9 ff3a ff5a",
  german2: "1d5-1dc 1de-1df 22a-22b",
  hungarian: "1d5-1dc 22a-22b",
  icelandic: "1de-1df 1fa-1fb 22a-22b 1d22 1d2d 1eda-1edb 1ee8-1ee9 212b",
  latvian: "2b8 1e66-1e67 24ce 24e8 ff39 ff59",
  lithuanian: "2b8 1e66-1e67 24ce 24e8 ff39 ff59",
  persian:
    "622 625 629 649-64a 64e-650 689 6a7-6a8 6c0 6c4 6cc 1d00 2020 2022 2030 fb8f fba4-fba5 fbfc-fbfe fdfc fe70-fe72 fe74 fe76-fe7b fe80 fe83-fe88 fe8d fe93-fe94 fed9-fedc feea-feec feef-fefc",
  polish: "1e08-1e09 1e64-1e65 1eda-1edb",
  roman: "4a 55 6a 75",
  romanian: "1ea4-1eb7",
  sinhala: "e01-e02",
  slovak: "158-159 1de-1df 1e66-1e67 1ed0-1ed9",
  slovenian: "106-107 1e08-1e09 1e66-1e67",
  swedish: "d4 f4 118-119 150-151 170-171 1d5-1dc 1de-1df 1fa-1fb 22a-22b 1d2d 1ed0-1ed9 212b",
  turkish: "cc-cf 128 12a 12c 12e 1cf 1d5-1dc 208 20a 22a-22b 1e08-1e09 1e2c 1e2e 1ec8 1eca",
};

/** Collations with a list of their own; most are of one byte. */
const own: Readonly<Record<string, string>> = {
  cp1250_croatian_ci: "df",
  cp1250_general_ci: "a7 df",
  cp1250_polish_ci: "df",
  cp1251_bulgarian_ci:
    "7f a0 a4 a6-a7 a9 ab-ae b0-b1 b5-b7 bb 402 404-40c 40e-40f 452 454-45c 45e-45f 2013-2014 2018-201a 201c-201e 2020-2022 2026 2030 2039-203a 20ac 2116 2122",
  cp1251_ukrainian_ci: "20",
  cp1256_general_ci: "638",
  cp1257_general_ci: "c6 df e6",
  cp1257_lithuanian_ci:
    "7f a0 a2-a4 a6-a9 ab-b9 bb-be c4-c6 c9 d3 d5-d8 dc df e4-e6 e9 f3 f5-f8 fc 100-101 105-107 112-113 122-123 12a-12b 136-137 13b-13c 141-146 14c-14d 156-157 15a-15b 179-17e 2c7 2d9 2db 2013-2014 2018-201a 201c-201e 2020-2022 2026 2030 2039-203a 20ac 2122",
  dec8_swedish_ci: "c4-c6 d4 d6 e4-e6 f4 f6",
  geostd8_general_ci: "60",
  koi8u_general_ci: "20",
  latin1_danish_ci: "c4-c6 d6 d8 e4-e6 f6 f8",
  latin1_german1_ci: "c6 df e6",
  latin1_german2_ci: "c6 e6",
  latin1_spanish_ci: "c6 e6",
  latin1_swedish_ci: "c4-c6 d4 d6 e4-e6 f4 f6",
  latin2_croatian_ci: "df",
  latin2_general_ci: "85 a0 a4 a7-a8 b0 b4 b8 d7 df f7 110-111 2c7 2d8-2d9 2db 2dd",
  latin2_hungarian_ci:
    "82 85 88-89 8c-8d 8f-90 95 97 a0 a7-a8 b0 b4 b8 d6-d7 dc df eb f6-f7 fc 104 110-111 13e 141 150-151 155 15a-15b 170-171 2c7 2d8-2d9 2db 2dd",
  latin5_turkish_ci: "c6 cc-cf df e6",
  latin7_general_ci: "d8",
  macce_general_ci: "4d 6d df",
  macroman_general_ci: "df 131 192",
  swe7_swedish_ci: "40 5b-5e 60 7b-7f",
  tis620_thai_ci: "e59-e5b",
  utf8mb4_da_0900_ai_ci: "152-153",
  utf8mb4_nb_0900_ai_ci: "118-119",
  utf8mb4_nn_0900_ai_ci: "118-119",
  utf8mb4_la_0900_ai_ci: "4a 56 6a 76 134-135 1f0 36e 1d5b 1d65 1e7c-1e7f 2164 2174 24cb 24e5 2c7d ff36 ff56",
  utf8mb4_ja_0900_as_cs:
    "3000 30a1-30f6 30fd-30fe 3131-3164 ff01-ff5e ff61-ff64 ff66-ff6f ff71-ff9d ffa0-ffbe ffc2-ffc7 ffca-ffcf ffd2-ffd7 ffda-ffdc ffe0-ffe6 ffe8-ffee",
  utf8mb4_ja_0900_as_cs_ks:
    "3000 3131-3164 ff01-ff5e ff61-ff64 ff66-ff6f ff71-ff9d ffa0-ffbe ffc2-ffc7 ffca-ffcf ffd2-ffd7 ffda-ffdc ffe0-ffe6 ffe8-ffee",
  utf8mb4_myanmar_ci: "6de 1028 104f 108d",
};

const none: Looser = { beyond: false, characters: [] };

/** What of a collation's equality its nearest ICU collation does not hold. */
export function looserThanIcu(collation: string): Looser {
  const name = collation.toLowerCase().replace("_nopad", "");
  const listed = own[name] ?? own[name.replace(/^(?:utf8|utf8mb3|ucs2|utf16|utf16le|utf32)_/u, "utf8mb4_")];
  if (listed !== undefined) return { beyond: false, characters: expanded(listed) };
  const words = /^(?:utf8|utf8mb3|utf8mb4|ucs2|utf16|utf16le|utf32|gb18030)_(.*)$/u.exec(name)?.[1] ?? name;
  // Character sets without anything past U+FFFF have nothing to take for one there.
  const beyond = /^(?:utf8mb4|utf16|utf16le|utf32)_/u.test(name);
  if (words === "general_ci") return { beyond, characters: expanded(general) };
  if (/^general_mysql\d+_ci$/u.test(words)) return { beyond, characters: expanded(general.slice(3)) };
  if (/_520_/u.test(words)) return { beyond: false, characters: expanded(later) };
  const language = /^(?:uca1400_)?([a-z]+2?)_(?:mysql561_)?(?:ai_)?ci$/u.exec(words)?.[1] ?? "";
  const more = languages[language] ?? "";
  if (words.startsWith("uca1400_")) return { beyond: false, characters: expanded(more) };
  if (/_0900_|_bin$|_cs$/u.test(words) || words === name) return none;
  return { beyond, characters: expanded(`${early} ${more}`) };
}

/** In words; null where there is nothing. */
export function spokenLooser({ beyond, characters }: Looser): string | null {
  const shown = characters.filter((code) => /\p{L}/u.test(String.fromCodePoint(code))).slice(0, 3);
  const some = (shown.length > 0 ? shown : characters.slice(0, 3)).map((code) =>
    /\p{L}/u.test(String.fromCodePoint(code))
      ? String.fromCodePoint(code)
      : `U+${code.toString(16).toUpperCase()}`,
  );
  const listed = `${some.join(", ")}${characters.length > some.length ? " and others" : ""}`;
  const past = "every character past U+FFFF, such as emoji";
  if (characters.length === 0) return beyond ? past : null;
  return beyond ? `${listed}, and ${past}` : listed;
}

function expanded(list: string): readonly number[] {
  return list.split(/\s+/u).flatMap((item) => {
    if (item === "") return [];
    const [first = 0, last = first] = item.split("-").map((hex) => Number.parseInt(hex, 16));
    return Array.from({ length: last - first + 1 }, (_, at) => first + at);
  });
}
