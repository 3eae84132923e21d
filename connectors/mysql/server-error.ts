/**
 * What MySQL's, MariaDB's and the driver's errors mean to Headgate. One table from error number to code, so that
 * "can be tried again", "a grant is missing" and "log in refused" are told the same way wherever a statement
 * failed. Sentences carry the server's own words, but never a value of a row: some errors quote one, and those
 * quotes are emptied here, because sentences end up in logs and reports.
 */
import { Fault } from "../../src/errors.js";
import type { FaultCode } from "../../src/errors.js";

const byNumber: Readonly<Record<number, FaultCode>> = {
  1040: "server-unreachable", // too many connections
  1203: "server-unreachable", // max_user_connections
  1044: "grant-missing",
  1142: "grant-missing",
  1143: "grant-missing",
  1227: "grant-missing",
  1370: "grant-missing",
  1401: "grant-missing", // XA RECOVER without XA_RECOVER_ADMIN says XAER_RMERR
  1045: "login-refused",
  1251: "login-refused", // authentication protocol not supported by the client
  1698: "login-refused", // MariaDB: no password asked, plugin says no
  1820: "login-refused", // password expired
  1862: "login-refused",
  3118: "login-refused", // account locked
  4151: "login-refused", // MariaDB: account locked
  1049: "database-missing",
  1053: "connection-lost", // shutdown in progress
  1158: "connection-lost",
  1159: "connection-lost",
  1160: "connection-lost",
  1161: "connection-lost",
  1927: "connection-lost", // MariaDB: connection was killed
  4031: "connection-lost", // closed by wait_timeout
  1205: "source-busy", // lock wait timeout
  1213: "source-busy", // deadlock
  1969: "source-busy", // MariaDB: max_statement_time
  3024: "source-busy", // max_execution_time
  3572: "source-busy", // NOWAIT
};

const byName: Readonly<Record<string, FaultCode>> = {
  ECONNREFUSED: "server-unreachable",
  ENOTFOUND: "server-unreachable",
  EAI_AGAIN: "server-unreachable",
  ETIMEDOUT: "server-unreachable",
  EHOSTUNREACH: "server-unreachable",
  ENETUNREACH: "server-unreachable",
  ECONNRESET: "connection-lost",
  EPIPE: "connection-lost",
  PROTOCOL_CONNECTION_LOST: "connection-lost",
  PROTOCOL_SEQUENCE_TIMEOUT: "connection-lost",
  HANDSHAKE_NO_SSL_SUPPORT: "tls-refused",
  HANDSHAKE_SSL_ERROR: "tls-refused",
};

/** Errors that quote data; 1064 quotes the statement, where a bound value may stand, 1105 what an XPath stumbled over. */
const quoting = new Set([
  1062, 1064, 1105, 1292, 1300, 1366, 1367, 1406, 1411, 1525, 1526, 3140, 3141, 3156, 3903,
]);

interface DriverError extends Error {
  readonly code?: unknown;
  readonly errno?: unknown;
}

/** The server's error number, null when the error is none of the server's. */
export function serverErrorNumber(error: unknown): number | null {
  if (!(error instanceof Error)) return null;
  const errno = (error as DriverError).errno;
  return typeof errno === "number" && errno > 0 ? errno : null;
}

/** Turns whatever the driver threw into a Fault; a Fault passes through. `place` is `host:port`, `doing` what was tried. */
export function sourceFault(error: unknown, place: string, doing: string): Fault {
  if (error instanceof Fault) return error;
  if (!(error instanceof Error)) return new Fault("bug", `${doing}: something that is no error was thrown.`);
  const { code: name } = error as DriverError;
  const number = serverErrorNumber(error);
  const text = sentenceOf(error, number);
  const facts = { server: place, ...(number === null ? {} : { errno: number }) };
  const code = codeOf(number, typeof name === "string" ? name : "", text);
  return new Fault(code, openings(code, place, doing) + text, { facts, cause: withoutValues(error, number) });
}

function codeOf(number: number | null, name: string, text: string): FaultCode {
  if (number !== null) return byNumber[number] ?? "source-refused";
  if (/certificate|^ERR_TLS|^CERT_|SELF_SIGNED|UNABLE_TO_(GET|VERIFY)|^ERR_SSL/iu.test(name + " " + text))
    return "tls-refused";
  return byName[name] ?? (/closed state|Connection lost/iu.test(text) ? "connection-lost" : "source-refused");
}

function openings(code: FaultCode, place: string, doing: string): string {
  switch (code) {
    case "server-unreachable":
      return `The source ${place} cannot be reached: `;
    case "tls-refused":
      return `The source ${place} and Headgate could not agree on TLS: `;
    case "login-refused":
      return `The source ${place} refused the login: `;
    case "connection-lost":
      return `The connection to the source ${place} was lost (${doing}): `;
    default:
      return `${doing}: the source says: `;
  }
}

function sentenceOf(error: Error, number: number | null): string {
  // Node's own connect errors can be an AggregateError with an empty message: one attempt per address.
  const message =
    error.message !== ""
      ? error.message
      : error instanceof AggregateError
        ? error.errors.map((each: unknown) => (each instanceof Error ? each.message : "")).join("; ")
        : error.name;
  const told = number !== null && quoting.has(number) ? withoutQuotes(message) : message;
  const ended = /[.!?]$/u.test(told) ? told : told + ".";
  return number === null ? ended : `${ended} (error ${number})`;
}

/** A value is quoted as it stands, and quotes of its own end nothing: so all from the first to the last goes. */
function withoutQuotes(message: string): string {
  const near = message.indexOf(" near '");
  return near < 0 ? message.replace(/'.*'/su, "'…'") : message.slice(0, near).replace(/'.*$/su, "'…'");
}

/** The cause is kept for its stack; its message and the driver's copy of the statement go. */
function withoutValues(error: Error, number: number | null): Error {
  const cause = new Error(number === null ? error.message : `error ${number}`);
  if (error.stack !== undefined) cause.stack = error.stack.slice(error.stack.indexOf("\n    at ") + 1);
  return cause;
}
