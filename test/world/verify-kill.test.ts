/**
 * What a clean verification has shown outlives the engine that is killed: the next one, of another engine, compares the
 * keys that events have touched since and no others, and `--full` everything.
 */
import { afterAll, beforeAll, expect, it } from "vitest";
import { journey, numbers } from "./journey.js";
import type { Journey, Said } from "./journey.js";

let trip: Journey;

beforeAll(async () => {
  trip = await journey("verify_kill");
  trip.configure(["snapshot: { rangeRows: 100 }"]);
  await trip.source.sql("CREATE TABLE t (id INT PRIMARY KEY, n INT)");
  await trip.source.sql(`INSERT INTO t SELECT n, n FROM (${numbers(900)}) AS r`);
  await trip.source.sql("CREATE TABLE words (w VARCHAR(40) PRIMARY KEY, n INT)");
  await trip.source.sql(`INSERT INTO words SELECT CONCAT('Wörd ', n), n FROM (${numbers(300)}) AS r`);
  await trip.source.sql("CREATE TABLE bag (a INT)");
  await trip.source.sql("INSERT INTO bag VALUES (1), (1)");
  await trip.said(0, "run", "--until", "ready", "--timeout", "60s");
}, 120_000);
afterAll(async () => {
  await trip[Symbol.asyncDispose]();
});

interface Compared {
  readonly kind: string;
  readonly keys: string;
  readonly whole: string;
}

/** What verifications that were begun after this one have compared. */
async function since(run: string): Promise<readonly Compared[]> {
  const rows = await trip.target.sql(
    "SELECT scope->>'kind' AS kind, facts->>'keysCompared' AS keys, facts->>'wholeTables' AS whole FROM headgate.verification WHERE id > $1::bigint AND state = 'ended' ORDER BY id",
    [run],
  );
  return rows.map(({ kind, keys, whole }) => ({ kind: kind ?? "", keys: keys ?? "", whole: whole ?? "" }));
}

const last = async (): Promise<string> => {
  const [row] = await trip.target.sql("SELECT max(id)::text AS id FROM headgate.verification");
  return row?.["id"] ?? "0";
};

/** How each table was compared, and how many keys of it. */
function howOf(said: Said): Record<string, readonly unknown[]> {
  const tables = said["tables"] as readonly Record<string, unknown>[];
  return Object.fromEntries(
    tables.map(({ table, compared, keysCompared }) => [String(table), [compared, keysCompared]]),
  );
}

it("after kill -9 the touched keys are compared, and no others", { timeout: 120_000 }, async () => {
  const running = trip.start(["run", "--json"]);
  await running.logged(/"msg":"ready"/u);
  const full = howOf(await trip.said(0, "verify", "--full"));
  expect(Object.values(full).map(([how]) => how)).toEqual(["whole", "whole", "whole"]);
  running.child.kill("SIGKILL");
  await running.end;
  const before = await last();
  await trip.source.sql("UPDATE t SET n = -n WHERE id BETWEEN 101 AND 112");
  await trip.source.sql("DELETE FROM t WHERE id = 5");
  await trip.source.sql("INSERT INTO words VALUES ('new', 1), ('newer', 2)");
  // Changed behind everybody's back: no event has touched it.
  await trip.target.sql("UPDATE words SET n = n + 1 WHERE w = 'Wörd 9'");
  expect(await trip.said(0, "verify")).toMatchObject({ differences: 0, pending: 0 });
  const compared = await since(before);
  expect(compared.every(({ kind, whole }) => kind === "dirty" && whole === "0")).toBe(true);
  expect(compared.reduce((sum, { keys }) => sum + Number(keys), 0)).toBe(15);
  const again = await trip.said(2, "verify", "--full");
  expect(Object.values(howOf(again)).map(([how, keys]) => [how, keys])).toEqual(Array(3).fill(["whole", 0]));
  expect(again).toMatchObject({ differences: 1 });
});
