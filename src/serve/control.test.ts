/** The control's socket and port over real sockets of this machine, with an engine that only remembers what it is told. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createServer, request } from "node:http";
import type { IncomingHttpHeaders } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { changed, readChange } from "../config/live-settings.js";
import type { LiveSettings } from "../config/live-settings.js";
import { Fault } from "../errors.js";
import { stopReason } from "../stop.js";
import type { EngineStatus } from "../watch/engine-status.js";
import { Meter } from "../watch/meter.js";
import { VerifyMeter } from "../watch/verify-meter.js";
import { engineClient } from "./client.js";
import { openControl } from "./control.js";
import type { ControlOptions } from "./control.js";
import { readListen } from "./access.js";
import { Jobs } from "./jobs.js";
import { socketPath } from "./socket.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hg-ctl-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

interface Engine extends ControlOptions {
  readonly log: string[];
}

/** An engine that stands still; `over` changes its facts. */
function engine(over: Partial<EngineStatus> = {}, listen: ControlOptions["listen"] = null): Engine {
  const log: string[] = [];
  let held: EngineStatus["held"] = "no";
  let settings: LiveSettings = {
    workers: 2,
    batchRows: 5000,
    sleepMs: 0,
    sleepRatio: 0,
    maxRowsPerSecond: null,
    maxReplicaLagSeconds: 10,
    maxLatencyIncrease: null,
    maxDiskUsed: 0.9,
    maxThreadsRunning: null,
  };
  return {
    log,
    directory: join(folder, "state"),
    listen,
    sourcePosition: () => Promise.resolve({ kind: "file", file: "binlog.000007", offset: "4" }),
    scrub: (text) => text.replaceAll("hunter2", "***"),
    readChange: (text) => readChange(text, { overrides: [] }),
    onWord: (sentence, facts) => void log.push(`${sentence} ${JSON.stringify(facts)}`),
    status: () => ({
      migration: "20261122_shop",
      state: "streaming",
      since: "2026-11-22T00:00:00Z",
      epoch: "7",
      held,
      throttled: null,
      reading: new Meter(() => 0).read(),
      copied: [],
      errors: 0,
      lanes: [
        {
          lane: "main",
          seq: 9007199254740993n,
          end: 9007199254740994n,
          position: null,
          joined: true,
          lagSeconds: 0.5,
          eventsRead: 10,
          eventsApplied: 8,
          batches: 2,
          failedInRow: 0,
          stopped: null,
        },
      ],
      applied: [],
      blocking: ["lag"],
      atFence: [],
      quarantined: 0,
      retentionSeconds: 86_400,
      ...over,
    }),
    acts: {
      pause: () => (held = "paused"),
      resume: () => (held = "no"),
      settings: () => settings,
      set: (change) => (settings = changed(settings, change)),
      skip: async (event) => {
        if (event !== "e1") throw new Fault("usage", `No event ${event} waits; hunter2.`);
      },
    },
    jobs: new Jobs({
      verify: async (ask, onProgress, signal) => {
        onProgress({ rows: 7 });
        if (ask !== null && typeof ask === "object" && "long" in ask)
          return await new Promise((_, stopped) =>
            signal.addEventListener("abort", () => stopped(stopReason(signal)), { once: true }),
          );
        return { asked: ask };
      },
      repair: () =>
        Promise.reject(new Fault("usage", "There is nothing to repair.", { next: "headgate verify" })),
    }),
  };
}

/** Talks to an engine over its socket. */
async function talking(
  act: (client: ReturnType<typeof engineClient>, running: Engine) => Promise<void>,
): Promise<void> {
  const running = engine();
  const control = await openControl(running);
  try {
    await act(engineClient(running.directory), running);
  } finally {
    await control[Symbol.asyncDispose]();
  }
}

it.each([
  ["the socket", null],
  ["the port", { host: "127.0.0.1", port: 0 }],
] as const)("refuses a pause that outlasts the source's log, through %s too (trap 62)", async (_, listen) => {
  const left = { seconds: 599 };
  const running = engine({}, listen);
  const status = running.status;
  const told: Engine = { ...running, status: () => ({ ...status(), retentionSeconds: left.seconds }) };
  const control = await openControl(told);
  try {
    const pause = async (): Promise<unknown> => {
      if (listen === null)
        return await engineClient(told.directory)
          .pause()
          .catch((error: unknown) => error);
      const line = /"address":"http:\/\/127\.0\.0\.1:(\d+)","token":"([^"]+)"/u.exec(running.log.join("\n"));
      const headers = { authorization: `Bearer ${readFileSync(line?.[2] ?? "", "utf8").trim()}` };
      const to = { host: "127.0.0.1", port: Number(line?.[1]), path: "/pause", method: "POST", headers };
      return (JSON.parse((await ask(to)).body) as { readonly error?: unknown }).error;
    };
    expect(await pause()).toMatchObject({
      code: "usage",
      [listen === null ? "message" : "sentence"]: expect.stringContaining("in 599 seconds") as unknown,
      next: expect.stringContaining("headgate pause") as unknown,
    });
    expect([told.status().held, running.log.filter((line) => line.startsWith("pause"))]).toEqual(["no", []]);
    left.seconds = 600;
    await pause();
    expect(told.status().held).toBe("paused");
    left.seconds = 10;
    await pause();
    expect(told.status().held).toBe("paused");
  } finally {
    await control[Symbol.asyncDispose]();
  }
});

