/** The functions that the statement guard lets through, held against the server's own list: none of them is volatile but a few that only compute. */
import { expect, it } from "vitest";
import { harmlessFunctionNames } from "../../src/safety/postgres-harmless.js";
import { targetDatabase } from "./target-database.js";

const computing =
  "array_sample array_shuffle clock_timestamp gen_random_uuid random random_normal timeofday uuidv4 uuidv7";

it("no harmless function of PostgreSQL has a volatile signature", async () => {
  await using database = await targetDatabase("hg_harmless");
  const volatile = await database.sql(
    "SELECT DISTINCT proname AS name FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace AND provolatile = 'v' AND proname = ANY ($1) ORDER BY 1",
    [harmlessFunctionNames()],
  );
  const known = new Set(computing.split(" "));
  expect(volatile.map(({ name }) => name ?? "").filter((name) => !known.has(name))).toEqual([]);
});
