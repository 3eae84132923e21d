/**
 * The table from what PostgreSQL and the socket say to Faults: which code, which may be tried again, and that no
 * value of a row gets through. DatabaseErrors are made as pg makes them, so that every SQLSTATE can be asked.
 */
import { DatabaseError } from "pg";
import { describe, expect, it } from "vitest";
import { Fault } from "../../src/errors.js";
import { faultOf } from "./fault.js";

function said(state: string, message = "a sentence", more: Partial<DatabaseError> = {}): DatabaseError {
  return Object.assign(new DatabaseError(message, 1, "error"), { code: state, ...more });
}

describe("an error of the server", () => {
  it.each([
    ["28P01", "login-refused", false],
    ["28000", "login-refused", false],
    ["3D000", "database-missing", false],
    ["42501", "grant-missing", false],
    ["57P01", "connection-lost", true],
    ["57P02", "connection-lost", true],
    ["57P03", "connection-lost", true],
    ["08006", "connection-lost", true],
    ["08P01", "connection-lost", true],
    ["40001", "target-busy", true],
    ["40P01", "target-busy", true],
    ["53300", "target-busy", true],
    ["55P03", "target-busy", true],
    ["53100", "target-full", false],
    ["23505", "target-refused", false],
    ["42P07", "target-refused", false],
    ["57014", "target-refused", false],
  ])("of SQLSTATE %s is %s, tried again: %s", (state, code, retriable) => {
    const fault = faultOf(said(state), "loading");
    expect([fault.code, fault.retriable]).toEqual([code, retriable]);
    expect(fault.message).toBe(`PostgreSQL said while loading: a sentence (SQLSTATE ${state}).`);
    expect(fault.facts).toEqual({ sqlState: state });
  });

  it("never repeats a row's values, wherever the server put them", () => {
    const errors = [
      said("23505", 'duplicate key value violates unique constraint "k"', {
        detail: "Key (email)=(canary) already exists.",
        constraint: "k",
        table: "users",
      }),
      said("22P02", 'invalid input syntax for type integer: "canary"'),
      said("22003", 'value "canary" is out of range for type integer', {
        where: 'COPY users, line 7, column age: "canary"',
      }),
      said("22P02", 'invalid input syntax for type integer: "a "canary"\n" canary"'),
      said("22021", 'invalid byte sequence for encoding "UTF8": 0xca 0xna 0xry', {
        where: 'COPY users, line 7: "canary"',
      }),
    ];
    for (const error of errors) {
      const fault = faultOf(error, "loading");
      const everything = [fault.message, JSON.stringify(fault.facts), String(fault.cause), fault.stack];
      expect(everything.join("\n")).not.toMatch(/canary|0xca/);
    }
    expect(faultOf(errors[2], "loading").message).toContain("; users, row 7 of the range, column age");
    expect(faultOf(errors[0], "loading").message).toContain("; users, k");
  });
});

describe("an error of the socket", () => {
  it.each([
    ["ECONNREFUSED", "server-unreachable"],
    ["ENOTFOUND", "server-unreachable"],
    ["ECONNRESET", "connection-lost"],
    ["EPIPE", "connection-lost"],
  ])("%s is %s and may pass", (name, code) => {
    const fault = faultOf(Object.assign(new Error("connect"), { code: name }), "connecting");
    expect([fault.code, fault.retriable]).toEqual([code, true]);
    expect(fault.message).toContain(name);
  });

  it.each([
    "Connection terminated unexpectedly",
    "Client has encountered a connection error and is not queryable",
  ])("in pg's own words is told too: %s", (text) => {
    expect(faultOf(new Error(text), "connecting").code).toBe("connection-lost");
  });

  it("of TLS names TLS, and is not tried again", () => {
    const fault = faultOf(
      Object.assign(new Error("self-signed certificate"), { code: "DEPTH_ZERO_SELF_SIGNED_CERT" }),
      "connecting",
    );
    expect([fault.code, fault.retriable]).toEqual(["tls-refused", false]);
    expect(faultOf(new Error("The server does not support SSL connections"), "connecting").code).toBe(
      "tls-refused",
    );
  });
});

describe("anything else", () => {
  it("is a bug, told as one; a Fault passes as it is", () => {
    expect(faultOf(new TypeError("x is undefined"), "loading").code).toBe("bug");
    const fault = new Fault("claimed", "held");
    expect(faultOf(fault, "loading")).toBe(fault);
  });
});
