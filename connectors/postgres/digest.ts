/**
 * Digests inside the target, of the same texts as connectors/mysql/digest.ts: whatever is changed in the form of one
 * must be changed in the other. A value that PostgreSQL has no text for is a hash that no row of the source has.
 */
import type { Buckets, DigestQuery, DigestSums, DigestText } from "../../src/verify-port.js";
import type { TextRow } from "./connection.js";

/** What stands for the hash of a row without a text; the source has another one. */
const none = "f".repeat(64);

export function rowHash(texts: readonly DigestText[]): string {
  const parts = texts.map(({ value, text, long }) => {
    const told = long
      ? `'V64:'||${sha256(text)}`
      : // In parentheses: some texts are chains of || themselves.
        `'V'||octet_length(${text})||':'||(${text})`;
    return `CASE WHEN ${value} IS NULL THEN 'N' ELSE ${told} END`;
  });
  return `coalesce(${sha256(parts.length === 0 ? "''" : parts.join("||"))},'${none}')`;
}

function sha256(text: string): string {
  return `encode(sha256(convert_to(${text},'UTF8')),'hex')`;
}

/** The bucket of a hash. */
export function bucketOf(hash: string, of: number): string {
  return `(('x'||left(${hash},4))::bit(16)::integer & ${String(of - 1)})`;
}

function sum(hash: string, from: 1 | 16): string {
  return `coalesce(sum(('x'||substr(${hash},${String(from)},15))::bit(60)::bigint),0)::text`;
}

/** `from`: the table and its condition. OFFSET 0 keeps each hash from being computed for every mention of it. */
export function digestSql(query: DigestQuery, buckets: number, from: string): string {
  const bucket = buckets === 1 ? "0" : bucketOf("x.h", buckets);
  return (
    `SELECT (${bucket})::text AS bucket, count(*)::text AS rows, ${sum("x.h", 1)} AS first, ${sum("x.h", 16)} AS second ` +
    `FROM (SELECT ${rowHash(query.texts)} AS h FROM ${from} OFFSET 0) AS x` +
    (buckets === 1 ? "" : ` GROUP BY ${bucket}`)
  );
}

/** `columns`: the key's, quoted. */
export function hashesSql(
  query: DigestQuery,
  { of, only }: Buckets,
  columns: readonly string[],
  from: string,
): string {
  const keys = columns.map((column, place) => `${column} AS k${String(place)}`);
  const told = [...columns.map((_, place) => `x.k${String(place)}`), "x.h"].join(", ");
  const inner = [...keys, `${rowHash(query.texts)} AS h`].join(", ");
  return `SELECT ${told} FROM (SELECT ${inner} FROM ${from} OFFSET 0) AS x WHERE ${bucketOf("x.h", of)} IN (${only.join(",")})`;
}

export function sumsOf(rows: readonly TextRow[]): readonly DigestSums[] {
  return rows.flatMap((row) =>
    row["rows"] === "0"
      ? []
      : [
          {
            bucket: Number(row["bucket"]),
            rows: row["rows"] ?? "",
            sums: [row["first"] ?? "", row["second"] ?? ""] as const,
          },
        ],
  );
}
