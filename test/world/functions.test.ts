/**
 * The table of MySQL's functions, tried: each pair of expressions is run on a MySQL or MariaDB and on PostgreSQL and
 * must give the same text, and every pattern must be something that PostgreSQL's own grammar takes.
 */
import { parse } from "libpg-query";
import { Client } from "pg";
import { expect, it } from "vitest";
import { mysqlFunctions } from "../../src/plan/objects/mysql-functions.js";
import { fromSources } from "./from-sources.js";
import { openDriver, sourceUrl } from "./source-database.js";
import { world } from "./world.js";

const rewrites = mysqlFunctions().flatMap((entry) =>
  entry.manual === undefined ? [{ ...entry, tried: entry.tried ?? [] }] : [],
);

it("every rewrite is PostgreSQL by its own grammar", async () => {
  const refused: string[] = [];
  for (const { name, postgres } of rewrites)
    try {
      await parse(`SELECT ${postgres ?? ""}`);
    } catch (error) {
      refused.push(`${name}: ${String(error)}`);
    }
  expect(refused).toEqual([]);
  expect(rewrites.length).toBeGreaterThan(120);
});

fromSources(["mysql9", "mariadb"], "from %s", (server) => {
  it("every pair gives the same text on both sides", async () => {
    const source = await openDriver(await sourceUrl(server));
    await source.query("USE mysql");
    const { target } = await world({ source: server, target: "postgres18" });
    const client = new Client({ connectionString: target });
    await client.connect();
    await client.query("SET timezone = 'UTC'");
    const engine = server === "mariadb" ? "mariadb" : "mysql";
    const different: string[] = [];
    let pairs = 0;
    try {
      for (const { name, tried, only } of rewrites)
        for (const [theirs, ours] of only === undefined || only === engine ? tried : []) {
          pairs += 1;
          const there = await textOf(() => source.query(`SELECT CAST(${theirs} AS CHAR)`));
          const here = await textOf(async () => {
            const { rows } = await client.query({ text: `SELECT (${ours})::text`, rowMode: "array" });
            return [rows];
          });
          if (there !== here) different.push(`${name}: ${theirs} is ${there}; ${ours} is ${here}`);
        }
    } finally {
      await source.end();
      await client.end();
    }
    expect(different).toEqual([]);
    expect(pairs).toBeGreaterThan(130);
  });
});

/** The one cell of an answer; NULL and errors spelled out. */
async function textOf(ask: () => Promise<unknown[]>): Promise<string> {
  try {
    const [rows] = await ask();
    const row: unknown = Array.isArray(rows) ? rows[0] : undefined;
    const cell: unknown = Array.isArray(row) ? row[0] : undefined;
    return cell === null ? "NULL" : typeof cell === "string" ? cell : "no cell";
  } catch (error) {
    return error instanceof Error ? `refused (${error.message})` : "refused";
  }
}
