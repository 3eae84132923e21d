/**
 * Whether a plan can be carried out on this server: version, encoding, rights, settings, room, and above all that
 * no planned table stands there already unless this migration made it. Reads only, and says everything it finds at
 * once, so that a person mends the lot in one go.
 */
import type { Finding, Plan, ServerFacts, Severity } from "../../src/model.js";
import { postgresName } from "../../src/safety/identifier.js";
import type { Session } from "./connection.js";
import { meetingDatabase } from "./slots.js";
import { ledgerExists } from "./ledger-view.js";
import { nameFindings } from "./preflight-names.js";
import { askedForFindings } from "./preflight-asked-for.js";
import { collationFindings } from "./preflight-collations.js";

export async function preflight(
  session: Session,
  facts: ServerFacts,
  plan: Plan,
): Promise<readonly Finding[]> {
  const lacking = await versionFindings(session, facts);
  // The other questions are made for what is missing there.
  if (lacking.length > 0) return lacking;
  return [
    ...serverFindings(facts),
    ...(await rightsFindings(session, facts, plan)),
    ...(await tableFindings(session, plan)),
    ...(await nameFindings(session, plan, await readableLedger(session))),
    ...(await collationFindings(session, facts, plan)),
    ...(await askedForFindings(session, plan)),
    sizeFinding(facts, plan),
  ];
}

function finding(severity: Severity, code: string, object: string, sentence: string, fix: string): Finding {
  return { code, severity, object, sentence, fix, count: 1, sampleKeys: [] };
}

/** What the stream writes with and the account is given rights by; a server without them is asked nothing more. */
async function versionFindings(session: Pick<Session, "query">, facts: ServerFacts): Promise<Finding[]> {
  const [row] = (
    await session.query(
      `SELECT EXISTS (SELECT FROM pg_catalog.pg_get_keywords() WHERE word = 'merge') AS merge,
              EXISTS (SELECT FROM pg_catalog.pg_proc WHERE proname = 'has_parameter_privilege') AS parameters`,
      undefined,
      "asking what the target can do",
    )
  ).rows;
  const lacks = [
    ...(row?.["merge"] === "t" ? [] : ["MERGE"]),
    ...(row?.["parameters"] === "t" ? [] : ["GRANT SET ON PARAMETER"]),
  ];
  if (lacks.length === 0) return [];
  return [
    finding(
      "error",
      "target-version",
      "target.server_version",
      `PostgreSQL ${facts.version} has no ${lacks.join(" and no ")}, which Headgate writes with.`,
      "Use a server of version 15 or later, which has both.",
    ),
  ];
}

function serverFindings(facts: ServerFacts): Finding[] {
  const found: Finding[] = [];
  const { settings } = facts;
  if (settings["server_encoding"] !== "UTF8")
    found.push(
      finding(
        "error",
        "target-encoding",
        `target.${facts.database}`,
        `The database's encoding is ${settings["server_encoding"] ?? "unknown"}, which cannot hold every text of the source.`,
        "Create the target database with ENCODING 'UTF8'.",
      ),
    );
  if (settings["wal_level"] !== "logical")
    found.push(
      finding(
        "warning",
        "target-wal-level",
        "target.wal_level",
        `wal_level is ${settings["wal_level"] ?? "unknown"}: the way back after a cutover reads the target's log and needs logical.`,
        "Set wal_level = logical and restart the server before the cutover.",
      ),
    );
  if (Number(settings["max_replication_slots"] ?? 0) < 1)
    found.push(
      finding(
        "warning",
        "target-replication-slots",
        "target.max_replication_slots",
        "max_replication_slots is 0: the way back after a cutover needs one.",
        "Set max_replication_slots to 1 or more and restart the server before the cutover.",
      ),
    );
  return found;
}

