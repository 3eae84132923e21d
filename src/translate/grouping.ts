/**
 * GROUP BY. MySQL lets a query show columns that GROUP BY decides without naming them; PostgreSQL wants them named.
 * Which ones they are follows from keys and from the equalities of the joins; naming them changes no group. A text
 * of the key is grouped as the source's collation compares it, and the smallest of the equal spellings is shown,
 * where the source shows any of them.
 */
import { type Equality, columnPath } from "./from.js";
import { type Relation, findColumn } from "./scope.js";
import { outside } from "./node.js";
import { isText } from "./value.js";

/** The columns, as `alias.column`, that have one value in each group. */
export function decidedColumns(
  keys: readonly unknown[],
  relations: readonly Relation[],
  equalities: readonly Equality[],
  database: string,
): ReadonlySet<string> {
  const nameOf = (node: unknown): string | null => {
    const path = columnPath(node, database);
    const found = path === null ? null : findColumn(relations, path);
    return found === null ? null : placeName(found.relation.alias, found.name);
  };
  const exactly = (node: unknown): boolean => {
    const path = columnPath(node, database);
    const found = path === null ? null : findColumn(relations, path);
    return found !== null && !isText(found.value) && found.value.kind !== "opaque";
  };
  const decided = new Set(keys.flatMap((key) => nameOf(key) ?? []));
  const pairs = equalities.flatMap(({ left, right, optional }) => {
    const [a, b] = [nameOf(left), nameOf(right)];
    if (a === null || b === null || !exactly(left) || !exactly(right))
      return optional === null ? [] : [{ a: "", b: "", optional }];
    return [{ a, b, optional }];
  });
  /** The columns of an outer join's relation that its condition ties, once all that it depends on is decided. */
  const tiedBy = (alias: string): ReadonlySet<string> => {
    const own = pairs.filter(({ optional }) => optional === alias);
    const mine = (name: string): boolean => name.startsWith(`${alias}\0`);
    const sides = own.map(({ a, b }) => (mine(a) ? [a, b] : [b, a]));
    return sides.every(([, far = ""]) => decided.has(far))
      ? new Set(sides.map(([near = ""]) => near))
      : new Set();
  };
  for (let before = -1; before !== decided.size;) {
    before = decided.size;
    for (const { a, b, optional } of pairs) {
      if (optional !== null) continue;
      if (decided.has(a)) decided.add(b);
      if (decided.has(b)) decided.add(a);
    }
    for (const relation of relations) {
      const own = (column: string): string => placeName(relation.alias, column);
      const tied = tiedBy(relation.alias);
      if (
        relation.keys.some((key) => key.every((column) => decided.has(own(column)) || tied.has(own(column))))
      )
        for (const column of relation.columns.keys()) decided.add(own(column));
    }
  }
  return decided;
}

export function placeName(alias: string, column: string): string {
  return `${alias}\0${column}`;
}

/** Says which column is not decided. */
export function undecided(alias: string, column: string): never {
  return outside(`${alias}.${column} outside an aggregate, which GROUP BY does not decide`);
}
