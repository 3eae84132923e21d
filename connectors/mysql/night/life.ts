/**
 * One life of the server: when it was started, by its own clock at that time, which no later change of the clock moves
 * (uptime and the statement's own time are counted from the same second). And who writes on it without any account of its own:
 * the appliers of another server's log.
 */
import { Fault } from "../../../src/errors.js";
import type { Connection } from "../connection.js";

/** Another text once the server was started again. */
export async function serverLife(connection: Connection): Promise<string> {
  for (const schema of ["performance_schema.global_status", "information_schema.GLOBAL_STATUS"])
    try {
      const began = await connection.value(
        `SELECT UNIX_TIMESTAMP() - CAST(VARIABLE_VALUE AS SIGNED) FROM ${schema} WHERE VARIABLE_NAME = 'Uptime'`,
      );
      if (began !== null) return `${connection.identity} since ${began}`;
    } catch (error) {
      // The one is not on old servers, the other not on new ones.
      if (!(error instanceof Fault) || error.retriable) throw error;
    }
  throw new Fault("source-refused", `The source ${connection.place} does not say since when it is up.`);
}

/** Sources whose log is applied here now; null where the account may not ask. */
export async function appliers(connection: Connection): Promise<readonly string[] | null> {
  for (const statement of ["SHOW ALL SLAVES STATUS", "SHOW REPLICA STATUS", "SHOW SLAVE STATUS"])
    try {
      const rows = await connection.named(statement);
      return rows
        .filter((row) => [...row].some(([name, cell]) => /_SQL_Running$/u.test(name) && cell === "Yes"))
        .map((row) => row.get("Source_Host") ?? row.get("Master_Host") ?? "?");
    } catch (error) {
      if (!(error instanceof Fault) || error.retriable) throw error;
    }
  return null;
}
