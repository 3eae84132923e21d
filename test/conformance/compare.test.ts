/**
 * Every codec pair compared on real servers: what was copied is equal, for the target's own bytes of each value are
 * what the codec writes; then the smallest change of a value of each pair, a NULL instead of it, and two rows whose
 * values are swapped are seen, and the column is named. Seeds are printed; HEADGATE_SEED repeats a run.
 */
import { once } from "node:events";
import { createConnection } from "mysql2/promise";
import pg from "pg";
import { from as copyFrom } from "pg-copy-streams";
import { describe, expect, it } from "vitest";
import { freshSeed } from "../fresh-seed.js";
import { openMysql } from "../../connectors/mysql/source.js";
import { openPostgres } from "../../connectors/postgres/target.js";
import type { Plan, PlanTable, SourceEngine } from "../../src/model.js";
import type { Target } from "../../src/port.js";
import { codecOf } from "../../src/typemap/compile.js";
import { compareRange } from "../../src/verify/compare.js";
import type { Suspect } from "../../src/verify-port.js";
import { loginOf, makeSourceAccount } from "../world/accounts.js";
import { combinations } from "../world/matrix.js";
import { syntheticPlan } from "../world/synthetic.js";
import { targetDatabase } from "../world/target-database.js";
import { world } from "../world/world.js";
import { cases } from "./cases.js";
import { smallest } from "./changes.js";
import { encoded, fill, literals, offered, optionsOf, planned, rowsAtOnce } from "./codec-world.js";

const name = "headgate_compare";
const signal = new AbortController().signal;

interface Change {
  readonly column: number;
  /** The second has another value than the first, where there is another. */
  readonly ids: readonly number[];
  /** The first one's, as the target prints it. */
  readonly value: string;
}

describe.each(combinations)("every codec pair compared from $source to $target", (combination) => {
  const engine: SourceEngine = combination.source === "mariadb" ? "mariadb" : "mysql";
  const seed = Number(process.env["HEADGATE_SEED"] ?? freshSeed());

  it(`is equal when copied, and each change is named (seed ${seed})`, { timeout: 180_000 }, async () => {
    const servers = await world(combination);
    console.log(`compare.test ${combination.source} to ${combination.target}: seed ${seed}`);
    const source = await createConnection({ uri: servers.source, charset: "utf8mb4" });
    await using database = await targetDatabase(name, combination.target);
    const target = new pg.Client(loginOf(database.options.url));
    await target.connect();
    try {
      await source.query(`DROP DATABASE IF EXISTS ${name}`);
      await source.query(`CREATE DATABASE ${name} CHARACTER SET utf8mb4`);
      await source.query(`USE ${name}`);
      await makeSourceAccount(source, name);
      await source.query(
        "SET NAMES utf8mb4, time_zone='+00:00', sql_mode='NO_ENGINE_SUBSTITUTION,ALLOW_INVALID_DATES'",
      );
      const meant = cases.filter((one) => one.engine === undefined || one.engine === engine);
      const tried = await offered(source, meant);
      await fill(source, tried, literals(tried, seed));
      const table = await planned(servers.source, tried, name);
      await target.query(
        `SET timezone = 'UTC'; CREATE TYPE codec_label AS ENUM ('small','MEDIUM','größer','a,b','it''s',E'back\\\\slash','😀')`,
      );
      await target.query(
        `CREATE TABLE t (${table.columns.map(({ target: c, targetType }) => `"${c}" ${targetType}`).join(", ")}, PRIMARY KEY (id))`,
      );
      const plan: Plan = { ...syntheticPlan([]), lanes: ["one"], tables: [table], before: [], after: [] };
      const connected = await openPostgres(database.options);
      await using ledger = await connected.claim(plan);
      expect(ledger.epoch).not.toBe("");
      const select = table.columns.map((column) => codecOf(column, engine).select(`\`${column.source}\``));
      const bytes = await encoded(servers.source, table, engine, select, name);
      const look = (): Promise<string[]> => compared(connected, plan, table, engine, servers.source);

      await copy(target, bytes);
      expect(await look(), `seed ${seed}`).toEqual([]);

      const changes = await chosen(target, table);
      expect(changes.length).toBe(table.columns.length - 1);
      const told = (rows: (change: Change) => readonly number[]): string[] =>
        changes.flatMap((change) => rows(change).map((id) => `${id} different c${change.column - 1}`)).sort();
      for (const { column, ids, value } of changes) {
        const { target: c = "", targetType = "" } = table.columns[column] ?? {};
        await target.query(
          `UPDATE t SET "${c}" = ${smallest(`"${c}"`, targetType, value)} WHERE id = ${ids[0]}`,
        );
      }
      expect(await look(), `smallest changes, seed ${seed}`).toEqual(told(({ ids }) => ids.slice(0, 1)));

      await copy(target, bytes);
      for (const { column, ids } of changes)
        await target.query(`UPDATE t SET "${table.columns[column]?.target}" = NULL WHERE id = ${ids[0]}`);
      expect(await look(), `NULL, seed ${seed}`).toEqual(told(({ ids }) => ids.slice(0, 1)));

      await copy(target, bytes);
      const pairs = changes.filter(({ ids }) => ids.length === 2);
      expect(pairs.length).toBeGreaterThanOrEqual(changes.length - 1);
      for (const { column, ids } of pairs) {
        const c = `"${table.columns[column]?.target}"`;
        const other = `(SELECT o.${c} FROM t o WHERE o.id = CASE t.id WHEN ${ids[0]} THEN ${ids[1]} ELSE ${ids[0]} END)`;
        await target.query(`UPDATE t SET ${c} = ${other} WHERE id IN (${ids.join(", ")})`);
      }
      expect(await look(), `swapped, seed ${seed}`).toEqual(told(({ ids }) => (ids.length === 2 ? ids : [])));
    } finally {
      await source.query(`DROP DATABASE IF EXISTS ${name}`);
      await source.end();
      await target.end();
    }
  });
});