async function rightsFindings(session: Session, facts: ServerFacts, plan: Plan): Promise<Finding[]> {
  const [row] = (
    await session.query(
      `SELECT current_user AS me,
              has_database_privilege(current_database(), 'CREATE') AS database,
              to_regnamespace(quote_ident($1)) IS NOT NULL AS there,
              coalesce(has_schema_privilege(to_regnamespace(quote_ident($1))::oid, 'CREATE, USAGE'), false) AS schema,
              to_regnamespace('headgate') IS NOT NULL AS headgate,
              (SELECT pg_get_userbyid(nspowner) FROM pg_catalog.pg_namespace WHERE nspname = 'headgate') AS owner,
              (SELECT pg_has_role(nspowner, 'USAGE') FROM pg_catalog.pg_namespace WHERE nspname = 'headgate') AS ours,
              has_parameter_privilege('session_replication_role', 'SET') AS asleep,
              EXISTS (SELECT FROM pg_catalog.pg_database
                       WHERE datname = $2 AND has_database_privilege(oid, 'CONNECT')) AS meeting`,
      [plan.schema, meetingDatabase],
      "reading rights on the target",
    )
  ).rows;
  const me = row?.["me"] ?? "";
  const found: Finding[] = [];
  const missing = (object: string, what: string, sql: string): void => {
    found.push(finding("error", "grant-missing", object, `${me} may not create ${what}.`, sql));
  };
  if (row?.["database"] !== "t" && (row?.["headgate"] !== "t" || row["there"] !== "t"))
    missing(
      `target.${facts.database}`,
      "schemas in the database",
      `GRANT CREATE ON DATABASE ${postgresName(facts.database)} TO ${postgresName(me)};`,
    );
  if (row?.["there"] === "t" && row["schema"] !== "t")
    missing(
      `target.${plan.schema}`,
      `tables in schema ${plan.schema}`,
      `GRANT CREATE, USAGE ON SCHEMA ${postgresName(plan.schema)} TO ${postgresName(me)};`,
    );
  if (row?.["asleep"] !== "t")
    found.push(
      finding(
        "warning",
        "grant-set-parameter",
        "target.session_replication_role",
        `${me} may not set session_replication_role: the stream cannot keep the target's triggers and foreign keys asleep while it applies what the source's have done already.`,
        `GRANT SET ON PARAMETER session_replication_role TO ${postgresName(me)};`,
      ),
    );
  if (row?.["meeting"] !== "t")
    found.push(
      finding(
        "info",
        "slots-per-database",
        "target.workers",
        `${me} may not connect to the database ${meetingDatabase}, so workers are counted in ${facts.database} only: engines that load other databases of this host come on top.`,
        `GRANT CONNECT ON DATABASE ${postgresName(meetingDatabase)} TO ${postgresName(me)}; or run one migration on this host at a time.`,
      ),
    );
  const owner = row?.["owner"] ?? null;
  if (owner !== null && row?.["ours"] !== "t" && (await ledgerExists(session)))
    found.push(
      finding(
        "error",
        "grant-missing",
        "target.headgate",
        `The ledger in this database belongs to ${owner}, and ${me} is no member of it.`,
        `GRANT ${postgresName(owner)} TO ${postgresName(me)};`,
      ),
    );
  if (row?.["headgate"] === "t" && !(await ledgerExists(session)))
    found.push(
      finding(
        "error",
        "ledger-foreign",
        "target.headgate",
        "The target has a schema headgate that is not Headgate's ledger.",
        "Rename or drop that schema: Headgate keeps its ledger there.",
      ),
    );
  return found;
}

/** Planned names that stand in the schema, and who made them: `ours` is this migration, `other` another one's id. */
async function tableFindings(session: Session, plan: Plan): Promise<Finding[]> {
  const known = await readableLedger(session);
  // A table is ours when the relation that has its name now is the one that we recorded when we built it.
  const ours = known
    ? `(SELECT b.migration FROM headgate.built b WHERE b.kind = 'table' AND b.relation = c.oid
         ORDER BY b.migration = $3 DESC LIMIT 1)`
    : "NULL::text";
  const { rows } = await session.query(
    `SELECT p.target, c.oid IS NOT NULL AS there, ${ours} AS owner,
            ${known ? "EXISTS (SELECT FROM headgate.built b WHERE b.migration = $3 AND b.kind = 'table' AND b.target = p.target)" : "false"} AS built
       FROM unnest($2::text[]) AS p (target)
       LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = $1
       LEFT JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = p.target
      WHERE $3::text IS NOT NULL
      ORDER BY p.target`,
    [plan.schema, plan.tables.map((table) => table.target), plan.migration],
    "looking for planned tables on the target",
  );
  const found: Finding[] = [];
  for (const row of rows) {
    const name = `${plan.schema}.${row["target"] ?? ""}`;
    if (row["there"] === "t" && row["owner"] !== plan.migration) {
      const by = row["owner"] === null ? "" : `, made by migration ${row["owner"] ?? ""}`;
      found.push(
        finding(
          "error",
          "target-not-empty",
          name,
          `${name} is there already${by}, and this migration did not make it.`,
          "Drop or rename it on the target, or map the table to another name or schema.",
        ),
      );
    } else if (row["there"] !== "t" && row["built"] === "t")
      found.push(
        finding(
          "error",
          "ledger-mismatch",
          name,
          `The ledger says that ${name} was built, and it is gone.`,
          "Somebody dropped it. Drop the schema headgate and what was copied, and begin again.",
        ),
      );
  }
  return found;
}

/** Somebody else's ledger cannot be asked what is ours; rightsFindings has told that. */
async function readableLedger(session: Session): Promise<boolean> {
  if (!(await ledgerExists(session))) return false;
  const [row] = (
    await session.query(
      "SELECT CASE WHEN has_schema_privilege('headgate', 'USAGE') THEN has_table_privilege('headgate.built', 'SELECT') END AS may",
      undefined,
      "reading rights on the ledger",
    )
  ).rows;
  return row?.["may"] === "t";
}

/** SQL cannot see the server's disk, so the number is given for a person to compare. */
function sizeFinding(facts: ServerFacts, plan: Plan): Finding {
  const bytes = plan.tables.reduce((sum, table) => sum + table.estimatedBytes, 0);
  const gigabytes = (bytes / 1e9).toFixed(bytes < 1e9 ? 3 : 1);
  return finding(
    "info",
    "target-size",
    `target.${facts.database}`,
    `The source estimates ${gigabytes} GB of data; PostgreSQL needs about as much again for indexes and its log.`,
    "Compare with the free space of the target's disk, which SQL cannot see.",
  );
}
