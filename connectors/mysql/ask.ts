/**
 * A statement that a person wrote, on a session of its own: in a transaction that only reads, whatever the statement
 * guard thought of it, for so long and no longer, and no more rows than were asked for. Where the server has no time
 * limit of its own (5.6) the session is ended from here.
 */
import { Fault } from "../../src/errors.js";
import type { QueryLimits, TextRow } from "../../src/port.js";
import type { MysqlOptions } from "./connection.js";
import { fewRows, openReading } from "./read.js";

/** The server's own limit by its name, and what it counts in. */
const limitsOf: Readonly<Record<string, (ms: number) => string>> = {
  max_execution_time: (ms) => String(ms),
  max_statement_time: (ms) => (ms / 1000).toFixed(3),
};

export async function askSource(
  options: MysqlOptions,
  sql: string,
  { timeoutMs, mostRows }: QueryLimits,
  onRow: TextRow,
  signal: AbortSignal,
): Promise<{ readonly whole: boolean }> {
  await using wire = await openReading(options, fewRows);
  const names = Object.keys(limitsOf);
  const known = await wire.query(
    `SHOW SESSION VARIABLES WHERE Variable_name IN (${names.map((name) => `'${name}'`).join(", ")})`,
  );
  const set = known.flatMap(([name]) => {
    const limit = limitsOf[name ?? ""];
    return limit === undefined ? [] : [`${name ?? ""} = ${limit(timeoutMs)}`];
  });
  await wire.query(`SET SESSION ${[...set, `sql_select_limit = ${String(mostRows + 1)}`].join(", ")}`);
  await wire.query("START TRANSACTION READ ONLY");
  const late = set.length > 0 ? null : AbortSignal.timeout(timeoutMs);
  try {
    const rows = await wire.query(sql, late === null ? signal : AbortSignal.any([signal, late]));
    for (const row of rows.slice(0, mostRows)) onRow(row);
    await wire.query("ROLLBACK");
    return { whole: rows.length <= mostRows };
  } catch (error) {
    if (signal.aborted || late?.aborted !== true) throw error;
    const sentence = `A query took longer than ${String(timeoutMs / 1000)} seconds on the source.`;
    throw new Fault("source-refused", sentence, { cause: error });
  }
}
