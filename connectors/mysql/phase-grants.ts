/** The GRANT statements that `check --grants` prints for one server: what it knows, and what its triggers take. */
import type { PhaseGrants } from "../../src/model.js";
import type { CutFrom } from "../../src/port.js";
import type { Connection } from "./connection.js";
import { definerRights, definersOf } from "./definer-rights.js";
import { grantStatements, knownPrivileges, readGrants, routineRight } from "./grants.js";

/** The statements for the account that the connection is logged in as. */
export async function phaseGrants(
  connection: Connection,
  database: string,
  cut: CutFrom,
): Promise<readonly PhaseGrants[]> {
  const account = (await connection.value("SELECT CURRENT_USER()")) ?? "";
  // Asked of the server, not of its version: MariaDB and MySQL 5.6 know no such privilege.
  const known = await knownPrivileges(connection);
  const { engine } = connection;
  const needs = {
    account,
    engine,
    database,
    cut,
    dynamic: known.has("XA_RECOVER_ADMIN"),
    routines: routineRight(engine, known),
    definer: await adminDefiner(connection, database, known),
  };
  return grantStatements(needs).map((phase) => ({
    ...phase,
    server: "source",
  }));
}

/**
 * Nobody says here who `source.admin` is, so whoever triggers run as is somebody else. Where this account may not look who
 * they are, all is named that any of them may take. Triggers that it may not see are found by the cutover's dry run.
 */
async function adminDefiner(
  connection: Connection,
  database: string,
  known: ReadonlySet<string>,
): Promise<readonly string[]> {
  const definers = (
    await connection.query(
      "SELECT DISTINCT DEFINER FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = ?",
      [database],
    )
  ).map(([definer]) => definer ?? "");
  const looks = (await readGrants(connection)).allows("SELECT", "mysql");
  return definerRights(
    known,
    looks
      ? await definersOf(connection, database, definers, "")
      : { others: definers, gone: definers, guarded: definers },
  );
}
