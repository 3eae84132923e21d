/**
 * `check` as a person runs it: it waits for a worker slot and says so, names a table that was altered under its eyes,
 * shows values only when asked, and calls a sample a sample. `run` makes the same checks on every row.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Finding } from "../../src/model.js";
import { lastObject } from "./headgate.js";
import { journey, numbers } from "./journey.js";
import type { Journey } from "./journey.js";

describe("check", () => {
  let trip: Journey;

  beforeAll(async () => {
    trip = await journey("check_verb");
    await trip.source.sql("CREATE TABLE flags (id INT PRIMARY KEY, b TINYINT(1), secret VARCHAR(40))");
    await trip.source.sql(
      `INSERT INTO flags SELECT n, IF(n = 7777, 5, 0), CONCAT('canary-', n) FROM (${numbers(20_000)}) AS all_n`,
    );
    await trip.source.sql("CREATE TABLE other (id INT PRIMARY KEY, v INT)");
    await trip.source.sql("ANALYZE TABLE flags, other");
  });
  afterAll(async () => {
    await trip[Symbol.asyncDispose]();
  });

  const findingsOf = (said: Readonly<Record<string, unknown>>): readonly Finding[] =>
    said["findings"] as readonly Finding[];
  const codes = (said: Readonly<Record<string, unknown>>): readonly string[] =>
    findingsOf(said).map(({ code, object }) => `${code} ${object}`);

  it("shows keys, and values only when asked", async () => {
    const hidden = await trip.said(3, "check");
    const found = findingsOf(hidden).find(({ code }) => code === "boolean-value");
    expect(found).toMatchObject({ count: 1, sampleKeys: ["7777"] });
    expect(found).not.toHaveProperty("sampleValues");
    const shown = await trip.said(3, "check", "--show-values");
    expect(findingsOf(shown).find(({ code }) => code === "boolean-value")?.sampleValues).toEqual(["5"]);
    expect(JSON.stringify(shown)).not.toContain("canary");
  });

  it("calls a sample a sample, and run takes none for proof", async () => {
    const said = await trip.said(0, "check", "--sample", "1000");
    expect(codes(said)).toContain("sampled flags");
    expect(codes(said)).not.toContain("boolean-value flags.b");
    expect(codes(said)).not.toContain("sampled other");
    const refused = await trip.said(3, "run", "--until", "copied");
    expect(codes(refused)).toContain("boolean-value flags.b");
    expect((await trip.headgate("check", "--sample", "all")).code).toBe(64);
    expect((await trip.headgate("run", "--until", "copied", "--sample", "10")).code).toBe(64);
  });

  it("waits for a worker slot, and names a table that was altered meanwhile", async () => {
    for (const slot of [1, 2]) await trip.source.sql(`DO GET_LOCK('headgate.worker.${String(slot)}', 0)`);
    const running = trip.start(["check", "--json"]);
    await running.logged(/all 2 worker slots of the source's host are taken/u);
    await trip.source.sql("ALTER TABLE other ADD COLUMN late INT");
    for (const slot of [1, 2]) await trip.source.sql(`DO RELEASE_LOCK('headgate.worker.${String(slot)}')`);
    const ended = await running.end;
    expect(ended.code).toBe(3);
    expect(codes(lastObject(ended))).toContain("table-changed other");
  });

  it("names a table that was dropped meanwhile once", async () => {
    for (const slot of [1, 2]) await trip.source.sql(`DO GET_LOCK('headgate.worker.${String(slot)}', 0)`);
    const running = trip.start(["check", "--json"]);
    await running.logged(/worker slots/u);
    await trip.source.sql("DROP TABLE other");
    for (const slot of [1, 2]) await trip.source.sql(`DO RELEASE_LOCK('headgate.worker.${String(slot)}')`);
    const ended = await running.end;
    expect(ended.code).toBe(3);
    expect(codes(lastObject(ended)).filter((code) => code === "table-changed other")).toHaveLength(1);
  });
});
