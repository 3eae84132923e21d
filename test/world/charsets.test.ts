/**
 * Every character set that the source has: each single byte and a seeded sample of longer characters go through a real
 * copy, and what arrives is what the source's own CONVERT(... USING utf8mb4) says, byte for byte. Characters that the
 * source cannot convert are named by `check` with their count and never arrive as question marks.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { seeded } from "./demo/random.js";
import { journey } from "./journey.js";
import type { Journey, Said } from "./journey.js";

const seed = Number(process.env["HEADGATE_TEST_SEED"] ?? 20261126);
const samples = 400;

interface Found {
  readonly code: string;
  readonly object: string;
  readonly severity: string;
  readonly count: number;
  readonly propose?: readonly string[];
}

const findingsOf = (said: Said): Found[] => said["findings"] as Found[];

/** One byte; two to four random bytes; characters of Unicode from everywhere but the surrogates and U+0000. */
function candidates(): { bytes: Buffer[]; characters: string[] } {
  const random = seeded(seed);
  const single = Array.from({ length: 255 }, (_, index) => Buffer.from([index + 1]));
  const longer = Array.from({ length: samples * 4 }, () =>
    Buffer.from(Array.from({ length: 2 + random.int(3) }, () => 0x21 + random.int(0xde))),
  );
  const blocks = [0x80, 0x800, 0x3000, 0x4e00, 0xac00, 0xf900, 0xff00, 0x1f300, 0x20000];
  const characters = Array.from({ length: samples }, () => {
    const point = (blocks[random.int(blocks.length)] ?? 0) + random.int(0x400);
    return point >= 0xd800 && point < 0xe000 ? "x" : String.fromCodePoint(point);
  });
  return { bytes: [...single, ...longer], characters };
}

/** Question marks as each character set spells them. */
const marks = new Set(["3F", "003F", "3F00", "0000003F"]);

describe.each(["mysql9", "mariadb"] as const)("every character set of %s", (server) => {
  let trip: Journey;
  let charsets: string[];

  beforeAll(async () => {
    trip = await journey(`charsets_${server}`, server);
    const sql = (text: string): Promise<(string | null)[][]> => trip.source.sql(text);
    charsets = (await sql("SHOW CHARACTER SET"))
      .map(([name]) => name ?? "")
      .filter((name) => name !== "binary");
    await sql("CREATE TABLE given (id INT AUTO_INCREMENT PRIMARY KEY, b VARBINARY(8), u VARCHAR(4))");
    const { bytes, characters } = candidates();
    const rows = [
      ...bytes.map((value) => `(x'${value.toString("hex")}', NULL)`),
      ...characters.map((value) => `(NULL, CONVERT(x'${Buffer.from(value).toString("hex")}' USING utf8mb4))`),
    ];
    await sql(`INSERT INTO given (b, u) VALUES ${rows.join(",")}`);
    for (const charset of charsets) {
      await sql(`CREATE TABLE cs_${charset} (id INT PRIMARY KEY, c VARCHAR(8) CHARACTER SET ${charset})`);
      // What is stored must be one well-formed character: bytes that came back changed were refused or replaced.
      await sql(
        `INSERT IGNORE INTO cs_${charset} SELECT id, CONVERT(b USING ${charset}) FROM given
          WHERE b IS NOT NULL AND CAST(CONVERT(b USING ${charset}) AS BINARY) = b AND CHAR_LENGTH(CONVERT(b USING ${charset})) = 1`,
      );
      await sql(
        `INSERT IGNORE INTO cs_${charset} SELECT id, CONVERT(u USING ${charset}) FROM given
          WHERE CONVERT(CONVERT(u USING ${charset}) USING utf8mb4) = u COLLATE utf8mb4_bin`,
      );
    }
    await sql("DROP TABLE given");
  });
  afterAll(async () => {
    await trip[Symbol.asyncDispose]();
  });

  const stored = async (charset: string): Promise<{ id: string; own: string; utf8: string }[]> =>
    (
      await trip.source.sql(`SELECT id, HEX(c), HEX(CONVERT(c USING utf8mb4)) FROM cs_${charset} ORDER BY id`)
    ).map(([id, own, utf8]) => ({ id: id ?? "", own: own ?? "", utf8: utf8 ?? "" }));

  it(`is copied as its own conversion says, and what has none is named (seed ${seed})`, async () => {
    const lost = new Map<string, string[]>();
    const halves = new Map<string, string[]>();
    for (const charset of charsets) {
      const rows = await stored(charset);
      expect(rows.length, charset).toBeGreaterThan(90);
      // UCS-2 knows no surrogate pairs, so it takes one half for a character.
      const isHalf = (own: string): boolean => charset === "ucs2" && /^D[89A-F]/u.test(own);
      const half = rows.filter(({ own }) => isHalf(own)).map(({ id }) => id);
      if (half.length > 0) halves.set(charset, half);
      const gone = rows.filter(
        ({ own, utf8 }) => own !== "" && (utf8 === "3F" || utf8 === "") && !marks.has(own) && !isHalf(own),
      );
      if (gone.length > 0)
        lost.set(
          charset,
          gone.map(({ id }) => id),
        );
    }
    expect([...halves.keys()]).toEqual(["ucs2"]);
    const checked = await trip.said(3, "check");
    const told = (wanted: string): Found[] => findingsOf(checked).filter(({ code }) => code === wanted);
    const expected = (of: Map<string, string[]>): unknown[] =>
      [...of].map(([charset, ids]) => [`cs_${charset}.c`, ids.length]).sort();
    const counted = (wanted: string): unknown[] =>
      told(wanted)
        .map(({ object, count }) => [object, count])
        .sort();
    expect(counted("bad-text")).toEqual(expected(new Map([...halves, ...lost])));
    // Nothing else of these tables is an error.
    const errors = findingsOf(checked).filter(({ severity }) => severity === "error");
    expect(errors).toHaveLength(lost.size + halves.size);
    for (const [charset, ids] of [...lost, ...halves])
      await trip.source.sql(`DELETE FROM cs_${charset} WHERE id IN (${ids.join(",")})`);
    await trip.said(0, "run", "--until", "copied");
    for (const charset of charsets) {
      const source = (await stored(charset)).map(({ id, utf8 }) => [id, utf8]);
      const target = await trip.target.sql(
        `SELECT t.id::text, upper(encode(convert_to(c, 'UTF8'), 'hex')) AS utf8 FROM cs_${charset} AS t ORDER BY t.id`,
      );
      expect(
        target.map(({ id, utf8 }) => [id, utf8]),
        charset,
      ).toEqual(source);
    }
  });
});

