/**
 * What speaks against a way back on this target, all at once: settings that want a restart, rights, tables whose changes
 * the log does not carry, and whether a connection for replication is let in at all. Reads only.
 */
import type { Finding, Plan, Severity } from "../../../src/model.js";
import { postgresName } from "../../../src/safety/identifier.js";
import type { PostgresOptions, Session, TextRow } from "../connection.js";
import { originGrants } from "../grants.js";
import { refusedReplication } from "./identify.js";
import { originPrefix, wayBackName } from "./names.js";

export async function wayBackFindings(
  session: Session,
  server: PostgresOptions,
  plan: Plan,
): Promise<readonly Finding[]> {
  const name = wayBackName(server, plan.migration);
  const [row] = (
    await session.query(
      serverSql,
      [name, originPrefix(server, plan.migration)],
      "asking what a way back needs",
    )
  ).rows;
  const found = [
    ...settingFindings(row ?? {}, plan),
    ...rightFindings(row ?? {}),
    ...(await tableFindings(session, plan)),
  ];
  // Without the right nothing else is refused.
  if (row?.["replication"] === "true") {
    const refused = await refusedReplication(server);
    if (refused !== null)
      found.push(
        finding(
          "error",
          "target-replication",
          "target.replication",
          `A connection for replication is not let in: ${refused.message}`,
          `Let ${row["me"] ?? "our role"} in by a line of pg_hba.conf for its database (not for "replication"), and past what stands before the server.`,
        ),
      );
  }
  return found;
}

/** Settings of later versions are NULL before them. */
const serverSql = `
  SELECT current_user AS me, pg_catalog.current_setting('wal_level') AS wal_level,
         (SELECT (r.rolreplication OR r.rolsuper)::text FROM pg_catalog.pg_roles r WHERE r.rolname = current_user) AS replication,
         has_database_privilege(current_database(), 'CREATE')::text AS creates, current_database() AS database,
         EXISTS (SELECT FROM pg_catalog.pg_replication_slots WHERE slot_name = $1)::text AS made,
         (pg_catalog.current_setting('max_replication_slots')::int
           - (SELECT count(*) FROM pg_catalog.pg_replication_slots))::text AS slots,
         (pg_catalog.current_setting('max_wal_senders')::int
           - (SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE backend_type = 'walsender'))::text AS senders,
         (coalesce(pg_catalog.current_setting('max_active_replication_origins', true),
                   pg_catalog.current_setting('max_replication_slots'))::int
           - (SELECT count(*) FROM pg_catalog.pg_replication_origin
               WHERE pg_catalog.left(roname, pg_catalog.length($2::text)) <> $2))::text AS origins,
         pg_catalog.current_setting('max_slot_wal_keep_size') AS kept,
         coalesce(pg_catalog.current_setting('idle_replication_slot_timeout', true), '0') AS idle,
         (SELECT bool_and(has_function_privilege(p.oid, 'EXECUTE'))::text FROM pg_catalog.pg_proc p
           WHERE p.pronamespace = 'pg_catalog'::regnamespace
             AND p.proname IN ('pg_replication_origin_create', 'pg_replication_origin_drop',
                               'pg_replication_origin_session_setup')) AS origin_rights`;

/** Sessions beside the lanes that write rows: repairs, and tables that are copied again. */
const otherWriters = 3;

function settingFindings(row: TextRow, plan: Plan): Finding[] {
  const found: Finding[] = [];
  const made = row["made"] === "true";
  if (row["wal_level"] !== "logical")
    found.push(
      finding(
        "error",
        "target-wal-level",
        "target.wal_level",
        `wal_level is ${row["wal_level"] ?? "unknown"}: the way back reads the target's log and needs logical.`,
        "Set wal_level = logical and restart the server before the cutover.",
      ),
    );
  if (!made && Number(row["slots"]) < 1)
    found.push(
      finding(
        "error",
        "target-replication-slots",
        "target.max_replication_slots",
        "All replication slots of the target are taken: the way back needs one.",
        "Raise max_replication_slots and restart the server, or drop a slot that nobody needs.",
      ),
    );
  if (!made && Number(row["senders"]) < 1)
    found.push(
      finding(
        "error",
        "target-wal-senders",
        "target.max_wal_senders",
        "All WAL senders of the target are busy: the way back needs one.",
        "Raise max_wal_senders and restart the server.",
      ),
    );
  const needed = plan.lanes.length + otherWriters;
  if (Number(row["origins"]) < needed)
    found.push(
      finding(
        "error",
        "target-replication-origins",
        "target.max_replication_slots",
        `The target has room for ${row["origins"] ?? "0"} more replication origins, and ${String(plan.lanes.length)} lanes and what is written beside them need ${String(needed)}.`,
        "Raise max_replication_slots (from PostgreSQL 18 on max_active_replication_origins) and restart the server, or take fewer lanes.",
      ),
    );
  if (row["idle"] !== "0")
    found.push(
      finding(
        "warning",
        "target-idle-slots",
        "target.idle_replication_slot_timeout",
        `idle_replication_slot_timeout is ${row["idle"] ?? ""}: a way back that stands still for so long is lost.`,
        "Set it to 0 until the way back is closed.",
      ),
    );
  found.push(
    row["kept"] === "-1"
      ? finding(
          "info",
          "target-slot-size",
          "target.max_slot_wal_keep_size",
          "max_slot_wal_keep_size is unlimited: while the way back stands still, the target's log fills its disk.",
          "Watch the disk, or set a limit, past which the way back is lost.",
        )
      : finding(
          "warning",
          "target-slot-size",
          "target.max_slot_wal_keep_size",
          `max_slot_wal_keep_size is ${row["kept"] ?? ""}: a way back that is further behind is lost.`,
          "Raise it to what the target writes in the longest time that the source may be out of reach.",
        ),
  );
  return found;
}

