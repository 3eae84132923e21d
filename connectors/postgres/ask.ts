/**
 * A statement that a person wrote: in a transaction that only reads, whatever the statement guard thought of it, under
 * a time limit of the server's own, through a cursor, so that no more rows are held than a page.
 */
import type { QueryLimits, TextRow } from "../../src/port.js";
import { throwIfStopped } from "../../src/stop.js";
import type { Session } from "./connection.js";

const rowsAtOnce = 2000;

export async function askTarget(
  session: Session,
  sql: string,
  { timeoutMs, mostRows }: QueryLimits,
  onRow: TextRow,
  signal: AbortSignal,
): Promise<{ readonly whole: boolean }> {
  const doing = "running a query of verify.queries";
  // A session that is in the middle of a long statement hears of a stop in no other way.
  const stop = (): void => session.destroy();
  throwIfStopped(signal);
  signal.addEventListener("abort", stop, { once: true });
  try {
    await session.query("BEGIN READ ONLY", undefined, doing);
    await session.query(`SET LOCAL statement_timeout = ${String(timeoutMs)}`, undefined, doing);
    await session.cells(`DECLARE headgate_asked NO SCROLL CURSOR FOR ${sql}`, doing);
    let rows = 0;
    for (;;) {
      throwIfStopped(signal);
      const page = await session.cells(`FETCH ${String(rowsAtOnce)} FROM headgate_asked`, doing);
      for (const row of page.slice(0, mostRows - rows)) onRow(row);
      rows += page.length;
      if (rows > mostRows || page.length < rowsAtOnce) break;
    }
    // It has only read. What is rolled back is counted as a transaction that failed, and in the soak that is watched.
    await session.query("COMMIT", undefined, doing);
    return { whole: rows <= mostRows };
  } catch (error) {
    throwIfStopped(signal);
    throw error;
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