describe.each(["mysql9", "mariadb"] as const)(
  "UTF-8 in a column of another character set, on %s",
  (server) => {
    let trip: Journey;

    beforeAll(async () => {
      trip = await journey(`recode_${server}`, server);
      const sql = (text: string): Promise<(string | null)[][]> => trip.source.sql(text);
      await sql(
        "CREATE TABLE t (id INT PRIMARY KEY, l VARCHAR(60) CHARACTER SET latin1, f CHAR(20) CHARACTER SET latin1, g TEXT CHARACTER SET cp1251, plain VARCHAR(20) CHARACTER SET latin1)",
      );
      const bytes = (text: string): string => `x'${Buffer.from(text).toString("hex")}'`;
      for (const [id, text] of ["é", "Straße", "plain", "日本語", "Ā\u0081ő", ""].entries())
        await sql(`INSERT INTO t VALUES (${id}, ${bytes(text)}, ${bytes(text)}, ${bytes(text)}, 'é')`);
    });
    afterAll(async () => {
      await trip[Symbol.asyncDispose]();
    });

    it("is told with its count and the line, and is not changed unless asked", async () => {
      const said = await trip.said(0, "check", "--propose");
      const told = findingsOf(said).filter(({ code }) => code === "utf8-in-other-charset");
      expect(told.map(({ object, count, severity }) => [object, count, severity])).toEqual([
        ["t.l", 4, "warning"],
        ["t.f", 4, "warning"],
        ["t.g", 4, "warning"],
      ]);
      expect(told.map(({ propose }) => propose?.at(-1))).toEqual([
        "  - { match: { table: t, column: l }, badText: recode(latin1) }",
        "  - { match: { table: t, column: f }, badText: recode(latin1) }",
        "  - { match: { table: t, column: g }, badText: recode(cp1251) }",
      ]);
      // A line that changes values is a person's to take over.
      expect(JSON.stringify(said["propose"])).not.toContain("recode");
    });

    it("is recoded exactly and counted, and what is no UTF-8 is named before the run", async () => {
      const policies = [
        "policies:",
        "  - { match: { table: t, column: [l, f] }, badText: recode(latin1) }",
        "  - { match: { table: t, column: g }, badText: recode(cp1251) }",
      ];
      trip.configure(policies);
      await trip.source.sql("INSERT INTO t VALUES (90, 'é', 'x', 'привет', NULL)");
      const refused = findingsOf(await trip.said(3, "check"));
      expect(
        refused.filter(({ code }) => code === "bad-text").map(({ object, count }) => [object, count]),
      ).toEqual([
        ["t.l", 1],
        ["t.g", 1],
      ]);
      await trip.said(3, "run", "--until", "copied");
      await trip.source.sql("DELETE FROM t WHERE id = 90");
      const said = await trip.said(0, "run", "--until", "copied");
      expect(said["policies"]).toEqual(
        ["t.f", "t.g", "t.l"].map((object) => ({ object, policy: "badText", count: 4 })),
      );
      const rows = await trip.target.sql("SELECT l, f, g, plain FROM t ORDER BY id");
      expect(rows.map(({ l }) => l)).toEqual(["é", "Straße", "plain", "日本語", "Ā\u0081ő", ""]);
      expect(rows.map(({ f }) => f)).toEqual(rows.map(({ l }) => l));
      expect(rows.map(({ g }) => g)).toEqual(rows.map(({ l }) => l));
      expect(new Set(rows.map(({ plain }) => plain))).toEqual(new Set(["é"]));
    });
  },
);
