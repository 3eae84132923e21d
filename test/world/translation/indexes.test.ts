/**
 * Every expression of the lists as an index: MySQL says which of them it indexes, Headgate plans those that are proven
 * and the real target builds them over rows with the ends of each type. An expression that PostgreSQL calls session
 * dependent, or that fails on a row, would stop a run after its copy.
 */
import { afterAll, beforeAll, expect, it } from "vitest";
import { journey } from "../journey.js";
import type { Journey, Said } from "../journey.js";
import { expressions, jsonExpressions, mysqlOnly } from "./expressions.js";
import { sampleRows, sampleTable } from "./sample.js";

let trip: Journey;
/** What the source indexes, by the index's name. */
const indexed = new Map<string, string>();
let planned: Said;

beforeAll(async () => {
  trip = await journey("expression_indexes");
  const { source } = trip;
  const wanted = [...new Set([...expressions, ...mysqlOnly, ...jsonExpressions])];
  // A table takes 64 indexes.
  for (let from = 0, table = 0; from < wanted.length; from += 60, table += 1) {
    await source.sql(sampleTable.replace("CREATE TABLE t ", `CREATE TABLE t${String(table)} `));
    for (const row of sampleRows)
      await source.sql(`INSERT INTO t${String(table)} VALUES (${row.map(() => "?").join(", ")})`, row);
    for (const [place, expression] of wanted.slice(from, from + 60).entries()) {
      const name = `x${String(from + place)}`;
      try {
        await source.sql(`CREATE INDEX ${name} ON t${String(table)} ((${expression}))`);
        indexed.set(`t${String(table)}.${name}`, expression);
      } catch (error) {
        // What the source itself does not index is no index to carry over.
        if (!(error instanceof Error)) throw error;
      }
    }
  }
  planned = await trip.said(0, "plan");
}, 120_000);
afterAll(async () => {
  await trip[Symbol.asyncDispose]();
});

it("builds every index that it plans, over rows with the ends of each type", async () => {
  const findings = planned["findings"] as readonly { readonly code: string; readonly object: string }[];
  const of = (code: string): readonly string[] =>
    findings.filter((each) => each.code === code).map(({ object }) => object);
  const built = of("index-over-expression");
  // Each is either built or named, and none both.
  expect([...built, ...of("index-not-built")].sort()).toEqual([...indexed.keys()].sort());
  expect(built.length).toBeGreaterThan(60);
  await trip.said(0, "run", "--until", "copied");
  const [row] = await trip.target.sql(
    "SELECT count(*)::text FROM pg_indexes WHERE schemaname = 'public' AND indexname NOT LIKE '%_pkey'",
  );
  expect(Number(Object.values(row ?? {})[0])).toBe(built.length);
  console.log(
    `${String(indexed.size)} indexes over expressions on the source, ${String(built.length)} built`,
  );
}, 60_000);
