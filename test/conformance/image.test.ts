/**
 * Values of every type, written to real servers and read back twice: by the copy's own SELECT, and out of the log.
 * Both go through the same codecs, and the bytes for PostgreSQL must be the same, for every type, value, policy and
 * select expression that codec.test.ts proves against PostgreSQL. Before-images too: each row is changed and deleted.
 * HEADGATE_SEED repeats a run.
 */
import { describe, expect, it } from "vitest";
import { freshSeed } from "../fresh-seed.js";
import type { PlanTable, SourceEngine } from "../../src/model.js";
import { sourceUrl } from "../world/source-database.js";
import { cases } from "./cases.js";
import { fill, literals, offered, optionsOf, planned } from "./codec-world.js";
import {
  changesOf,
  copiedRows,
  firstDifference,
  freshDatabase,
  imageSources,
  logEnd,
} from "./image-world.js";
import type { Fields } from "./image-world.js";

const seed = Number(process.env["HEADGATE_SEED"] ?? freshSeed());

describe.each(imageSources)("row images of %s", (name) => {
  const engine: SourceEngine = name === "mariadb" ? "mariadb" : "mysql";

  it(`gives what the copy reads, type by type (seed ${seed})`, { timeout: 180_000 }, async () => {
    const url = await sourceUrl(name);
    await using admin = await freshDatabase(url);
    const meant = cases.filter((one) => one.engine === undefined || one.engine === engine);
    // Labels that MySQL's catalogue cannot print are refused where the log does not tell them either.
    const readable = meant.filter(({ ddl }) => name !== "mysql56" || !ddl.includes("😀"));
    const tried = await offered(admin.driver, readable);
    if (name !== "mysql56") expect(tried.length).toBe(meant.length);
    const columns = literals(tried, seed);
    const start = await logEnd(admin.driver);
    await fill(admin.driver, tried, columns);
    const table = await planned(url, tried);
    const copied = await copiedRows(url, table, engine);
    await admin.driver.query("UPDATE t SET id = id + 1000 ORDER BY id");
    await admin.driver.query("DELETE FROM t ORDER BY id");
    const changes = await changesOf(optionsOf(url), engine, table, start);

    const rows = copied.length;
    expect(changes.map(({ operation }) => operation)).toEqual([
      ...Array.from({ length: rows }, () => "insert"),
      ...Array.from({ length: rows }, () => "update"),
      ...Array.from({ length: rows }, () => "delete"),
    ]);
    const problems = new Set<string>();
    const compare = (image: Fields | null, row: number): void => {
      const difference = firstDifference(withoutKey(table), image!.slice(1), copied[row]!.slice(1));
      if (difference !== null) problems.add(difference);
    };
    for (let row = 0; row < rows; row++) {
      compare(changes[row]!.after, row);
      compare(changes[rows + row]!.before, row);
      compare(changes[rows + row]!.after, row);
      compare(changes[2 * rows + row]!.before, row);
    }
    expect([...problems].slice(0, 20)).toEqual([]);
  });
});

function withoutKey(table: PlanTable): PlanTable {
  return { ...table, columns: table.columns.slice(1) };
}
