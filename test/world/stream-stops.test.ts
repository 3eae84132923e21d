/**
 * The traps that have no right answer but to stop, by number: the engine is level, the source or the target does
 * something that cannot be followed exactly, and the run ends by the code that is meant for it, with what came before
 * applied and nothing after it.
 */
import { createConnection } from "mysql2/promise";
import type { Connection } from "mysql2/promise";
import { expect, it } from "vitest";
import type { FaultCode } from "../../src/errors.js";
import { startLive } from "./live.js";
import type { LiveSettings } from "./live.js";
import type { SourceName } from "./matrix.js";
import { sourceDatabase, sourceUrl } from "./source-database.js";
import { targetDatabase } from "./target-database.js";
import type { TargetDatabase } from "./target-database.js";

interface Stop {
  readonly name: string;
  readonly source?: SourceName;
  /** At the target, once it is level. */
  readonly target?: string;
  readonly statements: readonly string[];
  readonly code: FaultCode;
  /** Between two lives instead of in one. */
  readonly between?: true;
  /** What its sentence fits, and what is to be done then. */
  readonly says?: string;
  readonly next: string;
  /** Why the change was kept aside, where it was. */
  readonly reason?: FaultCode;
  /** Ids and values on the target afterwards. */
  readonly left: string;
}

const before = "UPDATE t SET v = 'before' WHERE id = 1";
const left = "1=before 2=b 3=c";

const stops: readonly Stop[] = [
  {
    name: "trap 24: a session that logs minimal images",
    statements: [before, "SET SESSION binlog_row_image = 'MINIMAL'", "UPDATE t SET v = 'x' WHERE id = 2"],
    code: "log-refused",
    next: "SET GLOBAL binlog_row_image = 'FULL'; then headgate recopy",
    left,
  },
  {
    name: "trap 24: a session that logs parts of JSON documents",
    statements: [
      before,
      "SET SESSION binlog_row_value_options = 'PARTIAL_JSON'",
      "UPDATE t SET doc = JSON_SET(doc, '$.a', 2) WHERE id = 2",
    ],
    code: "log-refused",
    next: "SET GLOBAL binlog_row_value_options = ''; then headgate recopy",
    left,
  },
  {
    name: "trap 47, statement-event-ignored: a session that logs statements",
    statements: [before, "SET SESSION binlog_format = 'STATEMENT'", "UPDATE t SET v = 'x' WHERE id = 2"],
    code: "log-refused",
    next: "SET GLOBAL binlog_format = 'ROW'; then headgate recopy t (",
    left,
  },
  {
    name: "trap 44: an update of a row that somebody deleted on the target",
    target: "DELETE FROM t WHERE id = 2",
    statements: [before, "UPDATE t SET v = 'x' WHERE id = 2"],
    code: "divergence",
    next: "headgate recopy t",
    reason: "divergence",
    left: "1=before 3=c",
  },
  {
    name: "trap 44: a delete of a row that somebody deleted on the target",
    target: "DELETE FROM t WHERE id = 2",
    statements: [before, "DELETE FROM t WHERE id = 2"],
    code: "divergence",
    next: "headgate recopy t",
    reason: "divergence",
    left: "1=before 3=c",
  },
  {
    name: "trap 44: an insert of a row that somebody inserted on the target",
    target: "INSERT INTO t VALUES (9, 'mine', NULL)",
    statements: [before, "INSERT INTO t (id, v) VALUES (9, 'x')"],
    code: "divergence",
    next: "headgate recopy t",
    reason: "divergence",
    left: `${left} 9=mine`,
  },
  {
    name: "trap 45: a column is added",
    statements: [before, "ALTER TABLE t ADD COLUMN more INT DEFAULT 5", "UPDATE t SET v = 'x' WHERE id = 2"],
    code: "schema-changed",
    next: "headgate plan --amend",
    left,
  },
  {
    name: "trap 45: a column gets another type",
    statements: [before, "ALTER TABLE t MODIFY v VARCHAR(99)", "UPDATE t SET v = 'x' WHERE id = 2"],
    code: "schema-changed",
    next: "headgate recopy t",
    left,
  },
  {
    name: "trap 46: gh-ost begins beside the table",
    statements: [before, "CREATE TABLE _t_gho LIKE t", "UPDATE t SET v = 'x' WHERE id = 2"],
    code: "schema-changed",
    says: "t at .*, by an online change \\(gh-ost, its table _t_gho\\): CREATE TABLE",
    next: "headgate plan --amend passes this statement",
    left,
  },
  {
    name: "trap 46: an online change, of which the log tells nothing before, swaps another table in",
    statements: [
      before,
      "CREATE TABLE _t_new (id INT PRIMARY KEY, v VARCHAR(20), doc JSON, more INT)",
      "INSERT INTO _t_new (id, v, doc) SELECT id, v, doc FROM t",
      "RENAME TABLE t TO _t_old, _t_new TO t",
      "UPDATE t SET v = 'x' WHERE id = 2",
    ],
    code: "schema-changed",
    says: "t at .*, by an online change \\(pt-online-schema-change, its table _t_old\\): RENAME TABLE",
    next: "headgate recopy t",
    left,
  },
  {
    name: "trap 46: a table is dropped",
    statements: [before, "DROP TABLE t"],
    code: "schema-changed",
    next: "t is gone or was renamed, or is left out now. Change that back at the source or in headgate.yaml (what is gone: RENAME TABLE, or CREATE TABLE as it was), then headgate recopy t; or begin a new migration.",
    left,
  },
  {
    name: "trap 36 and 57: a value that PostgreSQL cannot hold is kept, and its lane stops",
    statements: [before, "UPDATE t SET v = CONVERT(x'610062' USING utf8mb4) WHERE id = 2"],
    code: "quarantined",
    next: "headgate skip --event '",
    reason: "value-refused",
    left,
  },
  {
    name: "trap 33: what was called a boolean gets 2, which is neither true nor false",
    statements: [before, "UPDATE t SET flag = 2 WHERE id = 2"],
    code: "quarantined",
    says: "flag",
    next: "headgate skip --event '",
    reason: "value-refused",
    left,
  },
  {
    name: "trap 50, offset-out-of-range-jumps: the log that is needed is purged",
    between: true,
    statements: [before, "FLUSH BINARY LOGS", "PURGE"],
    code: "log-purged",
    next: "begin a new migration: what is thrown away cannot be applied",
    left: "1=a 2=b 3=c",
  },
];