describe("long work", () => {
  const ended = async (client: ReturnType<typeof engineClient>, id: string) => {
    for (;;) {
      const job = await client.job(id);
      if (job.state !== "running") return job;
    }
  };

  it("is begun at once and asked for by its id until it has ended", async () =>
    talking(async (client, running) => {
      const { id } = await client.start("verify", { full: true });
      expect(await ended(client, id)).toMatchObject({
        state: "done",
        progress: { rows: 7 },
        result: { asked: { full: true } },
      });
      expect(running.log).toEqual([`verify {"job":"${id}"}`]);
    }));

  it("fails with the fault that ended it", async () =>
    talking(async (client) => {
      const { id } = await client.start("repair", {});
      expect(await ended(client, id)).toMatchObject({
        state: "failed",
        result: null,
        error: { code: "usage", sentence: "There is nothing to repair.", next: "headgate verify" },
      });
    }));

  it("stops when it is told to, and another job of the same engine goes on", async () =>
    talking(async (client) => {
      const one = await client.start("verify", { long: true });
      const two = await client.start("verify", { long: true });
      await client.stop(one.id);
      expect(await ended(client, one.id)).toMatchObject({ state: "failed", error: { code: "interrupted" } });
      expect((await client.job(two.id)).state).toBe("running");
      await client.stop(two.id);
    }));

  it("is refused under a name that nobody knows", async () =>
    talking(async (client) => {
      await expect(client.job("verify-9")).rejects.toThrow(/knows no job verify-9/u);
    }));
});

