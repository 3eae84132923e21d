/**
 * What a source says of itself beside its catalogue: sizes, estimates, lag, free space, each with the time and the
 * statement it comes from, so that anybody can ask again. What this account may not see is unknown, with the server's
 * words; nothing is guessed. Reads only.
 */
import { Fault } from "../../src/errors.js";
import type { DependencyKind, Fact, SourceMeasures } from "../../src/measures.js";
import type { Connection, Row } from "./connection.js";

const tables = "TABLE_SCHEMA = DATABASE() AND TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED')";

const queries = {
  version: "SELECT VERSION()",
  sizes: `SELECT DATABASE(), COUNT(*), SUM(DATA_LENGTH), SUM(INDEX_LENGTH) FROM information_schema.TABLES WHERE ${tables}`,
  rows: `SELECT TABLE_NAME, TABLE_ROWS FROM information_schema.TABLES WHERE ${tables} ORDER BY TABLE_NAME`,
  // A unique key stands in for a primary one where it holds whole columns that are all NOT NULL.
  withoutKey: `SELECT t.TABLE_NAME FROM information_schema.TABLES AS t LEFT JOIN (SELECT DISTINCT k.TABLE_NAME FROM (SELECT TABLE_NAME, INDEX_NAME FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE() AND NON_UNIQUE = 0 GROUP BY TABLE_NAME, INDEX_NAME HAVING SUM(NULLABLE = 'YES' OR COLUMN_NAME IS NULL OR (SUB_PART IS NOT NULL AND INDEX_NAME <> 'PRIMARY')) = 0) AS k) AS keyed ON keyed.TABLE_NAME = t.TABLE_NAME WHERE t.${tables} AND keyed.TABLE_NAME IS NULL ORDER BY t.TABLE_NAME`,
  dependencies: [
    "SELECT 'foreignKeys', CONCAT(TABLE_NAME, '.', CONSTRAINT_NAME, ' -> ', REFERENCED_TABLE_NAME) FROM information_schema.REFERENTIAL_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = DATABASE()",
    "SELECT 'views', TABLE_NAME FROM information_schema.VIEWS WHERE TABLE_SCHEMA = DATABASE()",
    "SELECT 'triggers', CONCAT(EVENT_OBJECT_TABLE, '.', TRIGGER_NAME) FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE()",
    "SELECT IF(ROUTINE_TYPE = 'PROCEDURE', 'procedures', 'functions'), ROUTINE_NAME FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = DATABASE() AND ROUTINE_TYPE IN ('PROCEDURE', 'FUNCTION')",
    "SELECT 'events', EVENT_NAME FROM information_schema.EVENTS WHERE EVENT_SCHEMA = DATABASE()",
  ],
  free: `SELECT TABLE_NAME, DATA_FREE FROM information_schema.TABLES WHERE ${tables} ORDER BY TABLE_NAME`,
  backups:
    "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'mysql' AND TABLE_NAME = 'backup_history'",
  traffic: "SHOW GLOBAL STATUS WHERE Variable_name IN ('Questions', 'Uptime')",
} as const;

