/**
 * What reading row images needs to know of the server: the number of each collation, and how the texts of each
 * character set that the plan's columns have become UTF-8. The server itself is asked, once per connection, so that
 * a character is in the stream what SELECT makes of it.
 */
import type { PlanTable, SourceEngine } from "../../../src/model.js";
import type { Connection } from "../connection.js";
import { readCharset } from "./charset-tables.js";
import type { Charset } from "./charset.js";

export interface ImageWorld {
  readonly engine: SourceEngine;
  /** Name of the character set by the number of a collation; `utf8` is told as `utf8mb3`. */
  readonly collations: ReadonlyMap<number, string>;
  /** Those of the plan's columns, by name. */
  readonly charsets: ReadonlyMap<string, Charset>;
}

/** Reads it for the columns of these tables. */
export async function readImageWorld(
  connection: Connection,
  tables: readonly PlanTable[],
): Promise<ImageWorld> {
  const rows = await connection.query("SELECT ID, CHARACTER_SET_NAME FROM information_schema.COLLATIONS");
  const collations = new Map(
    rows.flatMap(([id, charset]): [number, string][] =>
      // MariaDB lists collations that go with any character set under no number of their own.
      id === null || id === undefined || charset === null || charset === undefined
        ? []
        : [[Number(id), charsetName(charset)]],
    ),
  );
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
  return { engine: connection.engine, collations, charsets };
}

/** `utf8` is what old servers call `utf8mb3`. */
export function charsetName(name: string): string {
  const lower = name.toLowerCase();
  return lower === "utf8" ? "utf8mb3" : lower;
}