/** For each column two rows of its own whose values there are not NULL and not the same. */
async function chosen(target: pg.Client, table: PlanTable): Promise<Change[]> {
  const { rows } = await target.query<(string | null)[]>({
    text: `SELECT ${table.columns.map(({ target: c }) => `"${c}"::text`).join(", ")} FROM t ORDER BY t.id`,
    rowMode: "array",
  });
  const free = new Set(rows.keys());
  return table.columns.flatMap((_, column) => {
    if (column === 0) return [];
    const able = [...free].filter((id) => rows[id]?.[column] !== null);
    const [one] = able;
    const two = able.find((id) => rows[id]?.[column] !== rows[one ?? 0]?.[column]);
    if (one === undefined) return [];
    const ids = two === undefined ? [one] : [one, two];
    for (const id of ids) free.delete(id);
    return [{ column, ids, value: rows[one]?.[column] ?? "" }];
  });
}

async function copy(target: pg.Client, bytes: Buffer): Promise<void> {
  await target.query("TRUNCATE t");
  const load = target.query(copyFrom("COPY t FROM STDIN (FORMAT binary)"));
  load.end(bytes);
  await once(load, "finish");
}

/** `id kind columns` of what parts. */
async function compared(
  target: Target,
  plan: Plan,
  table: PlanTable,
  engine: SourceEngine,
  url: string,
): Promise<string[]> {
  await using source = await openMysql(optionsOf(url, name));
  await using reader = await source.reader(2);
  await using look = await target.look(plan, 2);
  if (reader === null || look === null) throw new Error("no slot was free");
  const found: Suspect[] = [];
  const take = (suspects: readonly Suspect[]): Promise<void> => {
    found.push(...suspects);
    return Promise.resolve();
  };
  const figures = await compareRange({ look, reader, engine }, table, null, take, signal);
  expect(figures).toMatchObject({
    method: "stream",
    rowsSource: String(rowsAtOnce),
    rowsTarget: String(rowsAtOnce),
    digest: expect.stringMatching(/^[0-9a-f]{64}$/) as unknown,
  });
  return found.map(({ key, kind, columns }) => `${key.readInt32BE(6)} ${kind} ${columns.join(" ")}`).sort();
}
