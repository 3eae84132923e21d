/**
 * The statements of a repair, as SQL. A row on the target is told from another by every byte: its digest is the SHA-256 of
 * its tuple as binary COPY would spell it, computed where the row is, so that no row has to travel to be compared.
 */
import type { ColumnShape, TableShape } from "./shape.js";
import { matchKey } from "./statements.js";

const place = (shape: TableShape, at: number): ColumnShape => {
  const column = shape.columns[at];
  if (column === undefined) throw new RangeError(`no column at ${String(at)}`);
  return column;
};

/** The row's tuple: field count, then each field with its length before it, -1 for NULL. */
function tupleSql(shape: TableShape, row: string): string {
  const fields = shape.columns.map(({ name, send }) => {
    const field = `${send}(${row}.${name})`;
    return `coalesce(int4send(octet_length(${field})) || ${field}, '\\xffffffff'::bytea)`;
  });
  return [`int2send(${String(shape.columns.length)}::int2)`, ...fields].join(" || ");
}

export function digestSql(shape: TableShape, row: string): string {
  return `sha256(${tupleSql(shape, row)})`;
}

/** Keys as parameters $1, $2, ..., numbered from 1. */
function keysFrom(shape: TableShape): string {
  const arrays = shape.key.map((at, i) => `$${String(i + 1)}::${place(shape, at).type}[]`);
  return `unnest(${arrays.join(", ")}) WITH ORDINALITY AS s (${shape.key.map((at) => `c${String(at)}`).join(", ")}, n)`;
}

/** A key may be equal by its collation and have other bytes. */
function sameBytes(shape: TableShape): string {
  return shape.key
    .map((at) => {
      const { name, send } = place(shape, at);
      return `${send}(t.${name}) = ${send}(s.c${String(at)})`;
    })
    .join(" AND ");
}

/** Rows that are there: the key's number, the row's digest, and whether its key is the very same. */
export function foundSql(shape: TableShape): string {
  return `SELECT s.n::text, encode(${digestSql(shape, "t")}, 'hex'), (${sameBytes(shape)})::text
    FROM ${keysFrom(shape)} JOIN ${shape.name} AS t ON ${matchKey(shape)}`;
}

/** `exact`: a row whose key is merely equal stays. */
export function goneSql(shape: TableShape, exact: boolean): string {
  return `DELETE FROM ${shape.name} AS t USING ${keysFrom(shape)} WHERE ${matchKey(shape)}${exact ? ` AND ${sameBytes(shape)}` : ""}`;
}

/**
 * Of each digest ($1, hex) that is there: how often, and where the copies stand that are more than wanted ($2). `surplus`
 * is false of a row that says no more than the count. Each digest's count comes before any further copy, $3 rows in all.
 */
export const scanSql = (shape: TableShape): string => `
  SELECT encode(f.digest, 'hex') AS digest, f.copies::text AS copies, f.part::text AS part, f.place::text AS place,
         (f.nth > f.wanted)::text AS surplus
    FROM (SELECT d.digest, d.place, d.part, w.wanted, count(*) OVER (PARTITION BY d.digest) AS copies,
                 row_number() OVER (PARTITION BY d.digest) AS nth
            FROM (SELECT t.ctid AS place, t.tableoid AS part, ${digestSql(shape, "t")} AS digest FROM ${shape.name} AS t) d
            JOIN (SELECT decode(x.digest, 'hex') AS digest, x.wanted
                    FROM unnest($1::text[], $2::int[]) AS x (digest, wanted)) w ON w.digest = d.digest) f
   WHERE f.nth = 1 OR f.nth > f.wanted ORDER BY f.nth > 1 LIMIT $3::bigint`;

/** Takes away the rows at these places ($1 parts, $2 places) that still have these digests ($3, hex): nothing else is looked at. */
export const takenSql = (shape: TableShape): string => `
  DELETE FROM ${shape.name} AS t
   WHERE t.ctid = ANY ($2::tid[])
     AND EXISTS (SELECT FROM unnest($1::oid[], $2::tid[], $3::text[]) AS f (part, place, digest)
                  WHERE f.part = t.tableoid AND f.place = t.ctid AND decode(f.digest, 'hex') = ${digestSql(shape, "t")})`;

/** Rows' columns by place as literals, those that are not `shown` as a question mark. */
export function literalsSql(shape: TableShape, source: string, shown: readonly number[]): string {
  const texts = shape.columns.map((_, at) =>
    shown.includes(at) ? `quote_nullable(s.c${String(at)}::text)` : `'?'`,
  );
  return `SELECT ${texts.join(", ")} FROM ${source}`;
}
