/**
 * Whether the target can compare texts as the plan wants it: ICU for the collations that it creates, none of another
 * meaning under their names already, letters that lower() knows, and LIKE over columns whose collation is not
 * deterministic. Each is asked of the server, and a server that lacks one is told before anything is written: what
 * then stands in for it is the user's rule and never a silent choice.
 */
import { Fault } from "../../src/errors.js";
import type { Finding, IcuCollation, Plan, ServerFacts, Severity } from "../../src/model.js";
import type { Session } from "./connection.js";

/** feature_not_supported */
const notSupported = "0A000";

export async function collationFindings(
  session: Session,
  facts: ServerFacts,
  plan: Plan,
): Promise<readonly Finding[]> {
  return [
    ...(await icuFindings(session, plan)),
    ...(await lowerFindings(session, plan)),
    ...(await likeFindings(session, facts, plan)),
  ];
}

function finding(
  severity: Severity,
  code: string,
  object: string,
  sentence: string,
  fix: string,
  more: Partial<Finding> = {},
): Finding {
  return { code, severity, object, sentence, fix, count: 1, sampleKeys: [], ...more };
}

async function icuFindings(session: Session, plan: Plan): Promise<readonly Finding[]> {
  const wanted = wantedCollations(plan);
  if (wanted.size === 0) return [];
  const [server] = (
    await session.query(
      "SELECT EXISTS (SELECT FROM pg_catalog.pg_collation WHERE collprovider = 'i') AS icu",
      [],
      "asking for ICU collations",
    )
  ).rows;
  if (server?.["icu"] !== "t")
    return [
      finding(
        "error",
        "target-without-icu",
        "target.icu",
        `The target knows no ICU collation, and the plan keeps the source's unique keys by ${[...wanted.keys()].join(", ")}.`,
        "Use a PostgreSQL server that was built with ICU, or choose by a typemap rule what is to be kept without it.",
        {
          count: wanted.size,
          propose: ["typemap:", '  - { match: { collation: "*" }, to: { collation: lower } }'],
        },
      ),
    ];
  const { rows } = await session.query(
    `SELECT c.collname AS name, c.collprovider = 'i' AND NOT c.collisdeterministic AS fits,
            coalesce(to_jsonb(c) ->> 'colllocale', to_jsonb(c) ->> 'colliculocale') AS locale
       FROM pg_catalog.pg_collation c JOIN pg_catalog.pg_namespace n ON n.oid = c.collnamespace
      WHERE n.nspname = $1 AND c.collname = ANY ($2::text[]) ORDER BY 1`,
    [plan.schema, [...wanted.keys()]],
    "looking for planned collations on the target",
  );
  return rows.flatMap((row) => {
    const name = row["name"] ?? "";
    const locale = wanted.get(name)?.locale;
    if (row["fits"] === "t" && row["locale"] === locale) return [];
    return [
      finding(
        "error",
        "target-collation-foreign",
        `${plan.schema}.${name}`,
        `The target has a collation ${plan.schema}.${name} already, and it is not the ICU collation ${locale ?? ""} that the plan means by it.`,
        "Rename or drop that collation on the target, or map to another schema.",
      ),
    ];
  });
}

async function lowerFindings(session: Session, plan: Plan): Promise<readonly Finding[]> {
  const objects = plan.tables.flatMap((table) =>
    (table.indexes ?? []).flatMap(({ parts }) =>
      parts.flatMap(({ column, equality }) =>
        equality?.by === "lower" ? [`${table.source}.${column}`] : [],
      ),
    ),
  );
  if (objects.length === 0) return [];
  const [row] = (await session.query("SELECT lower('É') = 'é' AS folds", [], "asking what lower() folds"))
    .rows;
  if (row?.["folds"] === "t") return [];
  return [
    finding(
      "warning",
      "lower-folds-ascii",
      "target.lc_ctype",
      `lower() changes only A to Z in this database: unique keys that stand on it tell É from é (${[...new Set(objects)].join(", ")}).`,
      "Create the target database with a locale that knows its letters (LC_CTYPE), or take the rule's collation: lower back.",
      { count: objects.length },
    ),
  ];
}

async function likeFindings(session: Session, facts: ServerFacts, plan: Plan): Promise<readonly Finding[]> {
  const objects = plan.tables.flatMap((table) =>
    table.columns.flatMap(({ source, equality }) =>
      equality?.by === "icu" ? [`${table.source}.${source}`] : [],
    ),
  );
  if (objects.length === 0) return [];
  const said = await likeRefused(session);
  if (said === null) return [];
  const over = `LIKE over a column with a nondeterministic collation (${objects.join(", ")})`;
  return [
    finding(
      "warning",
      "like-not-supported",
      "target.server_version",
      `${said.facts["sqlState"] === notSupported ? `PostgreSQL ${facts.version} refuses ${over}; newer servers run it` : `It could not be asked whether PostgreSQL ${facts.version} runs ${over}. ${said.message.replace(/\.$/u, "")}`}. Regular expressions are refused by all.`,
      'Write the column as c COLLATE "C" in such queries, or take the rule\'s collation: icu back.',
      { count: objects.length },
    ),
  ];
}

/**
 * What the server says to LIKE under such a collation, null where it runs. No catalogue tells it, and none that is there
 * already is nondeterministic: one of the session's own is made and taken back.
 */
async function likeRefused(session: Session): Promise<Fault | null> {
  const doing = "asking whether LIKE runs under a nondeterministic collation";
  await session.query("BEGIN", undefined, doing);
  try {
    await session.query(
      "CREATE COLLATION pg_temp.headgate_like (provider = icu, locale = 'und-u-ks-level2', deterministic = false)",
      undefined,
      doing,
    );
    await session.query(`SELECT 'a' COLLATE pg_temp.headgate_like LIKE 'A'`, undefined, doing);
    return null;
  } catch (error) {
    // Without the right to temporary objects nobody can ask; that too is told.
    if (!(error instanceof Fault) || error.facts["sqlState"] === undefined) throw error;
    return error;
  } finally {
    if (session.dead === null) await session.query("ROLLBACK", undefined, doing);
  }
}

/** The ICU collations of a plan by name. */
function wantedCollations(plan: Plan): ReadonlyMap<string, IcuCollation> {
  const wanted = new Map<string, IcuCollation>();
  const want = (collation: IcuCollation | null | undefined): void => {
    if (collation !== null && collation !== undefined) wanted.set(collation.name, collation);
  };
  for (const { columns, indexes } of plan.tables) {
    for (const { equality } of columns) want(equality?.collation);
    for (const { parts } of indexes ?? []) for (const { equality } of parts) want(equality?.collation);
  }
  return wanted;
}