function rightFindings(row: TextRow): Finding[] {
  const me = row["me"] ?? "";
  const role = postgresName(me === "" ? "headgate" : me);
  const missing = (object: string, what: string, sql: string): Finding =>
    finding("error", "grant-missing", object, `${me} ${what}.`, sql);
  return [
    ...(row["replication"] === "true"
      ? []
      : [missing("target.replication", "may not read the target's log", `ALTER ROLE ${role} REPLICATION;`)]),
    ...(row["creates"] === "true"
      ? []
      : [
          missing(
            `target.${row["database"] ?? ""}`,
            "may not create a publication",
            `GRANT CREATE ON DATABASE ${postgresName(row["database"] ?? "postgres")} TO ${role};`,
          ),
        ]),
    ...(row["origin_rights"] === "true"
      ? []
      : [
          missing(
            "target.pg_replication_origin_session_setup",
            "may not mark what it writes forward, which the way back would take for the application's",
            originGrants(me).join(" "),
          ),
        ]),
  ];
}

const tablesSql = `
  SELECT t.target, c.relpersistence = 'u' AS unlogged, c.relkind = 'p' AS partitioned,
         pg_catalog.pg_has_role(c.relowner, 'USAGE') AS ours,
         (SELECT string_agg(a.attname, ', ') FROM pg_catalog.pg_attribute a
           WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated <> '') AS generated,
         (SELECT string_agg(s.srsubid::text, ', ') FROM pg_catalog.pg_subscription_rel s WHERE s.srrelid = c.oid) AS subscribed
    FROM unnest($2::text[]) AS t (target)
    JOIN pg_catalog.pg_class c ON c.oid = pg_catalog.to_regclass(pg_catalog.format('%I.%I', $1::text, t.target))`;

/** A table that is not there yet has nothing to say. */
async function tableFindings(session: Session, plan: Plan): Promise<Finding[]> {
  const { rows } = await session.query(
    tablesSql,
    [plan.schema, plan.tables.map(({ target }) => target)],
    "looking at the tables that the way back reads",
  );
  return rows.flatMap((row) => {
    const target = row["target"] ?? "";
    const source = plan.tables.find((table) => table.target === target)?.source ?? target;
    const told: Finding[] = [];
    const tell = (severity: Severity, code: string, sentence: string, fix: string): void => {
      told.push(finding(severity, code, source, sentence, fix));
    };
    if (row["ours"] !== "t")
      tell(
        "error",
        "target-not-owned",
        `${target} belongs to another role, and only its owner may publish it.`,
        "Make our role its owner, or a member of the role that is.",
      );
    if (row["unlogged"] === "t")
      tell(
        "error",
        "target-unlogged",
        `${target} is UNLOGGED: what is written to it is in no log.`,
        `ALTER TABLE ${postgresName(plan.schema)}.${postgresName(target)} SET LOGGED;`,
      );
    if (row["generated"] !== null && row["generated"] !== undefined)
      tell(
        "error",
        "target-generated",
        `${target} has columns that PostgreSQL generates (${row["generated"]}), which its log does not carry.`,
        "Make them plain columns, as the plan has them, until the way back is closed.",
      );
    if (row["subscribed"] !== null && row["subscribed"] !== undefined)
      tell(
        "error",
        "target-subscribed",
        `A subscription writes to ${target}, beside the migration.`,
        "Drop the subscription's table before the cutover.",
      );
    if (row["partitioned"] === "t")
      tell(
        "warning",
        "target-partitioned",
        `${target} is partitioned: TRUNCATE of one partition, and detaching or dropping one, are not in its log; nor are whole rows of a partition that is added.`,
        "Until the way back is closed, delete rows with DELETE, and add no partition.",
      );
    return told;
  });
}

function finding(severity: Severity, code: string, object: string, sentence: string, fix: string): Finding {
  return { code, severity, object, sentence, fix, count: 1, sampleKeys: [] };
}
