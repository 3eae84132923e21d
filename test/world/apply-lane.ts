/**
 * A lane to write to without a source: a plan of tables that the test declares in PostgreSQL's own words, a claimed
 * ledger, and tuples that the server itself makes of VALUES, so that no code of ours spells what the writer is judged by.
 */
import pLimit from "p-limit";
import { Client } from "pg";
import { to } from "pg-copy-streams";
import { openPostgres } from "../../connectors/postgres/target.js";
import type { Plan, PlanForeignKey, PlanTable, Position } from "../../src/model.js";
import type { Ledger, Target } from "../../src/port.js";
import type { Cascade, FollowedRows, StatementGroup, TableChanges, Tuples } from "../../src/stream-port.js";
import { Fault } from "../../src/errors.js";
import { loginOf } from "./accounts.js";
import { syntheticPlan } from "./synthetic.js";
import type { TargetDatabase } from "./target-database.js";

export interface TableWish {
  readonly name: string;
  /** Name and type of each column, `NOT NULL` and the like behind it. */
  readonly columns: readonly (readonly [string, string])[];
  /** Empty: a table without a key. */
  readonly key: readonly string[];
  readonly foreignKeys?: readonly PlanForeignKey[];
  /** The source's, of columns that are `character varying(9)`. */
  readonly collation?: string;
}

export const none: Tuples = { rows: 0, bytes: 0, chunks: [] };

export function planTable(wish: TableWish): PlanTable {
  const [model] = syntheticPlan([{ name: wish.name, rows: 1 }]).tables;
  const [column] = model?.columns ?? [];
  if (model === undefined || column === undefined) throw new Error("no model of a table");
  return {
    ...model,
    key: wish.key.length === 0 ? null : { index: "PRIMARY", columns: wish.key, primary: true },
    columns: wish.columns.map(([name, type], i) => ({
      ...column,
      column: {
        ...{ ...column.column, name, ordinal: i + 1 },
        ...(wish.collation === undefined || type !== "character varying(9)"
          ? {}
          : { type: "varchar", length: 9, collation: wish.collation }),
      },
      source: name,
      target: name,
      targetType: type.replace(/ (NOT NULL|GENERATED|COLLATE|DEFAULT|CHECK).*$/u, ""),
    })),
    ...(wish.foreignKeys === undefined ? {} : { foreignKeys: wish.foreignKeys }),
  };
}

