/**
 * The planning of plan.json on real servers: the same twice to the byte, each query answered as the sheet says, and
 * the way back really leaves nothing behind on the target.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Planning, WholePlan } from "../../src/plan/planning-sheet.js";
import { journey } from "./journey.js";
import type { Journey } from "./journey.js";

let trip: Journey;
let planning: Planning;

const text = (): string => readFileSync(join(trip.folder, ".headgate", trip.migration, "plan.json"), "utf8");

beforeAll(async () => {
  trip = await journey("planning");
  const { source } = trip;
  await source.sql(
    "CREATE TABLE parent (id INT AUTO_INCREMENT PRIMARY KEY, touched TIMESTAMP ON UPDATE CURRENT_TIMESTAMP)",
  );
  await source.sql(
    "CREATE TABLE `a child` (id INT PRIMARY KEY, p INT, twice INT AS (id * 2) STORED, CONSTRAINT child_parent FOREIGN KEY (p) REFERENCES parent (id))",
  );
  await source.sql("CREATE TABLE heap (a INT)");
  await source.sql("CREATE VIEW seen AS SELECT id FROM parent");
  await source.sql("CREATE VIEW seen_again AS SELECT id FROM seen");
  await source.sql("CREATE PROCEDURE does() SELECT 1");
  await source.sql("INSERT INTO parent (id) VALUES (1), (2)");
  await source.sql("INSERT INTO `a child` (id, p) VALUES (1, 1), (2, NULL)");
  await source.sql("INSERT INTO heap VALUES (1), (1)");
  await source.sql("ANALYZE TABLE parent, `a child`, heap");
});
afterAll(async () => {
  await trip[Symbol.asyncDispose]();
});

it("is the same twice to the byte, and what run writes is what plan wrote", async () => {
  const said = await trip.said(0, "plan");
  const first = text();
  await trip.said(0, "plan");
  expect(text()).toBe(first);
  planning = (JSON.parse(first) as WholePlan).planning;
  expect(said["planning"]).toEqual(planning);
  expect(planning.tables.map(({ table, dependsOn }) => [table, dependsOn])).toEqual([
    ["parent", []],
    ["a child", ["parent"]],
    ["heap", []],
  ]);
  expect(planning.views).toEqual(["seen", "seen_again"]);
  expect(planning.byHand).toEqual(["procedure does"]);
  await trip.said(0, "run", "--until", "copied");
  expect(text()).toBe(first);
});

it("has queries that prove the copy", async () => {
  const cell = (row: object | undefined): string => String(Object.values(row ?? {})[0] ?? "none");
  expect(planning.queries.map(({ proves }) => proves)).toHaveLength(5);
  for (const { proves, source, target } of planning.queries) {
    const [there] = await trip.target.sql(target);
    if (source === null) expect(["0", "none"], proves).toContain(cell(there));
    else expect(cell(there), proves).toBe((await trip.source.sql(source))[0]?.[0]);
  }
});

it("has a way back that leaves nothing", async () => {
  const stage = planning.wayBack.find((each) => each.stage === "copied");
  for (const statement of stage?.target ?? []) await trip.target.sql(statement);
  const left = await trip.target.sql(
    `SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace
     UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
     UNION ALL SELECT nspname FROM pg_namespace WHERE nspname = 'headgate'`,
  );
  expect(left).toEqual([]);
  expect((await trip.source.sql("SELECT COUNT(*) FROM parent"))[0]?.[0]).toBe("2");
});
