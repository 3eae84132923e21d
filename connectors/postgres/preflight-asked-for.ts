/**
 * What headgate.yaml asks the target for and nobody has tried: types by a name that this server may not know or may
 * bound otherwise (citext without its extension, varchar(0)), and defaults and CHECKs in SQL of one's own. The
 * types are asked for by a NULL of each; the SQL by building its table in a transaction that is taken back, so that a
 * default of another type is told by `check` and no copy ends at a CHECK that never could stand.
 */
import { Fault } from "../../src/errors.js";
import type { Finding, Plan, PlanColumn, PlanStatement } from "../../src/model.js";
import { postgresLiteral, postgresName } from "../../src/safety/identifier.js";
import type { Session } from "./connection.js";

export async function askedForFindings(session: Session, plan: Plan): Promise<readonly Finding[]> {
  const refused = await refusedTypes(session, plan);
  return [
    ...typeFindings(plan, refused),
    ...(await labelFindings(session, plan, refused)),
    ...(await ownSqlFindings(session, plan, refused)),
  ];
}

/** Types that the target refuses, with what it says. */
async function refusedTypes(session: Session, plan: Plan): Promise<ReadonlyMap<string, string>> {
  const types = [...new Set(plan.tables.flatMap(({ columns }) => columns.filter(isBuiltIn).map(typeOf)))];
  const refused = new Map<string, string>();
  if (types.length === 0 || (await refusal(session, [nullsOf(types)])) === null) return refused;
  for (const type of types) {
    const said = await refusal(session, [nullsOf([type])]);
    if (said !== null) refused.set(type, said);
  }
  return refused;
}

/** An enum type that the plan creates cannot be there yet. */
function isBuiltIn({ nativeEnum }: PlanColumn): boolean {
  return nativeEnum !== true;
}

function typeOf({ targetType }: PlanColumn): string {
  return targetType;
}

function nullsOf(types: readonly string[]): string {
  return `SELECT ${types.map((type) => `NULL::${type}`).join(", ")}`;
}

function typeFindings(plan: Plan, refused: ReadonlyMap<string, string>): readonly Finding[] {
  return [...refused].map(([type, said]) => {
    const [first = "", ...others] = plan.tables.flatMap(({ source, columns }) =>
      columns.flatMap((column) =>
        isBuiltIn(column) && column.targetType === type ? [`${source}.${column.source}`] : [],
      ),
    );
    return finding(
      "target-type-refused",
      first,
      `The target refuses the type ${type} of ${first}${others.length === 0 ? "" : ` and ${String(others.length)} more`}: ${said}.`,
      "Name another type in the rule under typemap, or make this one known there (an extension is made by CREATE EXTENSION).",
      1 + others.length,
    );
  });
}

/**
 * A rule may send the labels of an enum to a type that stands on the target already. Labels travel as their text, so
 * that has to be an enum type, or a domain over text, and to have them all.
 */
async function labelFindings(
  session: Session,
  plan: Plan,
  refused: ReadonlyMap<string, string>,
): Promise<readonly Finding[]> {
  const found: Finding[] = [];
  for (const { source, columns } of plan.tables)
    for (const planned of columns) {
      const { column, targetType, policy } = planned;
      if (column.type !== "enum" || !isBuiltIn(planned) || refused.has(targetType)) continue;
      if (/^(?:text|citext|character varying)\b/u.test(targetType)) continue;
      const labels = [...column.labels, ...(policy.enumZero === "keep" ? [""] : [])];
      const { rows } = await session.query(
        `SELECT t.typtype = 'e' AS enum,
                t.typtype = 'd' AND t.typbasetype IN ('text'::regtype, 'varchar'::regtype) AS text,
                (SELECT string_agg(quote_literal(l), ', ') FROM unnest($2::text[]) AS l
                  WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_enum WHERE enumtypid = t.oid AND enumlabel = l)) AS lacks
           FROM pg_catalog.pg_type t WHERE t.oid = to_regtype($1)`,
        [targetType, labels],
        "asking for the labels of a type",
      );
      const [type] = rows;
      if (type?.["text"] === "t" || (type?.["enum"] === "t" && type["lacks"] === null)) continue;
      const why = type?.["enum"] === "t" ? `has no label ${type["lacks"] ?? ""}` : "is no enum type";
      found.push(
        finding(
          "target-type-refused",
          `${source}.${column.name}`,
          `The type ${targetType} of the target ${why}, and ${source}.${column.name} is an enum whose labels go there.`,
          "Name text or enum in the rule under typemap, or a type that has all labels.",
          1,
        ),
      );
    }
  return found;
}

