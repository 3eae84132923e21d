/**
 * Every character set that the source has: each single byte and a seeded sample of longer characters go through a real
 * copy, and what arrives is what the source's own CONVERT(... USING utf8mb4) says, byte for byte. Characters that the
 * source cannot convert are named by `check` with their count and never arrive as question marks.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { seeded } from "./demo/random.js";
import { journey } from "./journey.js";
import type { Journey, Said } from "./journey.js";
import { combinations } from "./matrix.js";
import type { SourceDatabase } from "./source-database.js";

const seed = Number(process.env["HEADGATE_SEED"] ?? 20261126);
// The gate takes ten times as many.
const samples = process.env["HEADGATE_GATE"] === "1" ? 4000 : 400;

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

/** A value as it lies in its column, and as the source itself says it in UTF-8; both in hex. */
interface Stored {
  readonly id: string;
  readonly own: string;
  readonly utf8: string;
}

/** One column for each character set in one table: a row is one candidate, in every character set that has it. */
async function store(source: SourceDatabase, charsets: readonly string[]): Promise<void> {
  await source.sql("CREATE TABLE given (id INT AUTO_INCREMENT PRIMARY KEY, b VARBINARY(8), u VARCHAR(4))");
  const { bytes, characters } = candidates();
  const rows = [
    ...bytes.map((value) => `(x'${value.toString("hex")}', NULL)`),
    ...characters.map((value) => `(NULL, CONVERT(x'${Buffer.from(value).toString("hex")}' USING utf8mb4))`),
  ];
  await source.sql(`INSERT INTO given (b, u) VALUES ${rows.join(",")}`);
  const columns = charsets.map((charset) => `cs_${charset} VARCHAR(8) CHARACTER SET ${charset}`);
  await source.sql(`CREATE TABLE every_charset (id INT PRIMARY KEY, ${columns.join(", ")})`);
  // What is stored must be one well-formed character: bytes that came back changed were refused or replaced.
  const cells = charsets.map((charset) => {
    const [b, u] = [`CONVERT(b USING ${charset})`, `CONVERT(u USING ${charset})`];
    return `CASE WHEN CAST(${b} AS BINARY) = b AND CHAR_LENGTH(${b}) = 1 THEN ${b}
                 WHEN CONVERT(${u} USING utf8mb4) = u COLLATE utf8mb4_bin THEN ${u} END`;
  });
  await source.sql(`INSERT IGNORE INTO every_charset SELECT id, ${cells.join(", ")} FROM given`);
  await source.sql("DROP TABLE given");
}

describe.each(combinations)("every character set of $source to $target", ({ source, target }) => {
  let trip: Journey;
  let charsets: string[];

  beforeAll(async () => {
    trip = await journey(`charsets_${source}`, source, target);
    charsets = (await trip.source.sql("SHOW CHARACTER SET"))
      .map(([name]) => name ?? "")
      .filter((name) => name !== "binary");
    await store(trip.source, charsets);
  });
  afterAll(async () => {
    await trip[Symbol.asyncDispose]();
  });

  const stored = async (): Promise<ReadonlyMap<string, readonly Stored[]>> => {
    const cells = charsets.flatMap((charset) => [
      `HEX(cs_${charset})`,
      `HEX(CONVERT(cs_${charset} USING utf8mb4))`,
    ]);
    const rows = await trip.source.sql(`SELECT id, ${cells.join(", ")} FROM every_charset ORDER BY id`);
    const column = (place: number): Stored[] =>
      rows.flatMap((row) => {
        const [id, own, utf8] = [row[0] ?? "", row[2 * place + 1] ?? null, row[2 * place + 2] ?? ""];
        return own === null ? [] : [{ id, own, utf8 }];
      });
    return new Map(charsets.map((charset, place) => [charset, column(place)]));
  };

  it(`is copied as its own conversion says, and what has none is named (seed ${seed})`, async () => {
    const unreadable = new Map<string, readonly string[]>();
    const halves = new Set<string>();
    let all = 0;
    for (const [charset, values] of await stored()) {
      all += values.length;
      expect(values.length, charset).toBeGreaterThan(90);
      // UCS-2 knows no surrogate pairs, so it takes one half for a character.
      const isHalf = ({ own }: Stored): boolean => charset === "ucs2" && /^D[89A-F]/u.test(own);
      if (values.some(isHalf)) halves.add(charset);
      const lost = values.filter(
        (value) =>
          isHalf(value) ||
          (value.own !== "" && (value.utf8 === "3F" || value.utf8 === "") && !marks.has(value.own)),
      );
      if (lost.length > 0)
        unreadable.set(
          charset,
          lost.map(({ id }) => id),
        );
    }
    expect([...halves]).toEqual(["ucs2"]);
    expect(unreadable.size).toBeGreaterThan(1);
    const checked = findingsOf(await trip.said(3, "check"));
    expect(
      checked
        .filter(({ code }) => code === "bad-text")
        .map(({ object, count }) => [object, count])
        .sort(),
    ).toEqual([...unreadable].map(([charset, ids]) => [`every_charset.cs_${charset}`, ids.length]).sort());
    // Nothing else of this table is an error.
    expect(checked.filter(({ severity }) => severity === "error")).toHaveLength(unreadable.size);
    for (const [charset, ids] of unreadable)
      await trip.source.sql(`UPDATE every_charset SET cs_${charset} = NULL WHERE id IN (${ids.join(",")})`);
    await trip.said(0, "run", "--until", "copied");
    const kept = await stored();
    const wide = charsets.map(
      (charset) => `upper(encode(convert_to(cs_${charset}, 'UTF8'), 'hex')) AS ${charset}`,
    );
    const arrived = await trip.target.sql(
      `SELECT t.id::text, ${wide.join(", ")} FROM every_charset AS t ORDER BY t.id`,
    );
    let equal = 0;
    for (const [charset, values] of kept) {
      const there = arrived.flatMap((row) => (row[charset] === null ? [] : [[row["id"], row[charset]]]));
      expect(there, charset).toEqual(values.map(({ id, utf8 }) => [id, utf8]));
      equal += there.length;
    }
    expect(equal).toBe(all - [...unreadable.values()].flat().length);
  });
});

describe.each(combinations)(
  "UTF-8 in a column of another character set, from $source to $target",
  ({ source, target }) => {
    let trip: Journey;

    beforeAll(async () => {
      trip = await journey(`recode_${source}`, source, target);
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
