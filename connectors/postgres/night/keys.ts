/**
 * Whatever counts on the target goes on past what is there (I19): the stream writes numbers that the source has given, and
 * no sequence knows of them. Forward only. One that cycles is left where it stands, since it has begun anew on purpose and
 * "past the greatest" means nothing there; of the source's own it is known where it stands, and it is set there. All arithmetic is the server's: nothing passes through a number of ours.
 */
import { Fault } from "../../../src/errors.js";
import type { GivenKey, SequenceAt } from "../../../src/cutover-port.js";
import type { Plan } from "../../../src/model.js";
import { postgresLiteral, postgresName } from "../../../src/safety/identifier.js";
import type { Session, TextRow } from "../connection.js";

/** Columns of the plan's tables that draw from a sequence: their own, or the one in their default. */
const drawnSql = `
  SELECT c.relname::text AS table, a.attname::text AS column, sn.nspname::text AS space, s.relname::text AS sequence,
         (t.typcategory = 'N')::text AS number
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND n.nspname::text = $1
    JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
    JOIN LATERAL (
      SELECT d.objid AS oid FROM pg_catalog.pg_depend d
       WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.refclassid = 'pg_catalog.pg_class'::regclass
         AND d.refobjid = c.oid AND d.refobjsubid = a.attnum AND d.deptype IN ('a', 'i')
      UNION
      SELECT d.refobjid FROM pg_catalog.pg_attrdef f
        JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_attrdef'::regclass AND d.objid = f.oid
                                   AND d.refclassid = 'pg_catalog.pg_class'::regclass
       WHERE f.adrelid = c.oid AND f.adnum = a.attnum) drawn ON true
    JOIN pg_catalog.pg_class s ON s.oid = drawn.oid AND s.relkind = 'S'
    JOIN pg_catalog.pg_namespace sn ON sn.oid = s.relnamespace
   WHERE c.relname::text = ANY ($2::text[])
   ORDER BY s.relname, c.relname, a.attnum`;

/** Within a transaction that has proven the epoch, while nobody else draws. */
export async function pastKeys(session: Session, plan: Plan, known: readonly SequenceAt[]): Promise<void> {
  const rows = await drawnRows(session, plan);
  demandCounted(plan, rows);
  const drawn = new Map<string, TextRow[]>();
  for (const row of rows) drawn.set(sequenceOf(row), [...(drawn.get(sequenceOf(row)) ?? []), row]);
  for (const [sequence, columns] of drawn)
    await pushed(session, sequence, (way) => ({
      // What is used is passed; the next one comes after it.
      goal: `${way.most}(${columns.map((row) => farthest(plan.schema, row, way)).join(", ")})`,
      given: true,
    }));
  for (const { source, next } of known) {
    const target = plan.sequences?.find((each) => each.source === source)?.target;
    if (target === undefined) throw new Fault("bug", "A sequence that is in no plan.");
    if (!/^-?\d+$/u.test(next)) throw new Fault("bug", "A sequence's next value is no number.");
    const sequence = `${postgresName(plan.schema)}.${postgresName(target)}`;
    await pushed(session, sequence, () => ({ goal: `${next}::numeric`, given: false, exact: true }));
  }
}

/** How far the plan's columns have counted by their sequences: keys of rows that are gone again among them. */
export async function givenKeys(session: Session, plan: Plan): Promise<readonly GivenKey[]> {
  const given: GivenKey[] = [];
  for (const row of await drawnRows(session, plan)) {
    const table = plan.tables.find(({ target }) => target === row["table"]);
    const column = table?.columns.find(({ target }) => target === row["column"]);
    if (table === undefined || column === undefined) continue;
    const [at] = (
      await session.query(
        `SELECT s.last_value::text AS value FROM ${sequenceOf(row)} s, pg_catalog.pg_sequence q
          WHERE q.seqrelid = ${postgresLiteral(sequenceOf(row)).trim()}::regclass
            AND s.is_called AND NOT q.seqcycle AND q.seqincrement > 0`,
        [],
        "asking how far a sequence has counted",
      )
    ).rows;
    const upTo = at?.["value"] ?? null;
    if (upTo !== null) given.push({ table: table.source, column: column.source, upTo });
  }
  return given;
}

