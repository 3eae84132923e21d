/**
 * What the target must hold for one hazard: types, rows and counts as expected.yaml has them, the statements that it
 * says must work or fail, and the oracle's word on every table, which knows nothing of expected.yaml.
 */
import type { Connection } from "mysql2/promise";
import { DatabaseError } from "pg";
import type { Client } from "pg";
import { stringify } from "yaml";
import { compare } from "../oracle/oracle.js";
import type { ExpectedTable, Statement } from "./expected.js";

const name = (text: string): string => `"${text.replaceAll('"', '""')}"`;

/** Texts as expected.yaml writes them. */
export async function settleSession(target: Client): Promise<void> {
  await target.query(
    "SET timezone = 'UTC'; SET datestyle = 'ISO'; SET intervalstyle = 'postgres'; SET extra_float_digits = 1; SET bytea_output = 'hex'",
  );
}

/** Types in column order, rows in any order. */
export async function tableProblems(target: Client, expected: ExpectedTable): Promise<readonly string[]> {
  const { rows: columns } = await target.query<{ name: string; type: string }>(
    `SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type
       FROM pg_attribute a WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`,
    [`public.${name(expected.table)}`],
  );
  if (columns.length === 0) return [`the target has no table ${expected.table}`];
  const types = Object.fromEntries(columns.map(({ name: column, type }) => [column, type]));
  const problems: string[] = [];
  const wanted = expected.columns ?? types;
  if (JSON.stringify(Object.entries(types)) !== JSON.stringify(Object.entries(wanted)))
    problems.push(`${expected.table} has columns: ${shown(types)}`);
  const list = columns.map(({ name: column }) => `${name(column)}::text`).join(", ");
  const { rows } = await target.query<(string | null)[]>({
    text: `SELECT ${list} FROM public.${name(expected.table)}`,
    rowMode: "array",
  });
  if (expected.rows !== undefined && !sameRows(rows, expected.rows))
    problems.push(`${expected.table} holds rows: ${rows.map(shown).sort().join("\n    - ")}`);
  if (expected.count !== undefined && rows.length !== expected.count)
    problems.push(`${expected.table} holds ${rows.length} rows, not ${expected.count}`);
  return problems;
}

function sameRows(
  a: readonly (readonly (string | null)[])[],
  b: readonly (readonly (string | null)[])[],
): boolean {
  const sorted = (rows: readonly (readonly (string | null)[])[]): readonly string[] =>
    rows.map((row) => JSON.stringify(row)).sort();
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
}

/** One line of YAML that could stand in expected.yaml. */
function shown(value: unknown): string {
  return stringify(value, { collectionStyle: "flow", lineWidth: 0 }).trimEnd();
}

/** Each statement in a transaction of its own that is taken back. */
export async function statementProblems(
  target: Client,
  { sql, gives, fails }: Statement,
): Promise<readonly string[]> {
  await target.query("BEGIN; SET LOCAL search_path = public");
  try {
    const { rows } = await target.query<(string | null)[]>({
      text: sql,
      rowMode: "array",
      types: { getTypeParser: () => (value: string) => value },
    });
    if (fails !== undefined) return [`works, and must fail with ${fails}: ${sql}`];
    if (gives === undefined || sameRows(rows, gives)) return [];
    return [`${sql}\n    gives ${rows.map(shown).sort().join("\n    - ")}`];
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    return error.code === fails ? [] : [`${error.code ?? ""} ${error.message}: ${sql}`];
  } finally {
    await target.query("ROLLBACK");
  }
}

export interface Judged {
  readonly database: string;
  /** The hazard's tables on the source. */
  readonly tables: readonly string[];
  readonly expected: readonly ExpectedTable[];
  /** `table.column` that a policy changed, whose values expected.yaml alone knows. */
  readonly changed: readonly string[];
}

/** What the oracle finds unequal. */
export async function oracleProblems(
  source: Connection,
  target: Client,
  { database, tables, expected, changed }: Judged,
): Promise<readonly string[]> {
  if (tables.length === 0) return [];
  try {
    return await unequal(source, target, { database, tables, expected, changed });
  } catch (error) {
    // A table or a column that is not there: this hazard's own failure, and no reason to leave the others unjudged.
    return [`the oracle can't compare: ${error instanceof Error ? error.message : String(error)}`];
  }
}

async function unequal(
  source: Connection,
  target: Client,
  { database, tables, expected, changed }: Judged,
): Promise<readonly string[]> {
  const sourceName = ({ table, source: from }: ExpectedTable): string => from ?? table;
  const verdicts = await compare(source, target, {
    database,
    schema: "public",
    only: tables,
    rename: Object.fromEntries(expected.map((one) => [sourceName(one), one.table])),
    renameColumns: Object.fromEntries(
      expected.flatMap((one) =>
        Object.entries(one.renamed).map(([from, to]) => [`${sourceName(one)}.${from}`, to]),
      ),
    ),
    skipColumns: [
      ...changed,
      ...expected.flatMap((one) => one.differs.map((column) => `${sourceName(one)}.${column}`)),
    ],
  });
  if (verdicts.length !== tables.length)
    return [`the oracle saw ${verdicts.length} of ${tables.length} tables`];
  return verdicts.flatMap((verdict) =>
    verdict.equal ? [] : [`unequal by the oracle: ${JSON.stringify(verdict)}`],
  );
}
