/**
 * Some texts of a column in the source's own order, each once as its collation counts, with the key of a row that has
 * it. The first and the last ones are read along an index, so that a long table costs no more than a short one; of a
 * column without one the rows that are met first are put in order. The texts are compared with the target's order and
 * then forgotten: a finding shows keys.
 */
import { Fault } from "../../src/errors.js";
import type { PlanColumn, PlanTable } from "../../src/model.js";
import type { OrderedText, TextsOf } from "../../src/port.js";
import { mysqlName } from "../../src/safety/identifier.js";
import type { Connection } from "./connection.js";

const lockWaitSeconds = 5;

/** At most `limit` texts, or those of as many rows; none where the table is locked or not to be read, which the profile says. Faults: source-refused. */
export async function textsInOrder(
  connection: Connection,
  table: PlanTable,
  column: PlanColumn,
  which: TextsOf,
  limit: number,
  signal: AbortSignal,
): Promise<readonly OrderedText[]> {
  const c = mysqlName(column.source);
  const names = table.key?.columns.map(mysqlName) ?? [];
  const key = names.map((name) => `CAST(${name} AS CHAR)`);
  const most = `LIMIT ${String(limit)}`;
  const whole = `${mysqlName(table.source)} WHERE ${c} IS NOT NULL`;
  const some = `(SELECT ${[...new Set([c, ...names])].join(", ")} FROM ${whole} ${most}) AS part`;
  try {
    await connection.query(`SET SESSION lock_wait_timeout = ${String(lockWaitSeconds)}`);
    const rows = await connection.query(
      `SELECT ${[`CONVERT(${c} USING utf8mb4)`, ...key].join(", ")} FROM ${which === "rows" ? some : whole}
        GROUP BY ${c} ORDER BY ${c}${which === "last" ? " DESC" : ""} ${most}`,
      [],
      signal,
    );
    const texts = rows.map(([text, ...cells]) => ({
      text: text ?? "",
      key: cells.length === 0 ? null : cells.map((cell) => cell ?? "NULL").join(", "),
    }));
    return which === "last" ? texts.reverse() : texts;
  } catch (error) {
    if (signal.aborted || !(error instanceof Fault)) throw error;
    if (!["source-busy", "grant-missing"].includes(error.code)) throw error;
    return [];
  }
}
