/**
 * Digests inside the target, of the same texts as connectors/mysql/digest.ts: whatever is changed in the form of one
 * must be changed in the other. A value that PostgreSQL has no text for is a hash that no row of the source has.
 */
import type {
  Buckets,
  DigestQuery,
  DigestSums,
  DigestText,
  RowSample,
  TupleSink,
} from "../../src/verify-port.js";
import type { TupleStatement } from "./tuple-rows.js";

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

export function inSample({ texts, below }: RowSample): string {
  return `('x'||left(${rowHash(texts)},13))::bit(52)::bigint < ${String(below)}`;
}

/** Which rows, as a FROM with its condition, and their key's columns, quoted. */
export interface DigestedRows {
  readonly from: Pick<TupleStatement, "sql" | "values">;
  readonly key: readonly string[];
  /** For the sentence of a Fault. */
  readonly name: string;
}

/** Bucket, rows and both sums, as text. OFFSET 0 keeps each hash from being computed for every mention of it. */
export function sumsStatement(
  query: DigestQuery,
  buckets: number,
  { from, name }: DigestedRows,
): TupleStatement {
  const bucket = buckets === 1 ? "0" : bucketOf("x.h", buckets);
  return {
    sql:
      `SELECT (${bucket})::text, count(*)::text, ${sum("x.h", 1)}, ${sum("x.h", 16)} ` +
      `FROM (SELECT ${rowHash(query.texts)} AS h FROM ${from.sql} OFFSET 0) AS x` +
      (buckets === 1 ? "" : ` GROUP BY ${bucket}`),
    values: from.values,
    fields: 4,
    doing: `digesting ${name}`,
  };
}

export function sumsSink(take: (sums: DigestSums) => void): TupleSink {
  return {
    tuple(bytes, start, end) {
      const [bucket = "", rows = "", first = "", second = ""] = textsIn(bytes.subarray(start, end));
      if (rows !== "0") take({ bucket: Number(bucket), rows, sums: [first, second] });
    },
    full: () => false,
    drained: () => Promise.resolve(),
  };
}

function textsIn(tuple: Buffer): string[] {
  const texts: string[] = [];
  for (let at = 2; at < tuple.length;) {
    const length = Math.max(0, tuple.readInt32BE(at));
    texts.push(tuple.toString("utf8", at + 4, at + 4 + length));
    at += 4 + length;
  }
  return texts;
}

/** The key's columns, then the hash. */
export function hashesStatement(
  query: DigestQuery,
  { of, only }: Buckets,
  { from, key, name }: DigestedRows,
): TupleStatement {
  const inner = [
    ...key.map((column, place) => `t.${column} AS k${String(place)}`),
    `${rowHash(query.texts)} AS h`,
  ];
  const told = [...key.map((_, place) => `x.k${String(place)}`), "x.h"].join(", ");
  return {
    sql:
      `SELECT ${told} FROM (SELECT ${inner.join(", ")} FROM ${from.sql} OFFSET 0) AS x ` +
      `WHERE ${bucketOf("x.h", of)} IN (${only.join(",")})`,
    values: from.values,
    fields: key.length + 1,
    doing: `digesting ${name}`,
  };
}
