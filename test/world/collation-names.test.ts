/**
 * What the name of a collation is read as, against what each server itself answers when it is asked: for every
 * collation that it has, whether blanks at the end count, whether case does, and whether accents do.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Connection as Driver } from "mysql2/promise";
import { collationFacts } from "../../src/typemap/collation.js";
import { testSources } from "./matrix.js";
import { openDriver, sourceUrl } from "./source-database.js";

/** Letters with and without their marks; each alphabet has some that every collation that folds accents folds. */
const accents = ["éèêëàâáíóú", "eeeeaaaiou"] as const;

interface Answer {
  readonly name: string;
  readonly padded: boolean;
  readonly foldsCase: boolean;
  /** Pairs of a letter and its bare form that are equal, of those that the character set has. */
  readonly folded: number;
  readonly asked: number;
}

async function ask(driver: Driver, name: string, charset: string): Promise<Answer> {
  const text = (value: string): string =>
    `CONVERT(CONVERT(x'${Buffer.from(value).toString("hex")}' USING utf8mb4) USING ${charset})`;
  const equal = (a: string, b: string): string => `${text(a)} = ${text(b)} COLLATE ${name}`;
  const letters = Array.from(accents[0]).map((letter, index) => [letter, accents[1].charAt(index)] as const);
  const kept = letters.map(
    ([letter]) => `CONVERT(${text(letter)} USING utf8mb4) = '${letter}' COLLATE utf8mb4_bin`,
  );
  const [rows] = await driver.query(
    `SELECT ${[equal("a", "a "), equal("a", "A"), ...letters.map((pair) => equal(...pair)), ...kept].join(", ")}`,
  );
  const row = (rows as (string | null)[][])[0] ?? [];
  const folded = row.slice(2, 2 + letters.length);
  const has = row.slice(2 + letters.length);
  return {
    name,
    padded: row[0] === "1",
    foldsCase: row[1] === "1",
    folded: folded.filter((one, index) => one === "1" && has[index] === "1").length,
    asked: has.filter((one) => one === "1").length,
  };
}

describe.each(testSources)("every collation of %s", (server) => {
  let driver: Driver;
  let answers: Answer[];

  beforeAll(async () => {
    driver = await openDriver(await sourceUrl(server));
    const [rows] = await driver.query(
      server === "mariadb"
        ? "SELECT FULL_COLLATION_NAME, CHARACTER_SET_NAME FROM information_schema.COLLATION_CHARACTER_SET_APPLICABILITY ORDER BY 1"
        : "SELECT COLLATION_NAME, CHARACTER_SET_NAME FROM information_schema.COLLATIONS ORDER BY 1",
    );
    answers = [];
    for (const [name, charset] of rows as [string, string][])
      if (name !== "binary") answers.push(await ask(driver, name, charset));
  });
  afterAll(async () => {
    await driver.end();
  });

  it("is known by its name", () => {
    expect(answers.filter(({ name }) => collationFacts(name) === null).map(({ name }) => name)).toEqual([]);
    expect(answers.length).toBeGreaterThan(200);
  });

  it("pads as its name is read", () => {
    const wrong = answers.filter(({ name, padded }) => collationFacts(name)?.padded !== padded);
    expect(wrong.map(({ name }) => name)).toEqual([]);
  });

  it("folds case as its name is read", () => {
    const folds = (name: string): boolean =>
      ["ai_ci", "as_ci", "case"].includes(collationFacts(name)?.tells ?? "");
    expect(
      answers.filter(({ name, foldsCase }) => folds(name) !== foldsCase).map(({ name }) => name),
    ).toEqual([]);
  });

  it("tells accents apart as its name is read", () => {
    const folds = (name: string): boolean => (collationFacts(name)?.tells ?? "").startsWith("ai");
    // Languages keep some of these letters apart, Vietnamese most: one that is folded is enough.
    const wrong = answers.filter(({ name, folded, asked }) => asked > 0 && folds(name) !== folded > 0);
    expect(wrong.map(({ name, folded, asked }) => `${name} ${String(folded)} of ${String(asked)}`)).toEqual(
      [],
    );
  });
});
