/**
 * What PostgreSQL and the socket say, told as a Fault. The code decides whether the same act may be tried again,
 * so the table below is the whole retry policy of this connector. A server's `detail` and `where` can hold a row's
 * values, and so can the quoted part of a data exception's message: none of that is repeated (invariant I22).
 * From `where` only the place is kept: "COPY orders, line 12, column note".
 */
import { DatabaseError } from "pg";
import { Fault } from "../../src/errors.js";
import type { FaultCode } from "../../src/errors.js";

const network = new Map<string, FaultCode>([
  ["ECONNREFUSED", "server-unreachable"],
  ["ENOTFOUND", "server-unreachable"],
  ["EAI_AGAIN", "server-unreachable"],
  ["EHOSTUNREACH", "server-unreachable"],
  ["ENETUNREACH", "server-unreachable"],
  ["ETIMEDOUT", "connection-lost"],
  ["ECONNRESET", "connection-lost"],
  ["EPIPE", "connection-lost"],
]);

/** Exact SQLSTATEs first, then classes (two characters). What is in neither was refused for good. */
const sqlStates = new Map<string, FaultCode>([
  ["28P01", "login-refused"],
  ["28000", "login-refused"],
  ["3D000", "database-missing"],
  ["42501", "grant-missing"],
  ["57P01", "connection-lost"],
  ["57P02", "connection-lost"],
  ["57P03", "connection-lost"],
  ["57P05", "connection-lost"],
  ["25P03", "connection-lost"],
  ["08", "connection-lost"],
  ["40001", "target-busy"],
  ["40P01", "target-busy"],
  ["53100", "target-full"],
  ["53300", "target-busy"],
  ["55P03", "target-busy"],
]);

/** Makes a Fault of anything that a driver threw while we were `doing` something ("loading range 3 of orders"). */
export function faultOf(error: unknown, doing: string): Fault {
  if (error instanceof Fault) return error;
  if (error instanceof DatabaseError) return refused(error, doing);
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const found = network.get(code);
  if (found !== undefined)
    return new Fault(found, `PostgreSQL is out of reach while ${doing} (${code}).`, { cause: error });
  const text = error instanceof Error ? error.message : String(error);
  // Without a code of their own: pg's sentences for a socket that closed, and TLS that would not come about.
  if (/connection (error|terminated)|Connection ended|timeout expired|not queryable/i.test(text))
    return new Fault("connection-lost", `The connection to PostgreSQL was lost while ${doing}.`, {
      cause: error,
    });
  if (/SSL|TLS|certificate|self-signed|altnames/i.test(`${code} ${text}`))
    return new Fault("tls-refused", `TLS to PostgreSQL failed while ${doing}: ${text}`, { cause: error });
  return new Fault("bug", `Unexpected while ${doing}: ${text}`, { cause: error });
}

function refused(error: DatabaseError, doing: string): Fault {
  const state = error.code ?? "";
  const code = sqlStates.get(state) ?? sqlStates.get(state.slice(0, 2)) ?? "target-refused";
  const place = placeOf(error);
  const sentence = `PostgreSQL said while ${doing}: ${saidBy(error)} (SQLSTATE ${state}${place}).`;
  return new Fault(code, sentence, {
    // Names of the schema's objects, never a row's values.
    facts: {
      sqlState: state,
      ...(error.table === undefined ? {} : { table: error.table }),
      ...(error.constraint === undefined ? {} : { constraint: error.constraint }),
    },
    // The driver's error carries detail and where: keep its stack, not its words.
    cause: new Error(`SQLSTATE ${state}`),
  });
}

/** The primary message; a data exception (class 22) quotes the value it stumbled over, as it stands: quotes of its own end nothing. */
function saidBy(error: DatabaseError): string {
  const text = error.message;
  return (error.code ?? "").startsWith("22") ? text.replace(/".*"/s, '"…"').replace(/: 0x.*$/s, "") : text;
}

function placeOf(error: DatabaseError): string {
  const copy = /^COPY ([^,]+), line (\d+)(?:, column ([^:]+))?/.exec(error.where ?? "");
  if (copy !== null) {
    const column = copy[3] === undefined ? "" : `, column ${copy[3]}`;
    return `; ${copy[1] ?? ""}, row ${copy[2] ?? ""} of the range${column}`;
  }
  const names = [error.table, error.column, error.constraint].filter((name) => name !== undefined);
  return names.length === 0 ? "" : `; ${names.join(", ")}`;
}
