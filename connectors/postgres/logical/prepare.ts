/**
 * What the way back needs on the target, made in an order in which nothing is read of a table whose rows would not be
 * whole: whole rows in the log first, then the publication, then the slot, which reads publications as they were when it
 * began. Each step is noted before it is done, and may have been done by an engine that was killed: what carries our name
 * and no note of ours is somebody else's.
 */
import { Fault } from "../../../src/errors.js";
import type { Plan, Position } from "../../../src/model.js";
import { postgresLiteral, postgresName } from "../../../src/safety/identifier.js";
import type { PostgresOptions, Session } from "../connection.js";
import { demandOriginRight } from "../origin.js";
import { logEnd } from "./log-end.js";
import { lsnOf, lsnText, positionAt } from "./lsn.js";
import { originPrefix } from "./names.js";
import { readSlot, slotGone, slotLost } from "./slot.js";

export interface PrepareOptions {
  readonly server: PostgresOptions;
  readonly migration: string;
  readonly name: string;
  readonly plan: Plan;
  /** As WayBack.prepare has it. */
  readonly beforeNew?: (() => Promise<void>) | undefined;
}

const published = "insert, update, delete, truncate";

/** Resolves to what the slot has confirmed: where it begins, while nothing was applied. */
export async function prepareWayBack(session: Session, options: PrepareOptions): Promise<Position> {
  const { server, migration, name, plan } = options;
  const moment = async (of: string): Promise<void> => {
    await server.moment?.(`way-back:${of}`);
  };
  await demandOriginRight(session);
  const noted = await readNote(session, migration);
  if (noted === null) {
    await demandFree(session, name);
    await session.query(
      "INSERT INTO headgate.way_back (migration, name, made_at) VALUES ($1, $2, clock_timestamp()) ON CONFLICT (migration) DO NOTHING",
      [migration, name],
      "noting the way back",
    );
  }
  await moment("noted");
  for (const { target } of plan.tables)
    await session.transaction(
      () => wholeRows(session, migration, plan.schema, target),
      `having whole rows of ${target} in the log`,
    );
  await moment("whole-rows");
  await publish(session, name, plan);
  await moment("published");
  const before = await readSlot(session, name);
  if (before === null && (noted?.start ?? null) !== null) throw slotGone(name);
  // Before the start is noted: an engine killed in between does it again.
  if ((noted?.start ?? null) === null) await options.beforeNew?.();
  if (before === null) {
    await session.query(
      "SELECT pg_catalog.pg_create_logical_replication_slot($1, 'pgoutput')",
      [name],
      `creating the replication slot ${name}`,
    );
    await moment("slot-made");
  }
  const slot = await readSlot(session, name);
  if (slot === null) throw slotGone(name);
  if (slot.lost !== null) throw slotLost(name, slot.lost);
  if ((noted?.start ?? null) === null)
    await session.query(
      "UPDATE headgate.way_back SET start = $2::pg_lsn WHERE migration = $1 AND start IS NULL",
      [migration, lsnText(slot.confirmed)],
      "noting where the way back begins",
    );
  await moment("prepared");
  return positionAt((await logEnd(session)).position.file, slot.confirmed);
}

/** Slot first: it reads the publication, and the names of origins, as long as it is there. */
export async function dropWayBack(
  session: Session,
  { server, migration, name }: PrepareOptions,
): Promise<void> {
  // Who writes forward takes an origin before anything else of a way back is made.
  if ((await readNote(session, migration)) === null) {
    await dropOrigins(session, originPrefix(server, migration));
    return;
  }
  const slot = await readSlot(session, name);
  if (slot !== null) {
    if (slot.activePid !== null)
      await session.query(
        "SELECT pg_catalog.pg_terminate_backend($1::int, 5000)",
        [slot.activePid],
        `ending the reader of the replication slot ${name}`,
      );
    await session.query(
      "SELECT pg_catalog.pg_drop_replication_slot($1)",
      [name],
      `dropping the replication slot ${name}`,
    );
  }
  await server.moment?.("way-back:slot-dropped");
  await session.query(`DROP PUBLICATION IF EXISTS ${postgresName(name)}`, undefined, `dropping ${name}`);
  await restoreIdentities(session, migration);
  await dropOrigins(session, originPrefix(server, migration));
  await server.moment?.("way-back:origins-dropped");
  await session.query(
    "DELETE FROM headgate.way_back WHERE migration = $1",
    [migration],
    "forgetting the way back",
  );
}

async function readNote(
  session: Session,
  migration: string,
): Promise<{ readonly start: bigint | null } | null> {
  const { rows } = await session.query(
    "SELECT start::text AS start FROM headgate.way_back WHERE migration = $1",
    [migration],
    "reading what was noted of the way back",
  );
  const [row] = rows;
  if (row === undefined) return null;
  const start = row["start"] ?? null;
  return { start: start === null ? null : lsnOf(start) };
}

async function demandFree(session: Session, name: string): Promise<void> {
  const [row] = (
    await session.query(
      `SELECT EXISTS (SELECT FROM pg_catalog.pg_replication_slots WHERE slot_name = $1)::text AS slot,
              EXISTS (SELECT FROM pg_catalog.pg_publication WHERE pubname = $1)::text AS publication`,
      [name],
      "looking for a slot and a publication of our name",
    )
  ).rows;
  const what =
    row?.["slot"] === "true" ? "replication slot" : row?.["publication"] === "true" ? "publication" : null;
  if (what === null) return;
  throw new Fault(
    "target-refused",
    `There is a ${what} ${name} on the target that this migration has not made.`,
    { next: `Look whose it is, and drop it if it is nobody's; then run the same command again.` },
  );
}