const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`;

export function createSql({ name, columns, key }: TableWish): string {
  const parts = columns.map(([column, type]) => `${quote(column)} ${type}`);
  if (key.length > 0) parts.push(`PRIMARY KEY (${key.map(quote).join(", ")})`);
  return `CREATE TABLE public.${quote(name)} (${parts.join(", ")})`;
}

export interface LaneWorld extends AsyncDisposable {
  readonly plan: Plan;
  readonly target: Target;
  readonly ledger: Ledger;
  readonly table: (name: string) => PlanTable;
}

/** Drops the ledger and the tables, makes them anew as the engine's own, and claims. */
export async function laneWorld(
  database: TargetDatabase,
  wishes: readonly TableWish[],
  more: {
    readonly before?: string;
    readonly sql?: string;
    readonly moment?: (name: string) => void | Promise<void>;
  } = {},
): Promise<LaneWorld> {
  await database.sql("DROP SCHEMA IF EXISTS headgate CASCADE");
  await database.sql("DROP SCHEMA IF EXISTS public CASCADE; CREATE SCHEMA public");
  const role = quote(decodeURIComponent(new URL(database.options.url).username));
  await database.sql(`GRANT USAGE, CREATE ON SCHEMA public TO ${role}`);
  await asEngine(database, [more.before ?? "", ...wishes.map(createSql), more.sql ?? ""].join(";\n"));
  const tables = wishes.map(planTable);
  const plan: Plan = { ...syntheticPlan([]), lanes: ["one"], tables, before: [], after: [] };
  const target = await openPostgres({
    ...database.options,
    ...(more.moment === undefined ? {} : { moment: more.moment }),
  });
  const ledger = await target.claim(plan);
  // As if it had made them by its plan.
  await database.sql(
    `INSERT INTO headgate.built (migration, name, kind, target, relation, built_at)
     SELECT migration, 'table public.' || target, 'table', target, to_regclass(format('public.%I', target))::oid, now()
       FROM headgate.source_table`,
  );
  return {
    plan,
    target,
    ledger,
    table: (name) => {
      const found = tables.find(({ source }) => source === name);
      if (found === undefined) throw new Error(`no table ${name}`);
      return found;
    },
    [Symbol.asyncDispose]: () => ledger[Symbol.asyncDispose](),
  };
}

async function asEngine(database: TargetDatabase, sql: string): Promise<void> {
  const client = new Client(loginOf(database.options.url));
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

const readers = new WeakMap<TargetDatabase, Promise<Client>>();
/** A session carries one COPY at a time. */
const turn = pLimit(1);

/** One session for all tuples of a database; it ends with the database. */
async function reader(database: TargetDatabase): Promise<Client> {
  const known = readers.get(database);
  if (known !== undefined) return known;
  const client = new Client(loginOf(database.url));
  client.on("error", () => readers.delete(database));
  const opening = client.connect().then(async () => {
    await client.query("SET timezone = 'UTC'");
    return client;
  });
  readers.set(database, opening);
  return opening;
}

/** The rows of a query as tuples, in chunks of `chunk` bytes. */
export async function tuples(database: TargetDatabase, sql: string, chunk = 65_536): Promise<Tuples> {
  const client = await reader(database);
  const { rows, pieces } = await turn(async () => {
    const stream = client.query(to(`COPY (${sql}) TO STDOUT (FORMAT binary)`));
    const found: Buffer[] = [];
    for await (const piece of stream) if (Buffer.isBuffer(piece)) found.push(piece);
    return { rows: stream.rowCount, pieces: found };
  });
  const bytes = Buffer.concat(pieces).subarray(19, -2);
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += chunk) chunks.push(Buffer.from(bytes.subarray(at, at + chunk)));
  return { rows, bytes: bytes.length, chunks };
}

/** Changes of one table, each list a query or nothing. `touched` are the deletes' keys unless told. */
export async function changes(
  database: TargetDatabase,
  table: PlanTable,
  lists: {
    readonly deletes?: string;
    readonly updates?: string;
    readonly inserts?: string;
    readonly touched?: string;
  },
  chunk?: number,
): Promise<TableChanges> {
  const of = async (sql: string | undefined): Promise<Tuples> =>
    sql === undefined ? none : tuples(database, sql, chunk);
  const [deletes, updates, inserts] = [
    await of(lists.deletes),
    await of(lists.updates),
    await of(lists.inserts),
  ];
  const touched =
    lists.touched === undefined ? (table.key === null ? none : deletes) : await of(lists.touched);
  return { table, deletes, updates, inserts, touched };
}

export const strict = (...list: readonly TableChanges[]): StatementGroup => ({
  kind: "rows",
  strict: true,
  changes: list,
});

export const loose = (...list: readonly TableChanges[]): StatementGroup => ({
  kind: "rows",
  strict: false,
  changes: list,
});

export const cascade = (...cascades: readonly Cascade[]): StatementGroup => ({ kind: "cascade", cascades });

export const place = (offset: number): Position => ({
  kind: "file",
  file: "log.000001",
  offset: String(offset),
});

/** One batch from where the lane stands; what foreign keys' actions wrote in it. */
export async function apply(
  ledger: Ledger,
  groups: readonly StatementGroup[],
  lane = "one",
): Promise<readonly FollowedRows[]> {
  await using writer = await ledger.lane(lane);
  const { seq } = await writer.checkpoint();
  const batch = await writer.begin(seq);
  try {
    for (const group of groups) await batch.write(group);
  } catch (error) {
    await batch.abort();
    throw error;
  }
  await batch.commit(place(Number(seq) + 1));
  return batch.followed ?? [];
}

export async function faultOf(act: Promise<unknown>): Promise<Fault> {
  try {
    await act;
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}
