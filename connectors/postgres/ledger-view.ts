/**
 * What the ledger knows of one migration, read in a single statement so that all of it is of one moment, and
 * without any lock: `status` and `report` may look while an engine writes, or when none is left.
 */
import type { LedgerView } from "../../src/port.js";
import { Fault } from "../../src/errors.js";
import type { Session } from "./connection.js";

/** The claim is a session's advisory lock on this key; one spelling for those who take it and those who look. */
export const claimKey = "hashtextextended('headgate claim ' || $1, 0)";

/** Holds for a row `r` of headgate.range that is open and to be left alone. */
export const isHeld = (hold: string): string =>
  `r.state = 'open' AND EXISTS (SELECT FROM ${hold} h WHERE h.migration = r.migration AND h.table_name = r.table_name
      AND r.number BETWEEN h.first AND coalesce(h.last, r.number))`;

/** ISO text of a time. */
export const iso = (column: string): string =>
  `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/** Holds when some session has the claim's lock now: a bigint key shows in pg_locks as its two halves. */
const claimHeld = `
  EXISTS (SELECT FROM pg_catalog.pg_locks l
           WHERE l.locktype = 'advisory' AND l.objsubid = 1 AND l.granted
             AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
             AND (l.classid::bigint << 32 | l.objid::bigint) = ${claimKey})`;

/** A ledger that an older build made has no table of holds, and nothing held, until the next claim. */
const noHold = "(SELECT ''::text AS migration, ''::text AS table_name, 0 AS first, 0 AS last WHERE false)";

/** The same of quarantined events. */
const noQuarantine = `(SELECT ''::text AS migration, ''::text AS event, ''::text AS lane, ''::text AS table_name,
  NULL::json AS position, ''::text AS reason, ''::text AS sentence, now() AS kept_at, ''::text AS state, ''::text AS who,
  ''::text AS why, now() AS settled_at WHERE false)`;

/** And of what policies changed in the stream. */
const noPolicy =
  "(SELECT ''::text AS migration, ''::text AS object, ''::text AS policy, 0::bigint AS count WHERE false)";

/** And the journal's copy. */
const noJournal = `(SELECT ''::text AS migration, 0 AS number, ''::text AS cutover, ''::text AS step, ''::text AS phase,
  ''::text AS at, NULL::json AS note WHERE false)`;

/** Of the journal, as many as a screen shows. */
const lastEntries = 20;

const nightSql = (journal: string): string => `
  SELECT json_build_object('cutover', n.cutover, 'lanesClosed', n.closed, 'journal', n.journal)
    FROM (SELECT to_jsonb(m) ->> 'cutover' AS cutover,
                 EXISTS (SELECT FROM headgate.lane l WHERE l.migration = m.id AND (to_jsonb(l) ->> 'closed')::bool) AS closed,
                 (SELECT coalesce(json_agg(json_build_object('number', j.number, 'cutover', j.cutover, 'step', j.step,
                             'phase', j.phase, 'at', j.at, 'note', j.note) ORDER BY j.number), '[]')
                    FROM (SELECT * FROM ${journal} j WHERE j.migration = m.id
                           ORDER BY j.number DESC LIMIT ${String(lastEntries)}) j) AS journal) n
   WHERE n.cutover IS NOT NULL OR n.closed OR json_array_length(n.journal) > 0`;

const viewSql = (hold: string, quarantine: string, policy: string, journal: string): string => `
SELECT json_build_object(
  'state', m.state,
  'since', ${iso("m.since")},
  'fingerprint', m.fingerprint,
  'epoch', e.epoch::text,
  'holder', (SELECT json_build_object('host', g.host, 'pid', g.pid, 'since', ${iso("g.since")})
               FROM headgate.engine g WHERE g.migration = m.id AND g.epoch = e.epoch AND ${claimHeld}),
  'pace', (SELECT json_build_object('ranges', (SELECT count(*) FROM headgate.range r
                             WHERE r.migration = m.id AND r.state = 'done' AND r.epoch = e.epoch),
                           'seconds', extract(epoch FROM now() - g.since)::float8)
             FROM headgate.engine g WHERE g.migration = m.id AND g.epoch = e.epoch AND ${claimHeld}),
  'tables', (SELECT coalesce(json_agg(json_build_object(
                 'table', t.name, 'split', t.ranges IS NOT NULL, 'ranges', coalesce(t.ranges, 0),
                 'rangesDone', r.done, 'rangesHeld', r.held, 'rows', r.rows, 'bytes', r.bytes,
                 'cut', r.cut, 'reopened', coalesce((to_jsonb(t) ->> 'reopened')::bool, false)) ORDER BY t.rank), '[]')
               FROM headgate.source_table t
               CROSS JOIN LATERAL (SELECT count(*) FILTER (WHERE r.state = 'done') AS done,
                                          count(*) FILTER (WHERE ${isHeld(hold)}) AS held,
                                          coalesce(sum(rows), 0) AS rows, coalesce(sum(bytes), 0) AS bytes,
                                          (array_agg(r.position) FILTER (WHERE r.position IS NOT NULL))[1] AS cut
                                     FROM headgate.range r
                                    WHERE r.migration = m.id AND r.table_name = t.name) r
              WHERE t.migration = m.id),
  'built', (SELECT coalesce(json_agg(b.name ORDER BY b.built_at, b.name), '[]')
              FROM headgate.built b WHERE b.migration = m.id),
  'policies', (SELECT coalesce(json_agg(json_build_object('object', p.object, 'policy', p.policy,
                   'count', p.count) ORDER BY p.object, p.policy), '[]')
                 FROM (SELECT c.object, c.policy, sum(c.count) AS count
                         FROM (SELECT x.object, x.policy, x.count
                                 FROM headgate.range r
                                 CROSS JOIN LATERAL json_to_recordset(r.policies) AS x (object text, policy text, count bigint)
                                WHERE r.migration = m.id AND r.state = 'done'
                               UNION ALL
                               SELECT s.object, s.policy, s.count FROM ${policy} s WHERE s.migration = m.id) c
                        GROUP BY c.object, c.policy) p),
  'lanes', (SELECT coalesce(json_agg(json_build_object('lane', l.lane,
                'start', CASE WHEN l.start_marker IS NOT NULL THEN
                           json_build_object('position', l.start_position, 'marker', l.start_marker,
                                             'note', to_jsonb(l) ->> 'start_note') END,
                'join', CASE WHEN l.join_marker IS NOT NULL THEN
                           json_build_object('position', l.join_position, 'marker', l.join_marker) END,
                'seq', l.seq::text, 'applied', l.position)
                ORDER BY l.lane), '[]')
              FROM headgate.lane l WHERE l.migration = m.id),
  'phases', (SELECT coalesce(json_agg(json_build_object('phase', h.phase, 'startedAt', ${iso("h.started_at")},
                 'endedAt', ${iso("h.ended_at")}, 'facts', h.facts) ORDER BY h.started_at, h.phase), '[]')
               FROM headgate.phase h WHERE h.migration = m.id),
  'holds', (SELECT coalesce(json_agg(json_build_object('table', h.table_name, 'first', h.first, 'last', h.last)
                ORDER BY h.table_name, h.first), '[]')
              FROM ${hold} h WHERE h.migration = m.id),
  'quarantine', (SELECT coalesce(json_agg(json_build_object('event', q.event, 'lane', q.lane, 'table', q.table_name,
                     'reason', q.reason, 'sentence', q.sentence, 'position', q.position, 'state', q.state,
                     'keptAt', ${iso("q.kept_at")}, 'who', q.who, 'why', q.why, 'settledAt', ${iso("q.settled_at")})
                     ORDER BY q.kept_at, q.event), '[]')
                   FROM ${quarantine} q WHERE q.migration = m.id),
  'night', (${nightSql(journal)})
)::text AS view
  FROM headgate.migration m JOIN headgate.epoch e ON e.migration = m.id
 WHERE m.id = $1`;

/** null when the database has no ledger, or the ledger no such migration. */
export async function readView(session: Session, migration: string): Promise<LedgerView | null> {
  if (!(await ledgerExists(session))) return null;
  const [known] = (
    await session.query(
      `SELECT to_regclass('headgate.hold') IS NOT NULL AS hold,
              to_regclass('headgate.quarantine') IS NOT NULL AS quarantine,
              to_regclass('headgate.policy') IS NOT NULL AS policy,
              to_regclass('headgate.journal') IS NOT NULL AS journal`,
      [],
      "reading the ledger",
    )
  ).rows;
  const sql = viewSql(
    known?.["hold"] === "t" ? "headgate.hold" : noHold,
    known?.["quarantine"] === "t" ? "headgate.quarantine" : noQuarantine,
    known?.["policy"] === "t" ? "headgate.policy" : noPolicy,
    known?.["journal"] === "t" ? "headgate.journal" : noJournal,
  );
  const [row] = (await session.query(sql, [migration], "reading the ledger")).rows;
  if (row === undefined) return null;
  return parseView(row["view"] ?? "");
}

/** Whether the schema `headgate` is there and is a ledger. */
export async function ledgerExists(session: Session): Promise<boolean> {
  const [row] = (
    await session.query(
      // By the catalogue: looking a name up takes a right on its schema, which somebody else's may not give us.
      `SELECT EXISTS (SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                       WHERE n.nspname = 'headgate' AND c.relname = 'epoch') AS found`,
      [],
      "looking for the ledger",
    )
  ).rows;
  return row?.["found"] === "t";
}

/** The statement above is the only writer of this JSON; its shape is the interface's by construction. */
function parseView(text: string): LedgerView {
  const view: unknown = JSON.parse(text);
  if (!isView(view)) throw new Fault("bug", "The ledger's view is not an object.");
  return view;
}

function isView(value: unknown): value is LedgerView {
  return typeof value === "object" && value !== null && "state" in value && "tables" in value;
}
