/**
 * Whether a fenced account can write to the source: it logs in and tries an UPDATE that changes no row, which the server
 * judges by its rights and by read_only as any other. What the network or a full server says proves nothing.
 */
import type { Probe } from "../../../src/cutover-port.js";
import { Fault } from "../../../src/errors.js";
import type { FaultCode } from "../../../src/errors.js";
import type { Plan } from "../../../src/model.js";
import { mysqlName } from "../../../src/safety/identifier.js";
import { throwIfStopped } from "../../../src/stop.js";
import { Connection } from "../connection.js";
import type { MysqlOptions } from "../connection.js";

/** A server that says nothing for so long could not be asked. */
const answerMs = 5000;

/** `server`: logged in as one of the fenced accounts. Opens nothing before it is asked. */
export function sourceProbe(server: MysqlOptions, plan: Plan): Probe {
  const statement = statementOf(plan);
  return {
    async attempt(signal) {
      throwIfStopped(signal);
      try {
        // A new login each time: an account that is locked may still have sessions, and those are ended by the fence.
        await using connection = await Connection.open({ ...server, answerMs });
        await connection.query("SET SESSION lock_wait_timeout = 2");
        await connection.query(statement, [], signal);
        return "written";
      } catch (error) {
        if (signal.aborted || !(error instanceof Fault)) throw error;
        return answerTo(error);
      }
    },
    async [Symbol.asyncDispose]() {
      await Promise.resolve();
    },
  };
}

/** read_only, a transaction that only reads, no right, no login. */
const refusing = new Set([1290, 1792, 1836, 1044, 1045, 1142, 1143, 1227, 3118, 4151, 1698, 1820, 1862]);
const unreachable: ReadonlySet<FaultCode> = new Set([
  "server-unreachable",
  "connection-lost",
  "tls-refused",
  "source-busy",
]);

function answerTo(fault: Fault): "refused" | "unreachable" {
  if (refusing.has(Number(fault.facts["errno"]))) return "refused";
  if (unreachable.has(fault.code)) return "unreachable";
  throw fault;
}

/** A column that is plain: a generated one cannot be set, and a time that follows each UPDATE is no key. */
function statementOf(plan: Plan): string {
  for (const table of plan.tables)
    for (const { column, source } of table.columns)
      if (column.generated === null)
        return `UPDATE ${mysqlName(table.source)} SET ${mysqlName(source)} = ${mysqlName(source)} WHERE 1 = 0`;
  throw new Fault("bug", "No table of the plan has a column that a probe could name.");
}