/** The table and, where it is partitioned, each of its partitions: rows are logged as the partition's identity says. */
async function wholeRows(session: Session, migration: string, schema: string, target: string): Promise<void> {
  const { rows } = await session.query(
    `SELECT c.oid::text AS oid, c.oid::regclass::text AS name, c.relreplident AS identity,
            (SELECT x.indexrelid::text FROM pg_catalog.pg_index x WHERE x.indrelid = c.oid AND x.indisreplident) AS index
       FROM (SELECT pg_catalog.to_regclass(pg_catalog.format('%I.%I', $1::text, $2::text)) AS root) r
       CROSS JOIN LATERAL (SELECT r.root AS oid UNION SELECT relid FROM pg_catalog.pg_partition_tree(r.root)) t
       JOIN pg_catalog.pg_class c ON c.oid = t.oid
      ORDER BY c.oid = r.root DESC, c.oid`,
    [schema, target],
  );
  if (rows.length === 0)
    throw new Fault("target-refused", `The table ${target} is not on the target.`, {
      next: "headgate check",
    });
  for (const row of rows) {
    if (row["identity"] === "f") continue;
    await session.query(
      `INSERT INTO headgate.replica_identity (migration, relation, identity, index) VALUES ($1, $2, $3, $4)
       ON CONFLICT (migration, relation) DO NOTHING`,
      [migration, row["oid"] ?? null, row["identity"] ?? null, row["index"] ?? null],
    );
    // As regclass spells it: quoted where it has to be.
    await session.query(`ALTER TABLE ${row["name"] ?? ""} REPLICA IDENTITY FULL`);
  }
}

async function restoreIdentities(session: Session, migration: string): Promise<void> {
  const { rows } = await session.query(
    `SELECT r.relation::text AS oid, c.oid::regclass::text AS name, r.identity,
            (SELECT i.relname FROM pg_catalog.pg_index x JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid
              WHERE x.indrelid = c.oid AND x.indexrelid = r.index) AS index
       FROM headgate.replica_identity r LEFT JOIN pg_catalog.pg_class c ON c.oid = r.relation
      WHERE r.migration = $1`,
    [migration],
    "reading which replica identities there were",
  );
  for (const { oid = null, name = null, identity = null, index = null } of rows)
    await session.transaction(
      async () => {
        if (name !== null)
          await session.query(`ALTER TABLE ${name} REPLICA IDENTITY ${spelled(identity, index)}`);
        await session.query("DELETE FROM headgate.replica_identity WHERE migration = $1 AND relation = $2", [
          migration,
          oid,
        ]);
      },
      `restoring the replica identity of ${name ?? "a table that is gone"}`,
    );
}

function spelled(identity: string | null, index: string | null): string {
  if (identity === "d") return "DEFAULT";
  if (identity === "f") return "FULL";
  // An index that is gone is none, to PostgreSQL as well.
  if (identity === "n" || index === null) return "NOTHING";
  return `USING INDEX ${postgresName(index)}`;
}

async function publish(session: Session, name: string, plan: Plan): Promise<void> {
  const doing = `publishing the tables of ${plan.schema}`;
  const publication = postgresName(name);
  const tables = plan.tables
    .map(({ target }) => `${postgresName(plan.schema)}.${postgresName(target)}`)
    .join(", ");
  const options = `publish = ${postgresLiteral(published)}, publish_via_partition_root = true`;
  const [known] = (
    await session.query(
      `SELECT (p.pubinsert AND p.pubupdate AND p.pubdelete AND p.pubtruncate AND p.pubviaroot AND NOT p.puballtables)::text AS all,
              coalesce((SELECT json_agg(c.relname ORDER BY c.relname COLLATE "C") FROM pg_catalog.pg_publication_rel r
                          JOIN pg_catalog.pg_class c ON c.oid = r.prrelid
                          JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                         WHERE r.prpubid = p.oid AND n.nspname = $2 AND r.prqual IS NULL AND r.prattrs IS NULL), '[]')::text AS tables,
              (SELECT count(*) FROM pg_catalog.pg_publication_rel r WHERE r.prpubid = p.oid)::text AS count
         FROM pg_catalog.pg_publication p WHERE p.pubname = $1`,
      [name, plan.schema],
      doing,
    )
  ).rows;
  if (known === undefined) {
    const all = plan.tables.length === 0 ? "" : ` FOR TABLE ${tables}`;
    await session.query(`CREATE PUBLICATION ${publication}${all} WITH (${options})`, undefined, doing);
    return;
  }
  const found: unknown = JSON.parse(known["tables"] ?? "[]");
  const wanted = plan.tables.map(({ target }) => target);
  const same =
    Array.isArray(found) &&
    Number(known["count"]) === wanted.length &&
    found.length === wanted.length &&
    wanted.every((target) => found.includes(target));
  if (known["all"] !== "true")
    await session.query(`ALTER PUBLICATION ${publication} SET (${options})`, undefined, doing);
  if (!same) await session.query(`ALTER PUBLICATION ${publication} SET TABLE ${tables}`, undefined, doing);
}

async function dropOrigins(session: Session, prefix: string): Promise<void> {
  const { rows } = await session.query(
    `SELECT roname AS name FROM pg_catalog.pg_replication_origin
      WHERE pg_catalog.left(roname, pg_catalog.length($1::text)) = $1`,
    [prefix],
    "looking for our replication origins",
  );
  for (const { name = null } of rows)
    await session.query(
      "SELECT pg_catalog.pg_replication_origin_drop($1)",
      [name],
      "dropping a replication origin",
    );
}