async function drawnRows(session: Session, plan: Plan): Promise<readonly TextRow[]> {
  const { rows } = await session.query(
    drawnSql,
    [plan.schema, plan.tables.map(({ target }) => target)],
    "asking which columns count",
  );
  return rows;
}

function sequenceOf(row: TextRow): string {
  return `${postgresName(row["space"] ?? "")}.${postgresName(row["sequence"] ?? "")}`;
}

/** A column that the plan gives numbers by itself, and nothing that counts for it. */
function demandCounted(plan: Plan, rows: readonly TextRow[]): void {
  const found = new Set(rows.map((row) => JSON.stringify([row["table"], row["column"]])));
  for (const { target, columns } of plan.tables)
    for (const column of columns)
      if (column.identity !== null && !found.has(JSON.stringify([target, column.target])))
        throw new Fault(
          "target-refused",
          `${target}.${column.target} has no sequence on the target any more: nothing would give its numbers after a cutover.`,
        );
}

/** Which way a sequence counts, in SQL's words. */
interface Way {
  readonly most: "greatest" | "least";
  readonly farthest: "max" | "min";
  readonly before: "<" | ">";
  readonly end: string;
  readonly begin: string;
}

/** A column may hold numbers as text, and other texts beside them. */
function farthest(schema: string, row: TextRow, way: Way): string {
  const column = postgresName(row["column"] ?? "");
  const table = `${postgresName(schema)}.${postgresName(row["table"] ?? "")}`;
  const value =
    row["number"] === "true"
      ? `${way.farthest}(${column})::numeric`
      : `${way.farthest}(CASE WHEN ${column}::text ~ '^-?[0-9]+$' THEN ${column}::text::numeric END)`;
  return `(SELECT ${value} FROM ${table})`;
}

interface Goal {
  /** In SQL. */
  readonly goal: string;
  /** It is given away already, or comes next. */
  readonly given: boolean;
  /** It is where the sequence stands, and not only how far it has been: one that cycles goes there too. */
  readonly exact?: true;
}

/**
 * Moves a sequence to a goal, which is given away already or comes next, where it is not past it. Where the goal is beyond
 * the sequence's own end it stands there, given away: the next call fails, as it does at the source. Short of its beginning
 * nothing is to be done.
 */
async function pushed(session: Session, sequence: string, to: (way: Way) => Goal): Promise<void> {
  const doing = `moving ${sequence} past what is used`;
  const name = `${postgresLiteral(sequence).trim()}::regclass`;
  const [row] = (
    await session.query(
      `SELECT (seqincrement > 0)::text AS up, seqcycle::text AS cycles, seqincrement::text AS step,
              seqmin::text AS least, seqmax::text AS most
         FROM pg_catalog.pg_sequence WHERE seqrelid = ${name}`,
      [],
      doing,
    )
  ).rows;
  if (row === undefined) throw new Fault("target-refused", `${sequence} is gone from the target.`);
  const cycles = row["cycles"] === "true";
  const [least, most] = [`${row["least"] ?? ""}::numeric`, `${row["most"] ?? ""}::numeric`];
  const way: Way =
    row["up"] === "true"
      ? { most: "greatest", farthest: "max", before: "<", end: most, begin: least }
      : { most: "least", farthest: "min", before: ">", end: least, begin: most };
  const { goal, given, exact = false } = to(way);
  if (cycles && !exact) return;
  const next = `(s.last_value + CASE WHEN s.is_called THEN ${row["step"] ?? ""}::numeric ELSE 0 END)`;
  const beyond = `u.goal ${way.before === "<" ? ">" : "<"} ${way.end}`;
  await session.query(
    `SELECT setval(${name}, (CASE WHEN ${beyond} THEN ${way.end} ELSE u.goal END)::bigint, ${String(given)} OR ${beyond})
       FROM ${sequence} s, (SELECT ${goal} AS goal) u
      WHERE NOT u.goal ${way.before} ${way.begin}${cycles ? "" : ` AND ${next} ${way.before}${given ? "=" : ""} u.goal`}`,
    [],
    doing,
  );
}
