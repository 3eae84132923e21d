/**
 * What is applied: batches of tuples against one table,: rows of about
 * 350 bytes with JSON and two secondary indexes; half of the changes are updates that change an indexed column, a quarter
 * each inserts and deletes, keys uniform. The server makes table and tuples, seeded; all is in memory before a clock runs.
 */
import type { PlanTable } from "../../src/model.js";
import type { TableChanges, Tuples } from "../../src/stream-port.js";
import { none, tuples } from "../../test/world/apply-lane.js";
import type { TableWish } from "../../test/world/apply-lane.js";
import type { TargetDatabase } from "../../test/world/target-database.js";

export const account: TableWish = {
  name: "acc",
  columns: [
    ["id", "bigint NOT NULL"],
    ["name", "character varying(120) NOT NULL"],
    ["status", "text NOT NULL CHECK (status IN ('new', 'paid', 'packed', 'shipped', 'a,b'))"],
    ["flag", "boolean NOT NULL"],
    ["updated", "timestamp(6) without time zone NOT NULL"],
    ["amount", "numeric(12,2) NOT NULL"],
    ["doc", "jsonb"],
    ["note", "text"],
  ],
  key: ["id"],
};

/** A row of the key `id`, as it is in its `turn`-th version. */
const row = (id: string, turn: number): string => `
  (${id})::bigint,
  ('name ' || md5((${id})::text || '${String(turn)}') || ' 😀 ' || md5((${id})::text))::varchar(120),
  (ARRAY['new', 'paid', 'packed', 'shipped', 'a,b'])[1 + (${id} + ${String(turn)}) % 5],
  (${id} + ${String(turn)}) % 2 = 0,
  timestamp '2020-01-01' + ((${id}::bigint * 7919 + ${String(turn)} * 104729) % 100000000) * interval '1 second 123 microseconds',
  ((${id}::bigint * 31 + ${String(turn)}) % 1000000)::numeric / 100,
  jsonb_build_object('id', ${id}, 'turn', ${String(turn)}, 'tags', jsonb_build_array('alpha', 'beta', md5((${id})::text)),
                     'nested', jsonb_build_object('a', (${id} % 97)::numeric / 10, 'b', NULL, 'c', true)),
  CASE WHEN ${id} % 3 = 0 THEN NULL ELSE 'a note about ' || ${id} END`;

/** The table as every contestant finds it, in a schema of its own, with the keys in a seeded order of chance. */
export async function prepare(database: TargetDatabase, rows: number, seed: number): Promise<void> {
  const columns = account.columns.map(([name, type]) => `${name} ${type}`).join(", ");
  await database.sql(`DROP SCHEMA IF EXISTS bench CASCADE; CREATE SCHEMA bench`);
  await database.sql(`CREATE TABLE bench.acc (${columns})`);
  await database.sql(
    `INSERT INTO bench.acc SELECT ${row("g", 0)} FROM generate_series(1, ${String(rows)}) g`,
  );
  await database.sql(
    `SELECT setseed(${String((seed % 1000) / 1000)});
     CREATE TABLE bench.chance AS SELECT id, row_number() OVER (ORDER BY random()) AS n FROM bench.acc;
     ALTER TABLE bench.chance ADD PRIMARY KEY (n); GRANT USAGE ON SCHEMA bench TO PUBLIC;
     GRANT SELECT ON ALL TABLES IN SCHEMA bench TO PUBLIC`,
  );
}

/** Fills the contestant's own table, with indexes and fresh statistics, and takes the dirt of the last one to disk. */
export const fillSql = `
  INSERT INTO public.acc SELECT * FROM bench.acc;
  CREATE INDEX ON public.acc (name); CREATE INDEX ON public.acc (updated);
  ALTER TABLE public.acc SET (autovacuum_enabled = off); ANALYZE public.acc`;

/** Batches of `size` events, `events` in all, each sorted by key as the fold hands them over. */
export async function batches(
  database: TargetDatabase,
  table: PlanTable,
  what: { readonly rows: number; readonly events: number; readonly size: number; readonly sorted: boolean },
): Promise<readonly TableChanges[]> {
  const list: TableChanges[] = [];
  const quarter = Math.floor(what.size / 4);
  for (let batch = 0; batch * what.size < what.events; batch++) {
    const order = what.sorted ? "ORDER BY id" : "ORDER BY n";
    const taken = (from: number, to: number): string =>
      `(SELECT id, n FROM bench.chance WHERE n > ${String(from)} AND n <= ${String(to)} ${order}) k`;
    const first = batch * 3 * quarter;
    const fresh = what.rows + batch * quarter;
    const of = (sql: string): Promise<Tuples> => tuples(database, sql, 262_144);
    const deletes = await of(`SELECT id FROM ${taken(first, first + quarter)}`);
    const updates = await of(
      `SELECT ${row("id", batch + 1)} FROM ${taken(first + quarter, first + 3 * quarter)}`,
    );
    const inserts = await of(
      `SELECT ${row("g", 0)} FROM generate_series(${String(fresh + 1)}, ${String(fresh + quarter)}) g`,
    );
    const updated = await of(`SELECT id FROM ${taken(first + quarter, first + 3 * quarter)}`);
    const inserted = await of(
      `SELECT g::bigint FROM generate_series(${String(fresh + 1)}, ${String(fresh + quarter)}) g`,
    );
    list.push({ table, deletes, updates, inserts, touched: joined([deletes, updated, inserted]) });
  }
  return list;
}

export function eventsOf(list: readonly TableChanges[]): number {
  return list.reduce((sum, one) => sum + one.deletes.rows + one.updates.rows + one.inserts.rows, 0);
}

function joined(lists: readonly Tuples[]): Tuples {
  return lists.reduce(
    (all, one) => ({
      rows: all.rows + one.rows,
      bytes: all.bytes + one.bytes,
      chunks: [...all.chunks, ...one.chunks],
    }),
    none,
  );
}
