/**
 * A real engine that streams, watched and steered from outside: the verbs over its socket, figures over its port, and
 * the two promises of a pause: nothing at all is written while it lasts, and nothing is lost by it. Time is counted
 * in the engine's own progress lines, one a second, heartbeats and looks going on between them.
 */
import { once } from "node:events";
import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { engineName, enginePassword } from "./accounts.js";
import { lastObject } from "./headgate.js";
import { journey, ledgerText, numbers, unequal } from "./journey.js";
import type { Journey, Running } from "./journey.js";

let trip: Journey;
let running: Running;
let state: string;
let port: number;
let token: string;
/** The engine's log, and its JSON lines, so far. */
let log = "";
const lines: Record<string, unknown>[] = [];

beforeAll(async () => {
  trip = await journey("hg_control");
  // Every table has a key and nothing ties them, so what is printed for copy and stream locks nothing.
  await trip.source.account(engineName("hg_control"), enginePassword, "recopy");
  state = join(trip.folder, ".headgate", trip.migration);
  await trip.source.sql("CREATE TABLE t (id INT PRIMARY KEY, note VARCHAR(40))");
  await trip.source.sql("CREATE TABLE u (id INT PRIMARY KEY, note VARCHAR(40))");
  trip.configure(["lanes: [[t], [u]]"]);
  await trip.source.sql(`INSERT INTO t SELECT n, CONCAT('row ', n) FROM (${numbers(500)}) AS r`);
  running = trip.start(["run", "--json", "--listen", "127.0.0.1:0"]);
  running.child.stdout?.on("data", (text: string) => {
    for (const line of text.split("\n"))
      if (line.startsWith("{") && line.endsWith("}")) lines.push(JSON.parse(line) as Record<string, unknown>);
  });
  running.child.stderr?.on("data", (text: string) => (log += text));
  await running.logged(/"msg":"ready"/u);
  const told = /"address":"http:\/\/127\.0\.0\.1:(\d+)","token":"([^"]+)"/u;
  await running.logged(told);
  port = Number(told.exec(log)?.[1]);
  token = readFileSync(join(state, "token"), "utf8").trim();
});
afterAll(async () => {
  await trip[Symbol.asyncDispose]();
});

/** Resolves after that many more progress lines. */
async function ticks(n: number): Promise<void> {
  const count = (): number => lines.filter(({ event }) => event === "progress").length;
  const wanted = count() + n;
  while (count() < wanted) await once(running.child.stdout!, "data", { signal: AbortSignal.timeout(30_000) });
}

async function binlog(): Promise<string> {
  const [row] = await trip.source.sql("SHOW BINARY LOG STATUS");
  return JSON.stringify(row);
}

async function onTarget(id: number): Promise<number> {
  return (await trip.target.sql(`SELECT id FROM t WHERE id = ${String(id)}`)).length;
}

it("pause writes nothing at all on either side, is idempotent, tells how long it may last (trap 62), and resume goes on where it stood", async () => {
  await trip.source.sql("INSERT INTO t VALUES (1001, 'before')");
  while ((await onTarget(1001)) === 0) await ticks(1);
  expect(await trip.said(0, "pause", "--dry-run")).toMatchObject({ held: "no" });
  const paused = await trip.said(0, "pause");
  expect(paused).toMatchObject({ ok: true, held: "paused", engine: { pid: running.child.pid } });
  expect(paused["retentionSeconds"]).toEqual(expect.any(Number));
  const before = [await binlog(), await ledgerText(trip)];
  await ticks(4);
  expect([await binlog(), await ledgerText(trip)]).toEqual(before);
  expect(lines.at(-1)).toMatchObject({ event: "progress", waiting: "paused" });
  await trip.source.sql("INSERT INTO t VALUES (1002, 'while it is paused')");
  const after = await binlog();
  expect(after).not.toBe(before[0]);
  expect(await trip.said(0, "pause")).toMatchObject({ held: "paused" });
  await ticks(3);
  expect([await binlog(), await ledgerText(trip), await onTarget(1002)]).toEqual([after, before[1], 0]);
  expect(await trip.said(0, "resume")).toMatchObject({ held: "no" });
  expect(await trip.said(0, "resume")).toMatchObject({ held: "no" });
  while ((await onTarget(1002)) === 0) await ticks(1);
  expect(await binlog()).not.toBe(after);
  expect(unequal(await trip.judge())).toEqual([]);
});

