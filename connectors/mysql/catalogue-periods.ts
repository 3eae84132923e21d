/**
 * Unique keys of MariaDB that forbid overlapping periods (WITHOUT OVERLAPS). STATISTICS shows them as plain ones over
 * the period's two columns, its end first; only SHOW CREATE TABLE tells. A period is also a CHECK that its start is
 * before its end, so only tables with such a CHECK beside such a key are asked.
 */
import type { SourceCheck, SourceIndex } from "../../src/model.js";
import { mysqlName } from "../../src/safety/identifier.js";
import type { Connection } from "./connection.js";

/** The same indexes, those that forbid overlaps marked. */
export async function markPeriods(
  connection: Connection,
  indexes: ReadonlyMap<string, readonly SourceIndex[]>,
  checks: ReadonlyMap<string, readonly SourceCheck[]>,
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, readonly SourceIndex[]>> {
  if (connection.engine !== "mariadb") return indexes;
  const marked = new Map(indexes);
  for (const [table, list] of indexes) {
    const bounds = (checks.get(table) ?? []).map(({ expression }) => expression);
    if (!list.some((index) => mayBePeriod(index, bounds))) continue;
    const [row] = await connection.query(`SHOW CREATE TABLE ${mysqlName(table)}`, [], signal);
    const named = withoutOverlaps(row?.[1] ?? "");
    marked.set(
      table,
      list.map((index) => (named.has(index.name) ? { ...index, withoutOverlaps: true } : index)),
    );
  }
  return marked;
}

function mayBePeriod({ unique, parts }: SourceIndex, bounds: readonly string[]): boolean {
  const [end, start] = parts.slice(-2).map(({ column }) => column);
  if (!unique || typeof end !== "string" || typeof start !== "string") return false;
  return bounds.includes(`${mysqlName(start)} < ${mysqlName(end)}`);
}

/** Names of the keys in a CREATE TABLE whose last part is a period. Quoted names may hold anything, so they go first. */
export function withoutOverlaps(created: string): ReadonlySet<string> {
  const names = new Set<string>();
  for (const line of created.split("\n")) {
    const key = /^ {2}(?:PRIMARY KEY|UNIQUE KEY `((?:[^`]|``)*)`) \((.*)$/u.exec(line);
    const parts = key?.[2]?.replaceAll(/`(?:[^`]|``)*`/gu, "n") ?? "";
    if (/^(?:n(?:\(\d+\))?,)*n WITHOUT OVERLAPS\)/u.test(parts))
      names.add(key?.[1]?.replaceAll("``", "`") ?? "PRIMARY");
  }
  return names;
}