describe("the socket", () => {
  it("answers status, pause, resume, set and skip, each as often as it is asked", async () => {
    const verifying = new VerifyMeter(new Map(), () => 0).read();
    const running = engine({ verifying });
    await using control = await openControl(running);
    const client = engineClient(running.directory);
    expect(await client.status()).toMatchObject({
      state: "streaming",
      held: "no",
      lagSeconds: 0.5,
      pid: process.pid,
      verifying: { ...verifying },
    });
    for (const time of ["first", "second"])
      expect([time, (await client.pause()).held]).toEqual([time, "paused"]);
    for (const time of ["first", "second"])
      expect([time, (await client.resume()).held]).toEqual([time, "no"]);
    expect(await client.set("apply.batchRows=200")).toEqual({ key: "apply.batchRows", was: 5000, now: 200 });
    expect(await client.set("apply.batchRows=200")).toEqual({ key: "apply.batchRows", was: 200, now: 200 });
    expect(await client.set("throttle.maxRowsPerSecond=none")).toMatchObject({ now: null });
    expect(running.acts.settings().batchRows).toBe(200);
    await client.skip("e1", "seen by two people", "ann@host");
    expect(running.log.map((line) => line.split(" ")[0])).toEqual([
      "pause",
      "resume",
      "set",
      "set",
      "set",
      "skip",
    ]);
    expect(control).toBeDefined();
  });

  it("tells 64-bit counts as texts", async () => {
    const running = engine();
    await using control = await openControl(running);
    const said = await ask({ socketPath: socketPath(running.directory), path: "/status" });
    expect(JSON.parse(said.body)).toMatchObject({
      lanes: [{ seq: "9007199254740993" }],
      events: { read: 10, applied: 8 },
      sourcePosition: { kind: "file", file: "binlog.000007", offset: "4" },
    });
    expect(control).toBeDefined();
  });

  it("hands back what the engine refuses as the fault that it was, clean of secrets", async () => {
    const running = engine();
    await using control = await openControl(running);
    const client = engineClient(running.directory);
    await expect(client.skip("e2", "x", "ann@host")).rejects.toMatchObject({
      code: "usage",
      message: "No event e2 waits; ***.",
    });
    await expect(client.set("apply.batchRows=7")).rejects.toMatchObject({ code: "usage" });
    await expect(client.set("source.url=mysql://x")).rejects.toMatchObject({ code: "usage" });
    await expect(client.set("snapshot.workers=3")).rejects.toThrow("workers-per-host");
    expect(running.acts.settings().batchRows).toBe(5000);
    expect(control).toBeDefined();
  });

  it("is closed to everybody else, in a folder that is", async () => {
    const running = engine();
    {
      await using control = await openControl(running);
      expect(statSync(join(running.directory, "socket")).mode & 0o777).toBe(0o600);
      chmodSync(running.directory, 0o755);
      expect(control).toBeDefined();
    }
    await using again = await openControl(running);
    expect(statSync(running.directory).mode & 0o777).toBe(0o700);
    expect(again).toBeDefined();
  });

  it("is gone when the engine ends, and a verb then says that none runs", async () => {
    const running = engine();
    const control = await openControl(running);
    await control[Symbol.asyncDispose]();
    expect(readdirSync(running.directory)).toEqual([]);
    await expect(engineClient(running.directory).status()).rejects.toMatchObject({
      code: "no-engine",
      exit: 1,
    });
  });

  it("replaces what a dead engine left: a socket that nobody serves, or a file", async () => {
    const running = engine();
    // As kill -9 leaves it: the socket's file stays, and nobody answers.
    mkdirSync(running.directory);
    const dead = createServer();
    await new Promise<void>((ready) => dead.listen(join(running.directory, "dead"), ready));
    renameSync(join(running.directory, "dead"), join(running.directory, "socket"));
    await new Promise((ended) => dead.close(ended));
    for (const left of ["socket", "file"]) {
      if (left === "file") writeFileSync(join(running.directory, "socket"), "");
      await expect(engineClient(running.directory).status()).rejects.toMatchObject({ code: "no-engine" });
      await using control = await openControl(running);
      expect((await engineClient(running.directory).status()).epoch).toBe("7");
      expect(control).toBeDefined();
    }
  });

  it("belongs to the engine that took over, and its predecessor takes only its own away", async () => {
    const first = engine();
    const second = engine({ epoch: "8" });
    const before = await openControl(first);
    // In one process both would use the same name on their way.
    await using after = await openControl(second);
    expect((await engineClient(second.directory).status()).epoch).toBe("8");
    await before[Symbol.asyncDispose]();
    expect((await engineClient(second.directory).status()).epoch).toBe("8");
    expect(after).toBeDefined();
  });

  it("refuses a path that is too long for a Unix socket, and says how long it is", async () => {
    const directory = join(folder, "d".repeat(100));
    await expect(openControl({ ...engine(), directory })).rejects.toMatchObject({
      code: "file-refused",
      message: expect.stringMatching(
        /takes 1\d\d bytes from here, and a Unix socket's path has room for 10[37]/u,
      ) as string,
    });
    expect(existsSync(directory)).toBe(false);
  });

  it("takes no other form of a request", async () => {
    const running = engine();
    await using control = await openControl(running);
    const socket = socketPath(running.directory);
    const post = (path: string, body: string, type = "application/json"): Promise<Answer> =>
      ask({ socketPath: socket, path, method: "POST", headers: { "content-type": type } }, body);
    expect((await ask({ socketPath: socket, path: "/nothing" })).status).toBe(404);
    expect((await ask({ socketPath: socket, path: "/pause" })).status).toBe(404);
    expect((await post("/set", "{}")).status).toBe(400);
    expect((await post("/set", "{")).status).toBe(400);
    expect((await post("/set", '{"set":"apply.batchRows=200"}', "text/plain")).status).toBe(400);
    expect((await post("/set", JSON.stringify({ set: "x".repeat(20_000) }))).status).toBe(413);
    expect(running.log).toEqual([]);
    expect(control).toBeDefined();
  });
});

