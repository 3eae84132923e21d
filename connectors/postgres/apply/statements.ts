/**
 * The statements of one table, as SQL. Rows come from `s`: arrays as parameters, or a table of our own. The columns of
 * `s` are c0, c1, ... by their place in the plan, so that no name of the target's meets one of ours. What is found is
 * always found by the table's own key, never by another unique one (museum: unique-key-deletes-neighbour).
 */
import type { ColumnShape, TableShape } from "./shape.js";
import type { WantedField } from "./tuples.js";

/** Where rows come from: `unnest(...) AS s (...)`, or a table AS s. */
export type RowSource = string;

const at = (shape: Pick<TableShape, "columns">, place: number): ColumnShape => {
  const column = shape.columns[place];
  if (column === undefined) throw new RangeError(`no column at ${String(place)}`);
  return column;
};

/** Parameters $1, $2, ... as rows with columns c<place>. */
export function fromArrays(shape: TableShape, places: readonly number[]): RowSource {
  const arrays = places.map((place, i) => `$${String(i + 1)}::${at(shape, place).type}[]`);
  return `unnest(${arrays.join(", ")}) AS s (${places.map((place) => `c${String(place)}`).join(", ")})`;
}

/** Parameters $1, $2, ... as one row with columns c<place>. */
export function fromValues(shape: TableShape, places: readonly number[]): RowSource {
  const columns = places.map(
    (place, i) => `$${String(i + 1)}::${at(shape, place).type} AS c${String(place)}`,
  );
  return `(SELECT ${columns.join(", ")}) AS s`;
}

/** What arraySlices needs for `places` of whole rows. */
export function wantedOf(shape: TableShape, places: readonly number[]): readonly WantedField[] {
  return places.map((place) => ({ place, oid: at(shape, place).oid }));
}

/** The same for tuples that hold the key's columns alone, in the key's order. */
export function wantedKey(shape: Pick<TableShape, "columns" | "key">): readonly WantedField[] {
  return shape.key.map((place, i) => ({ place: i, oid: at(shape, place).oid }));
}

export function matchKey(shape: TableShape): string {
  return shape.key.map((place) => `t.${at(shape, place).name} = s.c${String(place)}`).join(" AND ");
}

export function deleteSql(shape: TableShape, source: RowSource): string {
  return `DELETE FROM ${shape.name} AS t USING ${source} WHERE ${matchKey(shape)}`;
}

export function updateSql(shape: TableShape, source: RowSource): string {
  return `UPDATE ${shape.name} AS t SET ${assigned(shape, "s.c")} FROM ${source} WHERE ${matchKey(shape)}`;
}

export function insertSql(shape: TableShape, source: RowSource): string {
  return `INSERT INTO ${shape.name} (${names(shape, shape.written)}) OVERRIDING SYSTEM VALUE
    SELECT ${values(shape)} FROM ${source}`;
}

export function upsertSql(shape: TableShape, source: RowSource): string {
  const excluded = shape.set.map((place) => {
    const { name } = at(shape, place);
    return `${name} = excluded.${name}`;
  });
  return `INSERT INTO ${shape.name} AS t (${names(shape, shape.written)}) OVERRIDING SYSTEM VALUE
    SELECT ${values(shape)} FROM ${source}
    ON CONFLICT (${names(shape, shape.key)}) DO UPDATE SET ${excluded.join(", ")}`;
}

export function mergeSql(shape: TableShape, source: RowSource): string {
  return `MERGE INTO ${shape.name} AS t USING ${source} ON ${matchKey(shape)}
    WHEN MATCHED THEN UPDATE SET ${assigned(shape, "s.c")}
    WHEN NOT MATCHED THEN INSERT (${names(shape, shape.written)}) OVERRIDING SYSTEM VALUE VALUES (${values(shape)})`;
}

/** COPY of whole rows straight into the table. */
export function copySql(shape: TableShape): string {
  const all = shape.columns.map((_, place) => place);
  return `COPY ${shape.name} (${names(shape, all)}) FROM STDIN WITH (FORMAT binary)`;
}

/**
 * Keys of `source` that are on the target (`there`) or are not, five of them at most, as columns rows and key.
 * Texts of keys, as findings have them; nothing of other columns.
 */
export function keysSql(shape: TableShape, source: RowSource, there: boolean): string {
  const key = shape.key.map((place) => `s.c${String(place)}::text`).join(", ");
  return `SELECT (count(*) OVER ())::text AS rows, concat_ws(', ', ${key}) AS key FROM ${source}
    WHERE ${there ? "" : "NOT "}EXISTS (SELECT FROM ${shape.name} AS t WHERE ${matchKey(shape)}) LIMIT 5`;
}

export function names(shape: TableShape, places: readonly number[]): string {
  return places.map((place) => at(shape, place).name).join(", ");
}

function values(shape: TableShape): string {
  return shape.written.map((place) => `s.c${String(place)}`).join(", ");
}

function assigned(shape: TableShape, prefix: string): string {
  return shape.set.map((place) => `${at(shape, place).name} = ${prefix}${String(place)}`).join(", ");
}
