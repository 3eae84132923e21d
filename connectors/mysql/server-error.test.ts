import { describe, expect, it } from "vitest";
import { Fault } from "../../src/errors.js";
import { serverErrorNumber, sourceFault } from "./server-error.js";

function driverError(message: string, fields: Readonly<Record<string, unknown>>): Error {
  return Object.assign(new Error(message), fields);
}

describe("what the driver throws, as a Fault", () => {
  it.each([
    [{ code: "ECONNREFUSED", errno: -111 }, "server-unreachable", true],
    [{ code: "ENOTFOUND", errno: -3008 }, "server-unreachable", true],
    [{ code: "ETIMEDOUT" }, "server-unreachable", true],
    [{ code: "ER_CON_COUNT_ERROR", errno: 1040 }, "server-unreachable", true],
    [{ code: "ECONNRESET", errno: -104 }, "connection-lost", true],
    [{ code: "PROTOCOL_CONNECTION_LOST" }, "connection-lost", true],
    [{ code: "ER_ACCESS_DENIED_ERROR", errno: 1045 }, "login-refused", false],
    [{ code: "ER_BAD_DB_ERROR", errno: 1049 }, "database-missing", false],
    [{ code: "ER_DBACCESS_DENIED_ERROR", errno: 1044 }, "grant-missing", false],
    [{ code: "ER_TABLEACCESS_DENIED_ERROR", errno: 1142 }, "grant-missing", false],
    [{ code: "ER_SPECIFIC_ACCESS_DENIED_ERROR", errno: 1227 }, "grant-missing", false],
    [{ code: "ER_LOCK_WAIT_TIMEOUT", errno: 1205 }, "source-busy", true],
    [{ code: "ER_LOCK_DEADLOCK", errno: 1213 }, "source-busy", true],
    [{ code: "ER_NO_SUCH_TABLE", errno: 1146 }, "source-refused", false],
    [{ code: "HANDSHAKE_NO_SSL_SUPPORT" }, "tls-refused", false],
    [{ code: "DEPTH_ZERO_SELF_SIGNED_CERT" }, "tls-refused", false],
    [{ code: "ERR_TLS_CERT_ALTNAME_INVALID" }, "tls-refused", false],
  ])("%j is %s", (fields, code, retriable) => {
    const fault = sourceFault(driverError("It said no", fields), "db1:3306", "Reading");
    expect(fault).toBeInstanceOf(Fault);
    expect([fault.code, fault.retriable]).toEqual([code, retriable]);
    expect(fault.message).toContain("It said no");
  });

  it.each([
    [1062, "Duplicate entry 'secret@example.org' for key 'users.email'"],
    [1292, "Incorrect datetime value: 'secret@example.org' for column 'd' at row 1"],
    [1292, "Truncated incorrect INTEGER value: 'it's a secret@example.org''"],
    [1292, "Truncated incorrect INTEGER value: 'secret@example.org near 'secret@example.org''"],
    [1105, "XPATH syntax error: '~secret@example.org'"],
    [1366, "Incorrect string value: 'secret@example.org' for column 'c'"],
    [1064, "You have an error in your SQL syntax; near 'WHERE mail = 'secret@example.org'' at line 1"],
  ])("%i keeps a row's value out of sentence, facts and cause", (errno, message) => {
    const error = driverError(message, { errno, sql: "SELECT 'secret@example.org'", sqlMessage: message });
    const fault = sourceFault(error, "db1:3306", "Reading");
    const cause = fault.cause instanceof Error ? `${fault.cause.message} ${fault.cause.stack ?? ""}` : "";
    expect(`${fault.message} ${JSON.stringify(fault)} ${cause}`).not.toContain("secret");
    expect(fault.message).toContain(`(error ${errno})`);
  });

  it("tells each address that was tried", () => {
    const error = new AggregateError([
      new Error("connect ECONNREFUSED ::1:1"),
      new Error("connect ECONNREFUSED 127.0.0.1:1"),
    ]);
    const fault = sourceFault(Object.assign(error, { code: "ECONNREFUSED" }), "localhost:1", "Connecting");
    expect(fault.code).toBe("server-unreachable");
    expect(fault.message).toContain("127.0.0.1:1");
  });

  it("lets a Fault through", () => {
    const fault = new Fault("bug", "Ours.");
    expect(sourceFault(fault, "db1:3306", "Reading")).toBe(fault);
  });

  it("tells the server's numbers from the system's", () => {
    expect(serverErrorNumber(driverError("x", { errno: 1205 }))).toBe(1205);
    expect(serverErrorNumber(driverError("x", { errno: -111 }))).toBeNull();
    expect(serverErrorNumber("x")).toBeNull();
  });
});