it("set changes a running engine, by the config's rules", async () => {
  expect(await trip.said(0, "set", "apply.batchRows=200")).toMatchObject({
    key: "apply.batchRows",
    was: 5000,
    now: 200,
  });
  expect(await trip.said(0, "set", "throttle.sleep=5ms", "--dry-run")).toMatchObject({ now: 5 });
  expect(await trip.said(0, "set", "throttle.sleep=5ms")).toMatchObject({ was: 0, now: 5 });
  expect(await trip.said(64, "set", "apply.batchRows=7")).toMatchObject({ error: { code: "usage" } });
  expect(await trip.said(64, "set", "target.url=postgresql://x")).toMatchObject({ error: { code: "usage" } });
  expect((await get("/status", { authorization: `Bearer ${token}` })).json).toMatchObject({
    settings: { batchRows: 200, sleepMs: 5 },
  });
  await trip.source.sql("UPDATE t SET note = 'changed' WHERE id < 1000");
  await trip.source.sql("INSERT INTO t VALUES (1003, 'after it')");
  while ((await onTarget(1003)) === 0) await ticks(1);
  expect(unequal(await trip.judge())).toEqual([]);
});

it("a second engine is refused and leaves the socket to the first", async () => {
  const before = statSync(join(state, "socket")).ino;
  const second = await trip.headgate("run", "--json");
  expect([second.code, lastObject(second)["error"]]).toEqual([
    4,
    expect.objectContaining({ code: "claimed" }),
  ]);
  expect(statSync(join(state, "socket")).ino).toBe(before);
  expect(statSync(join(state, "socket")).mode & 0o777).toBe(0o600);
  expect(statSync(state).mode & 0o777).toBe(0o700);
  expect(await trip.said(0, "pause", "--dry-run")).toMatchObject({ engine: { pid: running.child.pid } });
});

it("the port gives figures, and what steers only to the token, by its own name, to no web page", async () => {
  await ticks(2);
  const metrics = (await get("/metrics")).text;
  expect(metrics).toMatch(/^headgate_rows_copied_total\{table="t"\} 500$/mu);
  expect(metrics).toMatch(/^headgate_events_applied_total\{table="t",op="insert"\} [1-9]/mu);
  expect(metrics).toMatch(/^headgate_lag_seconds \d/mu);
  expect(metrics).toMatch(/^headgate_epoch 1$/mu);
  expect(metrics).toMatch(/^headgate_ready [01]$/mu);
  expect((await get("/healthz")).status).toBe(200);
  expect([200, 503]).toContain((await get("/readyz")).status);
  expect((await get("/status")).status).toBe(401);
  expect((await get("/status", { authorization: "Bearer wrong" })).status).toBe(401);
  const authorization = `Bearer ${token}`;
  expect((await get("/status", { authorization, host: "evil.example" })).status).toBe(403);
  expect((await get("/status", { authorization, origin: "http://evil.example" })).status).toBe(403);
  expect((await get("/status", { authorization })).json).toMatchObject({
    migration: trip.migration,
    held: "no",
    blocking: expect.any(Array) as unknown,
    lanes: [
      { joined: true, stopped: null },
      { joined: true, stopped: null },
    ],
  });
  expect(log).not.toContain(token);
});

it("status and lag are told by progress, with events that were read and applied", async () => {
  await ticks(1);
  const last = lines.filter(({ event }) => event === "progress").at(-1);
  expect(last?.["lagSeconds"]).toEqual(expect.any(Number));
  const { read, applied } = last?.["events"] as { read: number; applied: number };
  expect(applied).toBeGreaterThanOrEqual(503);
  expect(read).toBeGreaterThanOrEqual(applied);
  const position = { kind: expect.any(String) as string };
  expect(await trip.said(0, "status")).toMatchObject({
    position: { source: position, applied: { t: position } },
  });
});