export async function measureSource(connection: Connection, clock: () => Date): Promise<SourceMeasures> {
  const ask = <T>(query: string, read: (rows: readonly Row[]) => T, note?: string): Promise<Fact<T>> =>
    asked(async () => read(await connection.query(query)), { query, clock, note });
  return {
    version: await ask(queries.version, ([row]) => ({
      engine: connection.engine,
      version: row?.[0] ?? connection.version,
    })),
    sizes: await ask(
      queries.sizes,
      ([row]) => ({
        database: row?.[0] ?? "",
        tables: Number(row?.[1] ?? 0),
        dataBytes: Number(row?.[2] ?? 0),
        indexBytes: Number(row?.[3] ?? 0),
      }),
      "estimates of the server",
    ),
    rows: await ask(
      queries.rows,
      (rows) => rows.map(([table, count]) => ({ table: table ?? "", rows: Number(count ?? 0) })),
      "estimates of the optimizer, which may be far off",
    ),
    withoutKey: await ask(
      queries.withoutKey,
      (rows) => rows.map(([table]) => table ?? ""),
      "a key over FLOAT or DOUBLE counts as one here, and as none where tables are cut into ranges",
    ),
    dependencies: await asked(() => dependencies(connection), {
      query: queries.dependencies.join("; "),
      clock,
      note: "only what this account may see",
    }),
    replication: await replication(connection, clock),
    free: await ask(
      queries.free,
      (rows) => {
        const holes = rows
          .map(([table, bytes]) => ({ table: table ?? "", bytes: Number(bytes ?? 0) }))
          .filter(({ bytes }) => bytes > 0);
        return { bytes: holes.reduce((sum, { bytes }) => sum + bytes, 0), tables: holes };
      },
      "DATA_FREE: free space inside the tables' files; tables that share a tablespace each tell its whole free space",
    ),
    backupAge: await backupAge(connection, clock),
    traffic: await ask(
      queries.traffic,
      (rows) => {
        const told = (name: string): number =>
          Number(rows.find(([own]) => own?.toLowerCase() === name)?.[1] ?? 0);
        const uptimeSeconds = told("uptime");
        return {
          statementsPerSecond: Math.round((told("questions") / Math.max(1, uptimeSeconds)) * 100) / 100,
          uptimeSeconds,
        };
      },
      "the mean since the server's start, over all its databases",
    ),
  };
}

async function dependencies(
  connection: Connection,
): Promise<Readonly<Record<DependencyKind, readonly string[]>>> {
  const rows: Row[] = [];
  // One after another: a UNION of these views would mix their collations, which some versions refuse.
  for (const query of queries.dependencies) rows.push(...(await connection.query(query)));
  const of = (kind: DependencyKind): readonly string[] =>
    rows.flatMap(([own, name]) => (own === kind && name !== null && name !== undefined ? [name] : [])).sort();
  return {
    foreignKeys: of("foreignKeys"),
    views: of("views"),
    triggers: of("triggers"),
    procedures: of("procedures"),
    functions: of("functions"),
    events: of("events"),
  };
}

/** Both spellings are asked, as replica.ts does; a refusal is told as unknown and not as "no replica". */
async function replication(
  connection: Connection,
  clock: () => Date,
): Promise<SourceMeasures["replication"]> {
  const read = async (query: string): Promise<SourceMeasures["replication"]> =>
    asked(
      async () => {
        const [row] = await connection.named(query);
        const lag = row?.get("Seconds_Behind_Source") ?? row?.get("Seconds_Behind_Master") ?? null;
        if (row === undefined) return { replica: false, lagSeconds: null };
        return { replica: true, lagSeconds: lag === null ? ("unknown" as const) : Number(lag) };
      },
      { query, clock, note: "how far this server is behind the one that it reads from" },
    );
  const modern = await read("SHOW REPLICA STATUS");
  if (modern.value !== "unknown") return modern;
  const older = await read("SHOW SLAVE STATUS");
  // Each server knows one of the two at least: the refusal to tell is the one that is no mistake in its grammar.
  return older.value === "unknown" && /\(error 1064\)/u.test(older.note ?? "") ? modern : older;
}

async function backupAge(connection: Connection, clock: () => Date): Promise<Fact<number>> {
  const query = queries.backups;
  const there = await asked(async () => (await connection.query(query)).length > 0, { query, clock });
  return {
    value: "unknown",
    takenAt: there.takenAt,
    query,
    note:
      there.value === true
        ? "mysql.backup_history is there: look into it; whether a backup can be restored no server can say"
        : "the server keeps no record of backups: ask those who make them, and when one was last restored",
  };
}

interface Asked {
  readonly query: string;
  readonly clock: () => Date;
  readonly note?: string | undefined;
}

/** A refusal is a fact of its own; a lost connection is not. */
async function asked<T>(act: () => Promise<T>, { query, clock, note }: Asked): Promise<Fact<T>> {
  try {
    const value = await act();
    return { value, takenAt: clock().toISOString(), query, ...(note === undefined ? {} : { note }) };
  } catch (error) {
    if (!(error instanceof Fault) || error.retriable) throw error;
    return { value: "unknown", takenAt: clock().toISOString(), query, note: error.message };
  }
}
