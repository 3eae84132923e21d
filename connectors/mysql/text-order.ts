/**
 * The first texts of a column in the source's own order, each once as its collation counts, with the key of a row
 * that has it. Read along an index, so that a long table costs no more than a short one. The texts are compared with
 * the target's order and then forgotten: a finding shows keys.
 */
import { Fault } from "../../src/errors.js";
import type { PlanColumn, PlanTable } from "../../src/model.js";
import type { OrderedText } from "../../src/port.js";
import { mysqlName } from "../../src/safety/identifier.js";
import type { Connection } from "./connection.js";

const lockWaitSeconds = 5;

/** At most `limit` texts; none where the table is locked or not to be read, which the profile says. Faults: source-refused. */
export async function textsInOrder(
  connection: Connection,
  table: PlanTable,
  column: PlanColumn,
  limit: number,
  signal: AbortSignal,
): Promise<readonly OrderedText[]> {
  const c = mysqlName(column.source);
  const key = (table.key?.columns ?? []).map((name) => `CAST(${mysqlName(name)} AS CHAR)`);
  try {
    await connection.query(`SET SESSION lock_wait_timeout = ${String(lockWaitSeconds)}`);
    const rows = await connection.query(
      `SELECT ${[`CONVERT(${c} USING utf8mb4)`, ...key].join(", ")} FROM ${mysqlName(table.source)}
        WHERE ${c} IS NOT NULL GROUP BY ${c} ORDER BY ${c} LIMIT ${String(limit)}`,
      [],
      signal,
    );
    return rows.map(([text, ...cells]) => ({
      text: text ?? "",
      key: cells.length === 0 ? null : cells.map((cell) => cell ?? "NULL").join(", "),
    }));
  } catch (error) {
    if (signal.aborted || !(error instanceof Fault)) throw error;
    if (!["source-busy", "grant-missing"].includes(error.code)) throw error;
    return [];
  }
}
