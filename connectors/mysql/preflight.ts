/**
 * What `check` asks the source's server before anything is copied: version, account, settings, and what stands in
 * the database that no plan can mend. It reads only, and goes on after a question that the account may not ask:
 * the missing right is then a finding itself.
 */
import { Fault } from "../../src/errors.js";
import type { Finding } from "../../src/model.js";
import type { Connection } from "./connection.js";
import { knownPrivileges, readGrants, routineRight } from "./grants.js";
import type { Grants } from "./grants.js";
import { preparedTransactions } from "./marker.js";
import { markerDatabase } from "./own-database.js";
import { judgeGrants } from "./preflight-grants.js";
import { finding } from "./preflight-finding.js";
import { judgeSettings, settingNames } from "./preflight-settings.js";
import { readStructure } from "./preflight-tables.js";

/** Findings about the server and the account, in a stable order. Faults: connection-lost. */
export async function readPreflight(connection: Connection): Promise<readonly Finding[]> {
  const database = await connection.value("SELECT DATABASE()");
  if (database === null) throw new Fault("bug", "The session stands in no database.");
  const settings = await connection.variables(settingNames);
  const grants = await readGrants(connection);
  const structure = await readStructure(connection, database, settings);
  const filters = await readFilters(connection);
  const known = await knownPrivileges(connection);
  return [
    ...judgeGrants(grants, {
      engine: connection.engine,
      database,
      keyless: structure.keyless,
      // XA_RECOVER_ADMIN and its like exist from MySQL 8 on; asked by a privilege's own list, not by version.
      dynamic: connection.engine === "mysql" && known.has("XA_RECOVER_ADMIN"),
      routines: routineRight(connection.engine, known),
    }),
    ...judgeSettings({
      engine: connection.engine,
      version: connection.version,
      settings,
      database,
      filters,
      markerDatabase,
      passesReadOnly: passesReadOnly(grants),
      replicates: await replicates(connection),
    }),
    ...structure.findings,
    ...(await prepared(connection)),
    ...(await xaInUse(connection)),
  ];
}

/** Counted since the server started; an application that uses XA rarely ends the hour without a prepared one. */
async function xaInUse(connection: Connection): Promise<readonly Finding[]> {
  const rows = await connection.query(
    "SHOW GLOBAL STATUS WHERE Variable_name IN ('Com_xa_prepare', 'Uptime')",
  );
  const told = new Map(rows.map(([name, value]) => [(name ?? "").toLowerCase(), Number(value ?? "0")]));
  const times = told.get("com_xa_prepare") ?? 0;
  if (times === 0) return [];
  const hours = ((told.get("uptime") ?? 0) / 3600).toFixed(1);
  return [
    finding(
      "xa-in-use",
      "warning",
      "server.xa",
      `XA transactions were prepared ${String(times)} times since the server's start, ${hours} hours ago: while one is prepared and not ended, a run does not start and a fence cannot be proven.`,
      "Find out which application uses XA, and let it end its transactions before run and cutover.",
      times,
    ),
  ];
}

/** By what it says of its replication; where the account may not ask that, by the counter that old servers and MariaDB show to all. */
async function replicates(connection: Connection): Promise<boolean | null> {
  for (const statement of ["SHOW REPLICA STATUS", "SHOW SLAVE STATUS"])
    try {
      return (await connection.query(statement)).length > 0;
    } catch (error) {
      if (!(error instanceof Fault) || error.retriable) throw error;
      // Unknown there, or not allowed.
    }
  const rows = await connection.query(
    "SHOW GLOBAL STATUS WHERE Variable_name IN ('Slave_running', 'Slaves_running')",
  );
  if (rows.length === 0) return null;
  return rows.some(([, value]) => value === "ON" || Number(value ?? "0") > 0);
}

function passesReadOnly(grants: Grants): boolean {
  return ["SUPER", "CONNECTION_ADMIN", "READ_ONLY ADMIN", "READ ONLY ADMIN"].some((privilege) =>
    grants.allows(privilege, null),
  );
}

async function readFilters(
  connection: Connection,
): Promise<{ readonly only: readonly string[]; readonly ignored: readonly string[] } | null> {
  // The old spelling is an error on 8.4 and later, the new one before 8.2: the server says which it knows.
  for (const statement of ["SHOW BINARY LOG STATUS", "SHOW MASTER STATUS"]) {
    try {
      const [row] = await connection.query(statement);
      const list = (cell: string | null | undefined): readonly string[] =>
        (cell ?? "").split(",").filter((name) => name !== "");
      return { only: list(row?.[2]), ignored: list(row?.[3]) };
    } catch (error) {
      if (!(error instanceof Fault) || error.retriable) throw error;
      // Without REPLICATION CLIENT neither answers, and judgeGrants says so.
    }
  }
  return null;
}

async function prepared(connection: Connection): Promise<readonly Finding[]> {
  try {
    const names = await preparedTransactions(connection);
    if (names.length === 0) return [];
    return [
      finding(
        "prepared-transactions",
        "warning",
        "server.xa",
        `${names.length} XA transactions are prepared and not ended; a run does not start while there are any, because their changes belong to no side of its position.`,
        "XA RECOVER lists them; commit them or roll them back.",
        names.length,
      ),
    ];
  } catch (error) {
    if (!(error instanceof Fault) || error.retriable) throw error;
    // The right is missing, which judgeGrants says.
    return [];
  }
}
