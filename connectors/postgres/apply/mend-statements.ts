/**
 * A repair as SQL for people to read, and to run: what a dry run shows. Values of columns that are no key stand as ?
 * unless asked for. Rows without a key are found by their SHA-256, which is how the repair itself finds them.
 */
import type { Session } from "../connection.js";
import type { Change, Changes } from "./mend-rows.js";
import { digestSql, literalsSql } from "./mend-sql.js";
import type { TableShape } from "./shape.js";
import { fromArrays, fromValues, names, wantedKey, wantedOf } from "./statements.js";
import { arraySlices, fieldsOf } from "./tuples.js";

const sliceLimit = { rows: 1_000, bytes: 4_194_304 };

export async function mendStatements(
  session: Session,
  shape: TableShape,
  { rows }: Changes,
  showValues: boolean,
): Promise<ReadonlyMap<Change, readonly string[]>> {
  const found = new Map<Change, string[]>();
  const add = (change: Change | undefined, text: string): void => {
    if (change !== undefined) found.set(change, [...(found.get(change) ?? []), text]);
  };
  const goes = rows.filter(({ did }) => did === "deleted" || did === "updated");
  if (shape.key.length === 0)
    for (const change of goes)
      add(
        change,
        `DELETE FROM ${shape.name} WHERE (tableoid, ctid) IN (SELECT t.tableoid, t.ctid FROM ${shape.name} AS t WHERE ${digestSql(shape, "t")} = '\\x${change.key.toString("hex")}' LIMIT ${String(change.copies)});`,
      );
  else {
    const keys = await literals(session, shape, goes, (change) => change.key, {
      places: shape.key,
      wanted: wantedKey(shape),
      shown: shape.key,
    });
    goes.forEach((change, index) => {
      const literal = (place: number): string => keys[index]?.[place] ?? "?";
      const match = shape.key.map((place) => `${names(shape, [place])} = ${literal(place)}`);
      // Another row whose key is merely equal stays, unless it is in the way of one that comes.
      const same =
        change.did === "updated" ? [] : shape.key.flatMap((place) => sameBytes(shape, place, literal(place)));
      add(change, `DELETE FROM ${shape.name} WHERE ${[...match, ...same].join(" AND ")};`);
    });
  }
  const comes = rows.filter(({ did, row }) => row !== null && (did === "inserted" || did === "updated"));
  const all = shape.columns.map((_, place) => place);
  const values = await literals(session, shape, comes, ({ row }) => row ?? Buffer.alloc(0), {
    places: all,
    wanted: wantedOf(shape, all),
    shown: showValues ? all : shape.key,
  });
  comes.forEach((change, index) => {
    const row = shape.written.map((place) => values[index]?.[place] ?? "?").join(", ");
    const made =
      change.copies === 1
        ? `VALUES (${row})`
        : `SELECT ${row} FROM generate_series(1, ${String(change.copies)})`;
    add(
      change,
      `INSERT INTO ${shape.name} (${names(shape, shape.written)}) OVERRIDING SYSTEM VALUE ${made};`,
    );
  });
  return found;
}

function sameBytes(shape: TableShape, place: number, literal: string): readonly string[] {
  const column = shape.columns[place];
  if (column === undefined || column.exact) return [];
  return [`${column.send}(${column.name}) = ${column.send}(${literal}::${column.type})`];
}

interface Wanted {
  /** Of the tuple's fields, in their order. */
  readonly places: readonly number[];
  readonly wanted: ReturnType<typeof wantedOf>;
  readonly shown: readonly number[];
}

/** The rows' columns as literals, by place; those that are not shown are ?. */
async function literals(
  session: Session,
  shape: TableShape,
  changes: readonly Change[],
  tupleOf: (change: Change) => Buffer,
  { places, wanted, shown }: Wanted,
): Promise<readonly (readonly string[])[]> {
  const chunks = changes.map(tupleOf);
  const found: (readonly string[])[] = [];
  const doing = `reading values for ${shape.table.target}`;
  const take = (rows: readonly (readonly (string | null)[])[]): void => {
    for (const row of rows) found.push(row.map((text) => text ?? "NULL"));
  };
  if (places.every((place) => shape.columns[place]?.arrays === true && !shape.columns[place].array)) {
    const tuples = {
      rows: chunks.length,
      bytes: chunks.reduce((sum, { length }) => sum + length, 0),
      chunks,
    };
    const sql = literalsSql(shape, fromArrays(shape, places), shown);
    for (const { arrays } of arraySlices(tuples, places.length, wanted, sliceLimit))
      for (const { rows } of await session.burst([{ sql, values: arrays, doing }])) take(rows);
    return found;
  }
  // Arrays of arrays are none of rows: such rows are asked for one by one.
  const sql = literalsSql(shape, fromValues(shape, places), shown);
  for (let at = 0; at < chunks.length; at += sliceLimit.rows)
    for (const { rows } of await session.burst(
      chunks
        .slice(at, at + sliceLimit.rows)
        .map((tuple) => ({ sql, values: fieldsOf(tuple), doing, keep: true })),
    ))
      take(rows);
  return found;
}
