/**
 * Names on their way into SQL. Every identifier that Headgate writes into a statement passes through here and
 * comes out quoted, so that no table called `order`, `a"b` or `x; drop` can end a name early. Values never come
 * this way: they are bound, or travel as COPY bytes. Connectors may import this file (decision 0002).
 */
import { Fault } from "../errors.js";

/** Quotes a name for MySQL and MariaDB: `a``b`. Backticks work in every sql_mode. */
export function mysqlName(name: string): string {
  refuse(name);
  return "`" + name.replaceAll("`", "``") + "`";
}

/** Quotes a name for PostgreSQL: "a""b". Names past 63 bytes would be cut in silence, so they are refused. */
export function postgresName(name: string): string {
  refuse(name);
  if (Buffer.byteLength(name) > 63)
    throw new Fault("bug", `The name ${JSON.stringify(name)} is longer than PostgreSQL's 63 bytes.`);
  return '"' + name.replaceAll('"', '""') + '"';
}

/** Quotes text as a PostgreSQL literal, for DDL where nothing can be bound (labels in a CHECK, comments). */
export function postgresLiteral(text: string): string {
  if (text.includes("\0")) throw new Fault("bug", "A text with U+0000 cannot be a PostgreSQL literal.");
  const quoted = "'" + text.replaceAll("'", "''") + "'";
  return text.includes("\\") ? " E" + quoted.replaceAll("\\", "\\\\") : quoted;
}

function refuse(name: string): void {
  if (name === "" || name.includes("\0"))
    throw new Fault("bug", `${JSON.stringify(name)} cannot be a name in SQL.`);
}
