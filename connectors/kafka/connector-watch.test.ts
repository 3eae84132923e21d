import { describe, expect, it } from "vitest";
import type { ConnectorStatus, TaskStatus } from "./connect.js";
import { sentenceOfTrace } from "./connector-trace.js";
import { committedPlace, connectorFault, healthOf } from "./connector-watch.js";

const trace = `org.apache.kafka.connect.errors.ConnectException: An exception occurred in the change event producer. This connector will be stopped.
\tat io.debezium.pipeline.ErrorHandler.setProducerThrowable(ErrorHandler.java:72)
\tat java.base/java.lang.Thread.run(Thread.java:840)
Caused by: io.debezium.DebeziumException: Error processing binlog event
\t... 7 more
Caused by: java.lang.RuntimeException: Error while deserializing binlog data of date: Invalid date 'FEBRUARY 31'
\t... 16 more
`;

const task = (state: TaskStatus["state"], text = ""): TaskStatus => ({ id: 0, state, trace: text });
const status = (state: TaskStatus["state"], ...tasks: TaskStatus[]): ConnectorStatus => ({
  state,
  trace: "",
  tasks,
});

describe("a connector's health", () => {
  it("is that of its tasks, whatever Connect calls the connector", () => {
    expect(healthOf(status("RUNNING", task("RUNNING")))).toEqual({ kind: "running" });
    expect(healthOf(status("RUNNING", task("FAILED", trace)))).toMatchObject({ kind: "failed" });
    expect(healthOf(status("RUNNING"))).toEqual({ kind: "starting" });
    expect(healthOf(status("RUNNING", task("UNASSIGNED")))).toEqual({ kind: "starting" });
    expect(healthOf(status("PAUSED", task("PAUSED")))).toEqual({ kind: "paused" });
    expect(healthOf(status("PAUSED", task("FAILED", trace)))).toEqual({ kind: "paused" });
    expect(healthOf(status("STOPPED"))).toEqual({ kind: "stopped" });
    expect(healthOf(null)).toEqual({ kind: "missing" });
  });

  it("is a Fault where no record will come", () => {
    expect(connectorFault("shop", { kind: "running" })).toBeNull();
    expect(connectorFault("shop", { kind: "starting" })).toBeNull();
    for (const kind of ["paused", "stopped", "missing"] as const)
      expect(connectorFault("shop", { kind })).toMatchObject({ code: "connector-failed", exit: 6 });
    expect(connectorFault("shop", healthOf(status("RUNNING", task("FAILED", trace))))?.message).toBe(
      "The Debezium connector shop has failed: An exception occurred in the change event producer. This connector will be stopped: Error while deserializing binlog data of date: Invalid date 'FEBRUARY 31'",
    );
  });

  it("of our own making is set going again by the command that is told, one of somebody's by its owner", () => {
    const dead = healthOf(status("RUNNING", task("FAILED", trace)));
    expect(connectorFault("shop", dead, true)?.next).toContain(
      "headgate run: it sets the connector going again",
    );
    expect(connectorFault("shop", dead)?.next).toContain("restart the connector, and run the same command");
  });
});

describe("a trace in one sentence", () => {
  it("leaves the row out that could not be read", () => {
    const secret = `io.debezium.DebeziumException: Failed to properly convert data value for 'shop.users.born' of type DATE for row [1, alice@example.org]`;
    expect(sentenceOfTrace(secret)).toBe(
      "Failed to properly convert data value for 'shop.users.born' of type DATE for a row",
    );
  });

  it("names a cause that says nothing by its class", () => {
    const silent = `org.apache.kafka.connect.errors.ConnectException: Tolerance exceeded in error handler
\tat a.b.C.d(C.java:1)
Caused by: io.apicurio.registry.rest.client.exception.RestClientException
\t... 13 more`;
    expect(sentenceOfTrace(silent)).toBe("Tolerance exceeded in error handler: RestClientException");
  });

  it("is never empty and never long", () => {
    expect(sentenceOfTrace("java.lang.NullPointerException\n\tat a.b.C.d(C.java:1)")).toBe(
      "NullPointerException",
    );
    expect(sentenceOfTrace("something else")).toBe("something else");
    expect(sentenceOfTrace(`a.B: ${"x".repeat(5000)}`).length).toBeLessThanOrEqual(300);
  });
});

describe("how far a connector is for good", () => {
  it("is in its offsets, and unknown before the first", () => {
    expect(committedPlace(null)).toBeNull();
    expect(committedPlace([])).toBeNull();
    const offset = { ts_sec: 1, file: "binlog.000003", pos: 4711, gtids: "u:1-7", row: 1 };
    expect(committedPlace([{ partition: { server: "p" }, offset }])).toEqual({
      file: "binlog.000003",
      offset: "4711",
      gtids: "u:1-7",
    });
    expect(committedPlace([{ partition: {}, offset: { file: "b.1", pos: 4 } }])?.gtids).toBeNull();
  });
});
