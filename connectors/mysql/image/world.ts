/**
 * What reading row images needs to know of the server: the number of each collation, and how the texts of each
 * character set that the plan's columns have become UTF-8. The server itself is asked, once per connection, so that
 * a character is in the stream what SELECT makes of it.
 */
import type { PlanTable, SourceEngine } from "../../../src/model.js";
import type { Connection } from "../connection.js";
import { readCharset } from "./charset-tables.js";
import type { Charset } from "./charset.js";
import { selectForm } from "../../../src/typemap/select-form.js";

export interface ImageWorld {
  readonly engine: SourceEngine;
  /** Name of the character set by the number of a collation; `utf8` is told as `utf8mb3`. */
  readonly collations: ReadonlyMap<number, string>;
  /** Those of the plan's columns, by name. */
  readonly charsets: ReadonlyMap<string, Charset>;
  /** MariaDB's system-versioned tables, by name. */
  readonly periods: ReadonlyMap<string, RowPeriod>;
  /** How many hidden columns MariaDB's long unique keys have, by name of their table. */
  readonly hashes: ReadonlyMap<string, number>;
}

/** Places in the log, from 0, of the two columns that say when a version of a row began and ended. */
export interface RowPeriod {
  readonly start: number;
  readonly end: number;
}

/** Reads it for the columns of these tables. Throws Fault type-pair where the log can never give what the copy reads of one. */
export async function readImageWorld(
  connection: Connection,
  tables: readonly PlanTable[],
): Promise<ImageWorld> {
  for (const table of tables) for (const column of table.columns) selectForm(column, connection.engine);
  const collations = await readCollations(connection);
  const sizes = await connection.query(
    "SELECT CHARACTER_SET_NAME, MAXLEN FROM information_schema.CHARACTER_SETS",
  );
  const maxBytes = new Map(sizes.map(([name, bytes]) => [charsetName(name ?? ""), Number(bytes)]));
  const names = new Set(
    tables.flatMap((table) =>
      table.columns.flatMap(({ column }) => (column.charset === null ? [] : [charsetName(column.charset)])),
    ),
  );
  const charsets = new Map<string, Charset>();
  for (const name of names) charsets.set(name, await readCharset(connection, name, maxBytes.get(name) ?? 1));
  const mariadb = connection.engine === "mariadb";
  const periods = mariadb ? await readPeriods(connection) : new Map<string, RowPeriod>();
  const hashes = mariadb ? await readHashes(connection) : new Map<string, number>();
  return { engine: connection.engine, collations, charsets, periods, hashes };
}

/** A unique key by hash of a table whose engine has none is kept as a hidden column. */
async function readHashes(connection: Connection): Promise<ReadonlyMap<string, number>> {
  const rows = await connection.query(
    "SELECT s.TABLE_NAME, COUNT(DISTINCT s.INDEX_NAME) FROM information_schema.STATISTICS s " +
      "JOIN information_schema.TABLES t USING (TABLE_SCHEMA, TABLE_NAME) " +
      "WHERE s.TABLE_SCHEMA = DATABASE() AND s.INDEX_TYPE = 'HASH' AND s.NON_UNIQUE = 0 AND t.ENGINE <> 'MEMORY' " +
      "GROUP BY s.TABLE_NAME",
  );
  return new Map(rows.map(([name, count]) => [name ?? "", Number(count)]));
}

async function readCollations(connection: Connection): Promise<ReadonlyMap<number, string>> {
  // MariaDB's collations that go with any character set have a number for each of them, and only here.
  const [many] = await connection.query(
    "SELECT 1 FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = 'information_schema' " +
      "AND TABLE_NAME = 'COLLATION_CHARACTER_SET_APPLICABILITY' AND COLUMN_NAME = 'ID'",
  );
  const view = many === undefined ? "COLLATIONS" : "COLLATION_CHARACTER_SET_APPLICABILITY";
  const rows = await connection.query(`SELECT ID, CHARACTER_SET_NAME FROM information_schema.${view}`);
  return new Map(
    rows.flatMap(([id, charset]): [number, string][] =>
      id === null || id === undefined || charset === null || charset === undefined
        ? []
        : [[Number(id), charsetName(charset)]],
    ),
  );
}

/** Columns of a period that were declared have a place among the others; those that were not stand behind them all. */
async function readPeriods(connection: Connection): Promise<ReadonlyMap<string, RowPeriod>> {
  const rows = await connection.query(
    "SELECT c.TABLE_NAME, MAX(c.ORDINAL_POSITION), MAX(IF(c.GENERATION_EXPRESSION = 'ROW START', c.ORDINAL_POSITION, NULL)), " +
      "MAX(IF(c.GENERATION_EXPRESSION = 'ROW END', c.ORDINAL_POSITION, NULL)) " +
      "FROM information_schema.TABLES t JOIN information_schema.COLUMNS c USING (TABLE_SCHEMA, TABLE_NAME) " +
      "WHERE t.TABLE_SCHEMA = DATABASE() AND t.TABLE_TYPE = 'SYSTEM VERSIONED' GROUP BY c.TABLE_NAME",
  );
  return new Map(
    rows.map(([name, last, start, end]) => [
      name ?? "",
      start === null || start === undefined
        ? { start: Number(last), end: Number(last) + 1 }
        : { start: Number(start) - 1, end: Number(end) - 1 },
    ]),
  );
}

/** `utf8` is what old servers call `utf8mb3`. */
export function charsetName(name: string): string {
  const lower = name.toLowerCase();
  return lower === "utf8" ? "utf8mb3" : lower;
}