/** Tables that stand already have taken theirs; who has no right to build is told by those who look at rights. */
async function ownSqlFindings(
  session: Session,
  plan: Plan,
  refused: ReadonlyMap<string, string>,
): Promise<readonly Finding[]> {
  const holding = [...plan.before, ...plan.after].filter(({ own }) => own !== undefined);
  const found: Finding[] = [];
  for (const { source, target, columns } of plan.tables) {
    const mine = holding.filter(({ table }) => table === target);
    if (mine.length === 0 || columns.some(({ targetType }) => refused.has(targetType))) continue;
    if (await stands(session, plan.schema, target)) continue;
    const first = [...(await shared(session, plan)), ...plan.before.filter(({ table }) => table === target)];
    for (const statement of mine) {
      const all = plan.before.includes(statement) ? first : [...first, statement];
      const said = await refusal(
        session,
        all.map(({ sql }) => sql),
      );
      if (said === null) continue;
      const own = statement.own ?? [];
      found.push(
        finding(
          "target-sql-refused",
          own.length === 1 ? `${source}.${own[0] ?? ""}` : source,
          `The target refuses the ${statement.kind === "check" ? "CHECK" : "default"} that headgate.yaml has for ${own.join(", ")} of ${source}: ${said}.`,
          "Mend the SQL of the rule under typemap, or take it out.",
          own.length,
        ),
      );
      break;
    }
  }
  return found;
}

/** What belongs to no table: the schema, where it is not there yet, collations, sequences. */
async function shared(session: Session, plan: Plan): Promise<readonly PlanStatement[]> {
  const [row] = (
    await session.query(
      `SELECT to_regnamespace(${postgresLiteral(postgresName(plan.schema))}) IS NOT NULL AS there`,
      undefined,
      "looking for the planned schema",
    )
  ).rows;
  return plan.before.filter(
    ({ table, kind }) => table === null && !(kind === "schema" && row?.["there"] === "t"),
  );
}

async function stands(session: Session, schema: string, table: string): Promise<boolean> {
  const name = postgresLiteral(`${postgresName(schema)}.${postgresName(table)}`);
  const { rows } = await session.query(
    `SELECT to_regclass(${name}) IS NOT NULL AS there`,
    undefined,
    "looking for a planned table",
  );
  return rows[0]?.["there"] === "t";
}

const insufficientPrivilege = "42501";

/** What the server says to the statements, null where it takes them all or the account may not try; nothing of them stays. */
async function refusal(session: Session, statements: readonly string[]): Promise<string | null> {
  const doing = "asking whether the target takes what headgate.yaml asks for";
  await session.query("BEGIN", undefined, doing);
  try {
    for (const sql of statements) await session.query(sql, undefined, doing);
    return null;
  } catch (error) {
    const state = error instanceof Fault ? error.facts["sqlState"] : undefined;
    if (!(error instanceof Fault) || state === undefined || error.retriable) throw error;
    return state === insufficientPrivilege ? null : words(error, doing);
  } finally {
    if (session.dead === null) await session.query("ROLLBACK", undefined, doing);
  }
}

/** The server's own words, without what we were doing: the sentence around them says that. */
function words(error: Fault, doing: string): string {
  return error.message.replace(`PostgreSQL said while ${doing}: `, "").replace(/\.$/u, "");
}

function finding(code: string, object: string, sentence: string, fix: string, count: number): Finding {
  return { code, severity: "error", object, sentence, fix, count, sampleKeys: [] };
}
