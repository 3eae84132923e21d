/**
 * A random schema on the source, statement by statement. What the server refuses is left out and counted: only a
 * schema that MySQL takes says anything about Headgate. Rows that clash are left out the same way, by INSERT IGNORE.
 */
import type { SourceDatabase } from "../source-database.js";
import { quotedName } from "./names.js";
import type { Schema, Table } from "./schema.js";

export interface Tally {
  tables: number;
  tablesRefused: number;
  extras: number;
  extrasRefused: number;
  rows: number;
  rowsKept: number;
  /** The server's words to how often it said them. */
  readonly words: Map<string, number>;
}

export function tally(): Tally {
  return { tables: 0, tablesRefused: 0, extras: 0, extrasRefused: 0, rows: 0, rowsKept: 0, words: new Map() };
}

const session =
  "SET SESSION sql_mode = 'ALLOW_INVALID_DATES,NO_AUTO_VALUE_ON_ZERO', time_zone = '+00:00', foreign_key_checks = 1";

/** Makes the schema; gives the tables that are there. */
export async function make(source: SourceDatabase, schema: Schema, counts: Tally): Promise<readonly Table[]> {
  await source.sql(session);
  const made: Table[] = [];
  for (const table of schema.tables) {
    counts.tables += 1;
    counts.extras += table.extras.length;
    // One statement is fast; where something in it is refused, one by one tells what.
    if (!(await obey(source, createTable(table, table.extras), null))) {
      made.push(table);
      continue;
    }
    if (await obey(source, createTable(table), counts.words)) {
      counts.tablesRefused += 1;
      counts.extrasRefused += table.extras.length;
      continue;
    }
    made.push(table);
    for (const extra of table.extras)
      if (await obey(source, `ALTER TABLE ${quotedName(table.name)} ADD ${extra}`, counts.words))
        counts.extrasRefused += 1;
  }
  if (schema.orphans) await source.sql("SET SESSION foreign_key_checks = 0");
  for (const table of made) {
    counts.rows += table.rows.length;
    await fill(source, table, counts);
  }
  return made;
}

function createTable({ name, columns, primary, options }: Table, extras: readonly string[] = []): string {
  const lines = [
    ...columns.map((column) => `${quotedName(column.name)} ${column.definition}`),
    ...(primary === null ? [] : [primary]),
    ...extras,
  ];
  return `CREATE TABLE ${quotedName(name)} (${lines.join(", ")}) ${options}`;
}

function insertInto({ name, columns }: Table, rows: Table["rows"]): string {
  const names = columns.filter(({ stored }) => stored).map((column) => quotedName(column.name));
  return `INSERT IGNORE INTO ${quotedName(name)} (${names.join(", ")}) VALUES ${rows.map((row) => `(${row.join(", ")})`).join(", ")}`;
}

async function fill(source: SourceDatabase, table: Table, counts: Tally): Promise<void> {
  if (table.rows.length === 0) return;
  // IGNORE leaves rows out; for what it does not cover (JSON, geometry) the statement fails, and rows go one by one.
  if (await obey(source, insertInto(table, table.rows), counts.words))
    for (const row of table.rows) await obey(source, insertInto(table, [row]), counts.words);
  const [count] = await source.sql(`SELECT COUNT(*) FROM ${quotedName(table.name)}`);
  counts.rowsKept += Number(count?.[0]);
}

/** Whether the server refused it. */
async function obey(
  source: SourceDatabase,
  statement: string,
  words: Map<string, number> | null,
): Promise<boolean> {
  try {
    await source.sql(statement);
    return false;
  } catch (error) {
    if (!(error instanceof Error) || !("sqlState" in error)) throw error;
    const told = error.message.replaceAll(/'[^']*'/gu, "'…'");
    words?.set(told, (words.get(told) ?? 0) + 1);
    return true;
  }
}

/** The schema as statements that a person can paste. */
export function statementsOf(schema: Schema): readonly string[] {
  return [
    session,
    ...schema.tables.flatMap((table) => [
      createTable(table),
      ...table.extras.map((extra) => `ALTER TABLE ${quotedName(table.name)} ADD ${extra}`),
    ]),
    ...(schema.orphans ? ["SET SESSION foreign_key_checks = 0"] : []),
    ...schema.tables.flatMap((table) => (table.rows.length === 0 ? [] : [insertInto(table, table.rows)])),
  ].map((statement) => `${statement};`);
}
