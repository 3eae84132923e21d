/**
 * Whether a role that is shut out can write to the target: it logs in and tries an UPDATE that changes no row, which the
 * server judges by its rights as any other. What the network or a full server says proves nothing.
 */
import type { Probe } from "../../../src/cutover-port.js";
import { Fault } from "../../../src/errors.js";
import type { FaultCode } from "../../../src/errors.js";
import type { Plan } from "../../../src/model.js";
import { postgresName } from "../../../src/safety/identifier.js";
import { throwIfStopped } from "../../../src/stop.js";
import { Session } from "../connection.js";
import type { PostgresOptions } from "../connection.js";

/** `server`: logged in as one of the roles. Opens nothing before it is asked. */
export function targetProbe(server: PostgresOptions, plan: Plan): Probe {
  const statement = statementOf(plan);
  return {
    async attempt(signal) {
      throwIfStopped(signal);
      try {
        // A new login each time: a role that may log in no more may still have sessions, and those are ended by the fence.
        await using session = await Session.open(server, { lock_timeout: "2s", statement_timeout: "5s" });
        await session.query(statement, undefined, "trying to write as an application");
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

/** No login, no CONNECT, no right, a password that is wrong or past its time, a server or session that only reads. */
const refusing = new Set(["28000", "28P01", "42501", "25006", "3F000"]);
const unreachable: ReadonlySet<FaultCode> = new Set([
  "server-unreachable",
  "connection-lost",
  "tls-refused",
  "target-busy",
]);

function answerTo(fault: Fault): "refused" | "unreachable" {
  if (refusing.has(String(fault.facts["sqlState"]))) return "refused";
  if (unreachable.has(fault.code)) return "unreachable";
  throw fault;
}

/** No identity where there is another column: one that the server alone makes cannot be set. */
function statementOf(plan: Plan): string {
  const all = plan.tables.flatMap((table) =>
    table.columns
      .filter(({ column }) => column.generated === null)
      .map(({ target, identity }) => ({ table: table.target, column: target, identity })),
  );
  const chosen = all.find(({ identity }) => identity === null) ?? all[0];
  if (chosen === undefined)
    throw new Fault("bug", "No table of the plan has a column that a probe could name.");
  const column = postgresName(chosen.column);
  return `UPDATE ${postgresName(plan.schema)}.${postgresName(chosen.table)} SET ${column} = ${column} WHERE false`;
}
