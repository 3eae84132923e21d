/**
 * Digests inside the source (types.md, section 2): the text of a row, its SHA-256, and sums of hashes. Whatever the
 * server cannot put into one text (max_allowed_packet) is a hash that no row of the target has, so it is looked at by
 * other means. No MD5, which MySQL 9.6 left out; no GROUP_CONCAT, which cuts; no XOR, which two equal rows cancel.
 */
import { Fault } from "../../src/errors.js";
import type { Buckets, DigestQuery, DigestSums, DigestText, RowSample } from "../../src/verify-port.js";

/** What stands for the hash of a row without a text; the target has another one. */
const none = "e".repeat(64);

export function rowHash(texts: readonly DigestText[]): string {
  const parts = texts.map(({ value, text, long }) => {
    // Of a long text only the hash goes into the row's: CONCAT would be NULL past max_allowed_packet.
    const told = long ? `CONCAT('V64:',SHA2(${text},256))` : `CONCAT('V',LENGTH(${text}),':',${text})`;
    return `IF(${value} IS NULL,'N',${told})`;
  });
  return `COALESCE(SHA2(${parts.length === 0 ? "''" : `CONCAT(${parts.join(",")})`},256),'${none}')`;
}

/** The bucket of a hash. */
export function bucketOf(hash: string, of: number): string {
  return `(CAST(CONV(LEFT(${hash},4),16,10) AS UNSIGNED) & ${String(of - 1)})`;
}

/** Sixty bits of the hash from the given digit on: a sum of them is a DECIMAL, which does not overflow. */
function sum(hash: string, from: 1 | 16): string {
  return `CAST(COALESCE(SUM(CAST(CONV(SUBSTRING(${hash},${String(from)},15),16,10) AS UNSIGNED)),0) AS CHAR)`;
}

/** Select list of the sums; grouped by its first part where there is more than one bucket. */
function sums(hash: string, buckets: number): string {
  const bucket = buckets === 1 ? "'0'" : `CAST(${bucketOf(hash, buckets)} AS CHAR)`;
  return `${bucket} AS bucket, CAST(COUNT(*) AS CHAR), ${sum(hash, 1)}, ${sum(hash, 16)}`;
}

/**
 * What to select of the rows, and the statement around that. A range's hashes are computed once each and kept in a
 * temporary table; those of a whole table would fill the server's disk, so there they are computed once a sum.
 */
export function digestSelect(
  query: DigestQuery,
  buckets: number,
): { readonly select: string; readonly around: (rows: string) => string } {
  const hash = rowHash(query.texts);
  const group = buckets === 1 ? "" : " GROUP BY bucket";
  if (query.range === null) return { select: sums(hash, buckets), around: (rows) => rows + group };
  return {
    select: `${hash} AS h`,
    // LIMIT keeps the optimizer from merging it, and from computing each hash for every mention of it.
    around: (rows) => `SELECT ${sums("x.h", buckets)} FROM (${rows} LIMIT 18446744073709551615) AS x${group}`,
  };
}

export function inBuckets(query: DigestQuery, { of, only }: Buckets): string {
  return `${bucketOf(rowHash(query.texts), of)} IN (${only.join(",")})`;
}

export function inSample({ texts, below }: RowSample): string {
  return `CAST(CONV(LEFT(${rowHash(texts)},13),16,10) AS UNSIGNED) < ${String(below)}`;
}

export function sumsOf(rows: readonly (readonly (string | null)[])[]): readonly DigestSums[] {
  return rows.flatMap(([bucket, count, first, second]) => {
    if (typeof bucket !== "string" || typeof count !== "string") throw misread();
    if (typeof first !== "string" || typeof second !== "string") throw misread();
    return count === "0" ? [] : [{ bucket: Number(bucket), rows: count, sums: [first, second] as const }];
  });
}

function misread(): Fault {
  return new Fault("bug", "The source answered a digest with something else.");
}
