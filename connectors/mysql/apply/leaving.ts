/** How the way back's own tables leave the source's database `headgate`, which other migrations may have theirs in as well. */
import type { Connection } from "../connection.js";
import { standing } from "../own-database.js";
import { refusedColumns, refusedTable } from "./refused.js";
import { dirtyColumns, dirtyTable, laneColumns, laneTable } from "./schema.js";

/** The table whose rows are the claims on all of them, and that goes first: without it nobody has a way back here. */
const claims = { name: "reverse_lane", table: laneTable, columns: laneColumns } as const;
const others = [
  { name: "reverse_dirty", table: dirtyTable, columns: dirtyColumns },
  { name: "reverse_refused", table: refusedTable, columns: refusedColumns },
] as const;

type Own = typeof claims | (typeof others)[number];

/** What a migration has there. */
export interface WayBackRows {
  /** Tables that have rows of it. */
  readonly rows: readonly Own[];
  /** Tables that go with it, as no other one has a way back; in this order. */
  readonly tables: readonly Own[];
}

/**
 * Forgets a migration's way back, and drops the tables where no other one has one; those that an engine which was killed in
 * between has left are dropped all the same. Alone in the database.
 */
export async function dropRows(connection: Connection, migration: string): Promise<void> {
  const { rows, tables } = await wayBackRows(connection, migration);
  // The claim is given up last.
  for (const { table } of rows.toReversed())
    await connection.query(`DELETE FROM ${table} WHERE migration = ?`, [migration]);
  for (const { table } of tables) await connection.query(`DROP TABLE ${table}`);
}

/** What `dropRows` would find. Reads only. */
export async function wayBackRows(connection: Connection, migration: string): Promise<WayBackRows> {
  const claimed = await held(connection, claims, migration);
  const rows: Own[] = claimed.own ? [claims] : [];
  const tables: Own[] = claimed.goes ? [claims] : [];
  const free = claimed.goes || claimed.missing;
  for (const each of others) {
    const { own, goes } = await held(connection, each, migration);
    if (own) rows.push(each);
    if (free && goes) tables.push(each);
  }
  return { rows, tables };
}

interface Held {
  readonly missing: boolean;
  /** It has rows of the migration. */
  readonly own: boolean;
  /** It is ours, and has rows of no other migration. */
  readonly goes: boolean;
}

async function held(connection: Connection, { name, table, columns }: Own, migration: string): Promise<Held> {
  const found = await standing(connection, name, columns);
  if (found !== "ours") return { missing: found === "missing", own: false, goes: false };
  const is = async (which: "=" | "<>"): Promise<boolean> =>
    (await connection.value(`SELECT 1 FROM ${table} WHERE migration ${which} ? LIMIT 1`, [migration])) !==
    null;
  return { missing: false, own: await is("="), goes: !(await is("<>")) };
}
