/**
 * A failing schema made smaller: without tables, extra statements, rows, columns, as long as something still goes
 * wrong. Each look is a whole copy, so there are only so many of them.
 */
import type { Schema, Table } from "./schema.js";

const looksMost = 30;
/** Milliseconds, for a machine that is slow. */
const timeMost = 120_000;

/** The least schema found on which `problemsOf` still names one that begins like the first of these. */
export async function smaller(
  schema: Schema,
  problems: readonly string[],
  problemsOf: (schema: Schema) => Promise<readonly string[]>,
): Promise<Schema> {
  let least = schema;
  let looks = 0;
  const end = performance.now() + timeMost;
  const enough = (): boolean => looks >= looksMost || performance.now() > end;
  const wanted = kindOf(problems[0] ?? "");
  const stillFails = async (candidate: Schema): Promise<boolean> => {
    looks += 1;
    try {
      return (await problemsOf(candidate)).some((problem) => kindOf(problem) === wanted);
    } catch {
      // Another failure than the one that is looked for: this candidate says nothing.
      return false;
    }
  };
  for (let better = true; better && !enough();) {
    better = false;
    for (const candidate of candidates(least)) {
      if (enough()) break;
      if (!(await stillFails(candidate))) continue;
      least = candidate;
      better = true;
      break;
    }
  }
  return least;
}

/** How a problem begins: what went wrong, without whose it was. */
function kindOf(problem: string): string {
  return problem.split(":")[0] ?? "";
}

/** Smaller ones, the smallest first. */
function* candidates(schema: Schema): Generator<Schema> {
  const { tables } = schema;
  if (tables.length > 1)
    for (const table of tables) yield { ...schema, tables: tables.filter((one) => one !== table) };
  for (const [at, table] of tables.entries())
    for (const less of lesser(table))
      yield { ...schema, tables: tables.map((one, place) => (place === at ? less : one)) };
}

function* lesser(table: Table): Generator<Table> {
  const { rows, extras, columns } = table;
  if (rows.length > 1) {
    const half = Math.ceil(rows.length / 2);
    yield { ...table, rows: rows.slice(0, half) };
    yield { ...table, rows: rows.slice(half) };
  }
  if (rows.length === 1) yield { ...table, rows: [] };
  for (const extra of extras) yield { ...table, extras: extras.filter((one) => one !== extra) };
  if (columns.length < 2) return;
  for (const [at, column] of columns.entries()) {
    const place = columns.slice(0, at).filter(({ stored }) => stored).length;
    yield {
      ...table,
      columns: columns.filter((one) => one !== column),
      rows: column.stored ? rows.map((row) => row.filter((_, cell) => cell !== place)) : rows,
    };
  }
}