it("is not ready from the moment on in which its claim is gone, and is again once it has another", async () => {
  const ready = async (): Promise<boolean> => (await get("/readyz")).status === 200;
  while (!(await ready())) await ticks(1);
  expect((await get("/metrics")).text).toMatch(/^headgate_ready 1$/mu);
  // The target takes no new session of the engine's, so the next life cannot begin.
  await trip.target.sql("ALTER DATABASE hg_control CONNECTION LIMIT 0");
  const claim =
    "SELECT pid FROM headgate.backend WHERE pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory')";
  try {
    const gone = await trip.target.sql(
      `SELECT pg_terminate_backend(pid, 10000)::text AS gone FROM (${claim}) AS c`,
    );
    expect(gone).toEqual([{ gone: "true" }]);
    await running.logged(/the engine begins again: .*SQLSTATE 53300/u);
    expect(await get("/readyz")).toMatchObject({
      status: 503,
      json: { ready: false, blocking: ["no-engine"] },
    });
    expect((await get("/metrics")).text).toMatch(/^headgate_ready 0$/mu);
  } finally {
    await trip.target.sql("ALTER DATABASE hg_control CONNECTION LIMIT -1");
  }
  await running.logged(/"epoch":"2".*"claimed"/u);
  while (!(await ready())) await ticks(1);
  expect((await get("/metrics")).text).toMatch(/^headgate_ready 1$/mu);
});

it("skip tells the engine: the lane that stands before a change goes on without it, beside the other", async () => {
  await trip.source.sql("INSERT INTO u VALUES (1, 'before'), (2, CONCAT('nul ', CHAR(0), ' inside'))");
  await trip.source.sql("INSERT INTO u VALUES (3, 'after')");
  await running.logged(/"code":"quarantined"/u);
  await trip.source.sql("INSERT INTO t VALUES (1004, 'beside it')");
  while ((await onTarget(1004)) === 0) await ticks(1);
  const [waits] = (await trip.said(0, "status"))["quarantine"] as readonly { readonly event: string }[];
  const event = waits?.event ?? "";
  const inU = async (): Promise<readonly unknown[]> => trip.target.sql("SELECT id::text FROM u ORDER BY id");
  expect(await inU()).toEqual([]);
  await trip.said(0, "pause");
  expect(await trip.said(64, "skip", "--event", event, "--reason", "paused")).toMatchObject({
    error: { code: "usage", next: "headgate resume" },
  });
  await trip.said(0, "resume");
  expect(await trip.said(64, "skip", "--event", `${event}7`, "--reason", "another")).toMatchObject({
    error: { code: "usage" },
  });
  expect(await trip.said(0, "skip", "--event", event, "--reason", "seen by two")).toMatchObject({
    table: "u",
  });
  while ((await inU()).length < 2) await ticks(1);
  expect(await inU()).toEqual([{ id: "1" }, { id: "3" }]);
  const journal = await trip.target.sql("SELECT state, who, why FROM headgate.quarantine");
  expect(journal).toEqual([
    { state: "skipped", who: expect.stringMatching(/.@./u) as string, why: "seen by two" },
  ]);
  expect(running.child.exitCode).toBeNull();
});

it("a stopped engine takes socket and token away, and the verbs say that none runs", async () => {
  running.child.kill("SIGTERM");
  expect((await running.end).code).toBe(143);
  expect(existsSync(join(state, "socket"))).toBe(false);
  expect(readdirSync(state).filter((name) => name.startsWith("socket") || name === "token")).toEqual([]);
  for (const verb of [["pause"], ["resume"], ["set", "apply.batchRows=200"]])
    expect(await trip.said(1, ...verb)).toMatchObject({
      ok: false,
      error: { code: "no-engine", sentence: "No engine of this migration runs on this machine." },
    });
});

it("a table is not copied again with the rights of a stream, and nothing is touched until they are printed and granted", async () => {
  const before = await ledgerText(trip);
  const refused = await trip.said(3, "recopy", "t");
  const found = refused["findings"] as readonly { readonly code: string; readonly fix: string }[];
  expect(found.map(({ code }) => code)).toEqual(["grant-reload", "grant-lock-tables"]);
  expect(await ledgerText(trip)).toBe(before);
  const printed = (await trip.said(0, "check", "--grants"))["grants"] as readonly {
    readonly phase: string;
    readonly statements: readonly string[];
  }[];
  for (const statement of printed.find(({ phase }) => phase === "recopy")?.statements ?? [])
    await trip.source.sql(statement);
  expect(await trip.said(0, "recopy", "t")).toMatchObject({ tables: ["t"] });
});

async function get(
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ readonly status: number; readonly text: string; readonly json: unknown }> {
  return new Promise((answered, failed) => {
    const sent = request({ host: "127.0.0.1", port, path, headers }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => (text += part));
      response.on("end", () => {
        const json: unknown = text.startsWith("{") ? JSON.parse(text) : null;
        answered({ status: response.statusCode ?? 0, text, json });
      });
    });
    sent.on("error", failed);
    sent.end();
  });
}
