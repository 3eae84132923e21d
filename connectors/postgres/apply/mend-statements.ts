/** A repair as SQL for people to read: what a dry run shows. Values of columns that are no key stand as ? unless asked for. */
import type { Session } from "../connection.js";
import type { Change, Changes } from "./mend-rows.js";
import { literalsSql } from "./mend-sql.js";
import type { TableShape } from "./shape.js";
import { fromArrays, names, wantedKey, wantedOf } from "./statements.js";
import { arraySlices } from "./tuples.js";

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
        `DELETE FROM ${shape.name} WHERE /* the row's SHA-256 is ${change.key.toString("hex")}, ${String(change.copies)} of them */;`,
      );
  else {
    const places = shape.key.map((_, i) => i);
    const keys = await literals(session, shape, goes, (change) => change.key, {
      fields: shape.key.length,
      places: shape.key,
      wanted: wantedKey(shape),
      shown: shape.key,
    });
    goes.forEach((change, index) => {
      const values = keys[index] ?? [];
      const match = places.map(
        (i) => `${names(shape, [shape.key[i] ?? 0])} = ${values[shape.key[i] ?? 0] ?? "?"}`,
      );
      add(change, `DELETE FROM ${shape.name} WHERE ${match.join(" AND ")};`);
    });
  }
  const comes = rows.filter(({ did, row }) => row !== null && (did === "inserted" || did === "updated"));
  const all = shape.columns.map((_, place) => place);
  const values = await literals(session, shape, comes, ({ row }) => row ?? Buffer.alloc(0), {
    fields: all.length,
    places: all,
    wanted: wantedOf(shape, all),
    shown: showValues ? all : shape.key,
  });
  comes.forEach((change, index) => {
    const row = shape.written.map((place) => values[index]?.[place] ?? "?");
    const times = shape.key.length === 0 ? ` /* ${String(change.copies)} times */` : "";
    add(
      change,
      `INSERT INTO ${shape.name} (${names(shape, shape.written)}) VALUES (${row.join(", ")})${times};`,
    );
  });
  return found;
}

interface Wanted {
  readonly fields: number;
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
  { fields, places, wanted, shown }: Wanted,
): Promise<readonly (readonly string[])[]> {
  const chunks = changes.map(tupleOf);
  const tuples = { rows: chunks.length, bytes: chunks.reduce((sum, { length }) => sum + length, 0), chunks };
  const found: (readonly string[])[] = [];
  // Arrays of arrays are none of rows: such a table's values are not shown.
  if (!shape.byArrays && fields > shape.key.length) return found;
  for (const { arrays } of arraySlices(tuples, fields, wanted, sliceLimit)) {
    const sql = literalsSql(shape, fromArrays(shape, places), shown);
    const [answer] = await session.burst([
      { sql, values: arrays, doing: `reading values for ${shape.table.target}` },
    ]);
    for (const row of answer?.rows ?? []) found.push(row.map((text) => text ?? "NULL"));
  }
  return found;
}