async function say(connection: Connection, statement: string): Promise<void> {
  if (statement !== "PURGE") {
    await connection.query(statement);
    return;
  }
  const [rows] = await connection.query({ sql: "SHOW BINARY LOGS", rowsAsArray: true });
  const last = (rows as string[][]).at(-1)?.[0] ?? "";
  await connection.query("PURGE BINARY LOGS TO ?", [last]);
}

async function rowsOf(target: TargetDatabase): Promise<string> {
  const [found] = await target.sql("SELECT string_agg(id || '=' || v, ' ' ORDER BY id) AS rows FROM t");
  return found?.["rows"] ?? "";
}

it.each(stops.map((stop) => [stop.name, stop.code, stop] as const))("%s: %s", async (_, code, stop) => {
  const { source: server = "mysql9" } = stop;
  await using source = await sourceDatabase("hg_stops", server);
  await using target = await targetDatabase("hg_stops");
  const url = new URL(await sourceUrl(server));
  url.pathname = "/hg_stops";
  const connection = await createConnection({ uri: url.href, charset: "utf8mb4" });
  try {
    await connection.query(
      "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(20), doc JSON, flag BOOLEAN DEFAULT 1)",
    );
    await connection.query(
      `INSERT INTO t (id, v, doc) VALUES (1, 'a', '{"a": 1}'), (2, 'b', '{"a": 1, "b": "0123456789"}'), (3, 'c', NULL)`,
    );
    const settings: LiveSettings = {
      source: source.options,
      target: target.options,
      migration: "20261126_stops",
    };
    await using live = startLive(settings);
    await live.event("going-on");
    await live.level();
    if (stop.target !== undefined) await target.sql(stop.target);
    if (stop.between === true) await live.stop();
    const [first = "", ...statements] = stop.statements;
    await say(connection, first);
    if (stop.between !== true) await live.level();
    for (const statement of statements) await say(connection, statement);
    await using next = stop.between === true ? startLive(settings) : null;
    const ended = next ?? live;
    const fault = await ended.ended;
    expect([fault?.code, fault?.message]).toEqual([code, expect.any(String)]);
    expect(fault?.message).toMatch(new RegExp(stop.says ?? "."));
    expect(fault?.next).toContain(stop.next);
    expect(await rowsOf(target)).toBe(stop.left);
    expect(ended.poison.map(({ table, reason }) => [table, reason])).toEqual(
      stop.reason === undefined ? [] : [["t", stop.reason]],
    );
  } finally {
    connection.destroy();
  }
});
