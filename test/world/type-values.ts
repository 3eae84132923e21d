/**
 * Values of every target type, as literals of PostgreSQL's own: the types are those of the codecs' cases, so that a new
 * one without values here is found. For tests of the target that no codec takes part in.
 */
import { cases } from "../conformance/cases.js";

/** Values of a type, as literals that the server takes; NULL comes by itself. First match counts. */
const literals: readonly (readonly [RegExp, readonly string[]])[] = [
  [/^smallint$/u, ["-32768", "32767", "0"]],
  [/^integer$/u, ["-2147483648", "2147483647", "0"]],
  [/^bigint$/u, ["-9223372036854775808", "9223372036854775807", "9007199254740993"]],
  [/^numeric\(30,30\)$/u, ["0", "-0.000000000000000000000000000001"]],
  [/^numeric\((\d+),0\)$/u, ["0", "-1", "99999"]],
  [/^numeric\(9,5\)$/u, ["0", "-9999.99999", "0.00001"]],
  [/^numeric\(65,30\)$/u, ["-0.1", `${"9".repeat(35)}.${"9".repeat(30)}`]],
  [/^numeric/u, ["0", "-1.50", "99999.99", "0.01"]],
  [/^(real|double precision)$/u, ["-0", "0", "NaN", "1e-30", "3.4e38", "0.1", "-Infinity"]],
  [/^boolean$/u, ["true", "false"]],
  [/^text\[\]$/u, ["{}", '{a,NULL,"b c",""}', '{"NULL"}']],
  [/^real\[\]$/u, ["{}", "{1,-0,NaN,3e-9}"]],
  [/^json$/u, ['{"a":1}', '{"a": 1}', "[]", '"\\u00e9"', '{"b":2,"a":1,"b":3}']],
  [/^jsonb$/u, ['{"a": 1.10, "b": [1, null]}', "[]", '"é"', "1e3"]],
  [/^bytea$/u, ["\\x", "\\x00", "\\xff00ff"]],
  [/^uuid$/u, ["00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-abcdefabcdef"]],
  [/^inet$/u, ["0.0.0.0", "255.255.255.255", "::1", "::ffff:1.2.3.4"]],
  [/^codec_label$/u, ["small", "größer", "a,b", "it's"]],
  [/^date$/u, ["0001-01-01", "9999-12-31", "2000-02-29", "-infinity"]],
  [/^timestamp/u, ["0001-01-01 00:00:00", "9999-12-31 23:59:59", "1713-12-31 23:59:59", "-infinity"]],
  [/^interval/u, ["-838:59:59", "24:00:00", "1 day", "838:59:59.999999"]],
  [/^time/u, ["00:00:00", "23:59:59.999999", "24:00:00"]],
  [/^character\(/u, ["", "é", "a b"]],
  [/^(text|character varying)/u, ["", " ", "a'b\\c", "é😀", '"{,}']],
];

/** bit(n): none, all, the first and the last. */
function bitsOf(type: string): readonly string[] | null {
  const size = Number(/^bit\((\d+)\)$/u.exec(type)?.[1] ?? 0);
  return size === 0
    ? null
    : [...new Set(["0".repeat(size), "1".repeat(size), "1".padEnd(size, "0"), "1".padStart(size, "0")])];
}

const enumSql = `CREATE TYPE public.codec_label AS ENUM ('small','MEDIUM','größer','a,b','it''s')`;
/** Beside the codecs' own: a domain, which a user's typemap may name. */
const domainSql = `CREATE DOMAIN public.positive AS numeric(6,2) CHECK (VALUE IS NULL OR VALUE > 0)`;
/** What makes the types that are not PostgreSQL's own. */
export const declareSql = `${enumSql}; ${domainSql}`;
export const types = [...new Set(cases.map(({ target }) => target)), "positive"].sort();
export const values = new Map(
  types.map((type) => {
    const found = type === "positive" ? ["1.50", "0.01"] : bitsOf(type);
    return [type, found ?? literals.find(([name]) => name.test(type))?.[1] ?? []] as const;
  }),
);

export const literal = (text: string | undefined): string =>
  text === undefined ? "NULL" : `'${text.replaceAll("'", "''")}'`;

/** `n` rows of all of `list`, each with NULL among its values; `shift` gives the same keys other values. */
export function rowsOf(list: readonly string[], n: number, shift: number, from = 1): string {
  const columns = list.map((type) => {
    const all = [...(values.get(type) ?? []), undefined].map((text) => `${literal(text)}::${type}`);
    return `(ARRAY[${all.map((_, i) => String(i)).join(",")}])[1 + (g + ${String(shift)}) % ${String(all.length)}]`;
  });
  // Picked by CASE: an array of arrays would flatten.
  const picked = columns.map((index, i) => {
    const all = [...(values.get(list[i] ?? "") ?? []), undefined];
    const arms = all.map((text, k) => `WHEN ${String(k)} THEN ${literal(text)}::${list[i] ?? ""}`);
    return `CASE ${index} ${arms.join(" ")} END`;
  });
  return `SELECT g::bigint, ${picked.join(", ")} FROM generate_series(${String(from)}, ${String(from + n - 1)}) g`;
}

/** Those that rows can be made of by arrays. */
export const flat = types.filter((type) => !type.endsWith("[]"));