describe("the port", () => {
  const port = readListen("127.0.0.1:0");

  async function opened(running: Engine): Promise<{ at: { host: string; port: number }; token: string }> {
    const told = running.log.find((line) => line.startsWith("listening")) ?? "";
    const { address, token } = JSON.parse(told.slice("listening ".length)) as {
      address: string;
      token: string;
    };
    const url = new URL(address);
    expect(statSync(token).mode & 0o777).toBe(0o600);
    return { at: { host: url.hostname, port: Number(url.port) }, token: readFileSync(token, "utf8").trim() };
  }

  it("gives health, readiness and figures to anybody on the machine, and the rest for the token", async () => {
    const running = engine({}, port);
    await using control = await openControl(running);
    const { at, token } = await opened(running);
    expect(await ask({ ...at, path: "/healthz" })).toMatchObject({ status: 200 });
    expect(await ask({ ...at, path: "/readyz" })).toMatchObject({ status: 503 });
    const metrics = await ask({ ...at, path: "/metrics" });
    expect(metrics.headers["content-type"]).toMatch(/^text\/plain; version=0\.0\.4/u);
    expect(metrics.body).toContain("headgate_lag_seconds 0.5");
    for (const path of ["/status", "/pause", "/resume", "/set", "/skip", "/nothing"])
      for (const authorization of [
        undefined,
        "Bearer",
        "Bearer wrong",
        `Basic ${token}`,
        `bearer ${token}`,
        token,
        `Bearer ${token}x`,
      ]) {
        const method = path === "/status" ? "GET" : "POST";
        const said = await ask({
          ...at,
          path,
          method,
          headers: authorization === undefined ? {} : { authorization },
        });
        expect([path, authorization, said.status]).toEqual([path, authorization, 401]);
      }
    expect(running.status().held).toBe("no");
    const headers = { authorization: `Bearer ${token}` };
    expect((await ask({ ...at, path: "/status", headers })).status).toBe(200);
    expect((await ask({ ...at, path: "/pause", method: "POST", headers })).status).toBe(200);
    expect(running.status().held).toBe("paused");
    expect(control).toBeDefined();
  });

  it("answers to its own name only: a name that was rebound to 127.0.0.1 is refused, with the token too", async () => {
    const running = engine({}, port);
    await using control = await openControl(running);
    const { at, token } = await opened(running);
    const authorization = `Bearer ${token}`;
    for (const host of ["evil.example", `evil.example:${String(at.port)}`, "127.0.0.1", "127.0.0.1:1"])
      expect([
        host,
        (await ask({ ...at, path: "/healthz", headers: { host, authorization } })).status,
      ]).toEqual([host, 403]);
    for (const host of [`localhost:${String(at.port)}`, `LOCALHOST:${String(at.port)}`])
      expect((await ask({ ...at, path: "/healthz", headers: { host } })).status).toBe(200);
    expect(control).toBeDefined();
  });

  it("has nothing for web pages", async () => {
    const running = engine({}, port);
    await using control = await openControl(running);
    const { at, token } = await opened(running);
    for (const origin of ["http://evil.example", "null", `http://127.0.0.1:${String(at.port)}`]) {
      const headers = { origin, authorization: `Bearer ${token}` };
      const said = await ask({ ...at, path: "/status", headers });
      expect([origin, said.status]).toEqual([origin, 403]);
      expect(Object.keys(said.headers).filter((name) => name.startsWith("access-control"))).toEqual([]);
      expect((await ask({ ...at, path: "/pause", method: "OPTIONS", headers })).status).toBe(403);
    }
    expect(running.status().held).toBe("no");
    expect(control).toBeDefined();
  });

  it("has a new token each time, and takes it away at the end", async () => {
    const running = engine({}, port);
    const tokens: string[] = [];
    while (tokens.length < 2) {
      running.log.length = 0;
      const control = await openControl(running);
      tokens.push((await opened(running)).token);
      await control[Symbol.asyncDispose]();
    }
    expect(new Set(tokens).size).toBe(2);
    expect(tokens.every((token) => token.length >= 43)).toBe(true);
    expect(readdirSync(running.directory)).toEqual([]);
  });

  it("that is taken is a usage error, and leaves no socket behind", async () => {
    const other = createServer();
    await new Promise<void>((ready) => other.listen(0, "127.0.0.1", ready));
    const address = other.address();
    const taken = typeof address === "object" && address !== null ? address.port : 0;
    const running = engine({}, { host: "127.0.0.1", port: taken });
    await expect(openControl(running)).rejects.toMatchObject({
      code: "usage",
      message: expect.stringContaining("EADDRINUSE") as string,
    });
    expect(readdirSync(running.directory)).toEqual([]);
    await new Promise((ended) => other.close(ended));
  });

  it("stays on the machine", () => {
    expect(readListen("[::1]:9187")).toEqual({ host: "::1", port: 9187 });
    expect(readListen("localhost:0")).toEqual({ host: "localhost", port: 0 });
    for (const text of [
      "0.0.0.0:9187",
      "[::]:9187",
      "10.0.0.1:80",
      "db.example:80",
      "9187",
      ":9187",
      "127.0.0.1",
      "127.0.0.1:99999",
      "127.0.0.1:x",
    ])
      expect(() => readListen(text)).toThrow(Fault);
  });
});

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

function ask(
  to: {
    readonly socketPath?: string;
    readonly host?: string;
    readonly port?: number;
    readonly path: string;
    readonly method?: string;
    readonly headers?: Readonly<Record<string, string>>;
  },
  body = "",
): Promise<Answer> {
  return new Promise((answered, failed) => {
    const sent = request(
      {
        ...to,
        headers: {
          host: to.socketPath === undefined ? `127.0.0.1:${String(to.port)}` : "localhost",
          ...to.headers,
        },
      },
      (response) => {
        let all = "";
        response.setEncoding("utf8").on("data", (part: string) => (all += part));
        response.on("end", () =>
          answered({ status: response.statusCode ?? 0, headers: response.headers, body: all }),
        );
      },
    );
    sent.on("error", failed);
    sent.end(body);
  });
}
