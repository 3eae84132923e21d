/**
 * Text of every character set that a server has, read out of the log and by the copy: every byte of the sets of one
 * byte, every character of Unicode's first plane in the others and, where they have more, of the planes above.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { SourceEngine } from "../../src/model.js";
import { sourceUrl } from "../world/source-database.js";
import type { CodecCase } from "./cases-scalar.js";
import { optionsOf, planned } from "./codec-world.js";
import {
  changesOf,
  copiedRows,
  firstDifference,
  freshDatabase,
  imageSources,
  logEnd,
} from "./image-world.js";

const gate = process.env["HEADGATE_GATE"] === "1";
const chunk = 4096;

function columnsIn(charset: string): CodecCase[] {
  const one = (type: string): CodecCase => ({
    ddl: `${type} CHARACTER SET ${charset}`,
    // Bytes, so that U+0000 goes over too.
    target: "bytea",
    values: fc.constant("''"),
    extremes: [],
  });
  return [one("LONGTEXT"), one("CHAR(9)")];
}

/** Texts of all code points in order; of the planes above the first a few, unless it is the gate. */
function* unicode(): Iterable<string> {
  for (let start = 0; start < 0x110000; start += chunk) {
    if (start >= 0x10000 && !gate && start % (chunk * 32) !== 0) continue;
    const points: number[] = [];
    for (let point = start; point < start + chunk; point++)
      if (point < 0xd800 || point > 0xdfff) points.push(point);
    if (points.length > 0) yield points.map((point) => String.fromCodePoint(point)).join("");
  }
}

describe.each(imageSources)("character sets in the log of %s", (name) => {
  const engine: SourceEngine = name === "mariadb" ? "mariadb" : "mysql";

  it("are read as the server itself converts them", { timeout: 300_000 }, async () => {
    const url = await sourceUrl(name);
    await using admin = await freshDatabase(url);
    const { driver } = admin;
    await driver.query("SET sql_mode = ''");
    const [sets] = await driver.query({
      sql: "SELECT CHARACTER_SET_NAME, MAXLEN FROM information_schema.CHARACTER_SETS WHERE CHARACTER_SET_NAME <> 'binary' ORDER BY 1",
      rowsAsArray: true,
    });
    const all = (sets as [string, number][]).map(([charset, bytes]) => ({
      charset,
      single: bytes === 1,
    }));
    const tried = all.flatMap(({ charset }) => columnsIn(charset));
    await driver.query(
      `CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, ${tried.map(({ ddl }, i) => `c${i} ${ddl} NULL`).join(", ")}) ENGINE=${name === "mysql56" ? "MyISAM" : "InnoDB"}`,
    );
    const start = await logEnd(driver);
    const columns = all.map((_, i) => `c${i * 2}, c${i * 2 + 1}`).join(", ");
    for (let byte = 0; byte < 256; byte++)
      await driver.query(
        `INSERT INTO t (${columns}) VALUES (${all.map(({ charset, single }) => (single ? `CHAR(${byte} USING ${charset}), CHAR(${byte}, 32, 65, 32 USING ${charset})` : "NULL, NULL")).join(", ")})`,
      );
    for (const text of unicode())
      await driver.query(
        `INSERT INTO t (${columns}) VALUES (${all.map(({ single }) => (single ? "NULL, NULL" : "?, ?")).join(", ")})`,
        all.flatMap(({ single }) => (single ? [] : [text, Array.from(text).slice(0, 9).join("")])),
      );
    const table = await planned(url, tried);
    const copied = await copiedRows(url, table, engine);
    const changes = await changesOf(optionsOf(url), engine, table, start);
    expect(changes.length).toBe(copied.length);
    const problems = changes.flatMap(({ after }, row) => firstDifference(table, after!, copied[row]!) ?? []);
    expect(problems.slice(0, 20)).toEqual([]);
  });
});
