import { describe, expect, it } from "vitest";
import type { Ended, HookEnded, HookOptions, Program } from "./hook.js";
import { Hooks, keptOutput } from "./hook.js";
import { readLatencyHook } from "./latency-hook.js";

const signal = new AbortController().signal;
const facts = {
  migration: "20261122_shop",
  cutover: "20261122_shop-1",
  writePauseSeconds: 1.25,
  position: null,
};

function hooks(answers: (program: Program) => Ended | Promise<Ended>, commands?: HookOptions["commands"]) {
  const ran: Program[] = [];
  const ended: HookEnded[] = [];
  let at = 0;
  const made = new Hooks({
    commands: commands ?? {
      "before-fence": ["./announce.sh", "--to", "all; rm -rf /"],
      "after-switch": ["notify"],
      switch: ["/usr/local/bin/route"],
      latency: ["./p95"],
      page: ["./page.sh"],
    },
    timeoutMs: 30_000,
    folder: "/etc/shop",
    path: "/usr/bin:/bin",
    spawn: async (program) => {
      ran.push(program);
      at += 1500;
      return answers(program);
    },
    now: () => at,
    onEnded: (one) => ended.push(one),
  });
  return { hooks: made, ran, ended };
}

const exited = (code: number): Ended => ({ kind: "exited", code });

describe("hooks", () => {
  it("hands over arguments as they stand, a folder, and an environment of facts and PATH alone", async () => {
    const { hooks: some, ran, ended } = hooks(() => exited(0));
    await expect(some.run("before-fence", facts, signal)).resolves.toMatchObject({ ok: true, seconds: 1.5 });
    expect(ran[0]).toMatchObject({
      file: "/etc/shop/announce.sh",
      args: ["--to", "all; rm -rf /"],
      folder: "/etc/shop",
      timeoutMs: 30_000,
      env: {
        PATH: "/usr/bin:/bin",
        HEADGATE_HOOK: "before-fence",
        HEADGATE_MIGRATION: "20261122_shop",
        HEADGATE_CUTOVER: "20261122_shop-1",
        HEADGATE_WRITE_PAUSE_SECONDS: "1.25",
      },
    });
    expect(Object.keys(ran[0]?.env ?? {})).toHaveLength(5);
    expect(ended).toHaveLength(1);
    await some.run("switch", facts, signal, 700);
    await some.run("after-switch", facts, signal);
    expect(ran.map(({ file }) => file)).toEqual(["/etc/shop/announce.sh", "/usr/local/bin/route", "notify"]);
    // What is left of the write pause is all that a hook inside it has.
    expect(ran[1]?.timeoutMs).toBe(700);
    await expect(some.run("before-switch", facts, signal)).resolves.toBeNull();
  });

  it.each<[Ended, string]>([
    [exited(3), "exit code 3"],
    [{ kind: "killed", by: "SIGKILL" }, "SIGKILL"],
    [{ kind: "timed-out" }, "no end within 30 s"],
    [{ kind: "refused", why: "ENOENT" }, "no start (ENOENT)"],
  ])("takes %j for a veto before the switch, and pages nobody", async (how, words) => {
    const { hooks: some, ran } = hooks(() => how);
    await expect(some.run("before-fence", facts, signal)).rejects.toMatchObject({
      code: "hook-vetoed",
      exit: 5,
      message: `The hook before-fence ended with ${words}.`,
    });
    await some[Symbol.asyncDispose]();
    expect(ran).toHaveLength(1);
  });

  it("takes the same for a fault that pages, after it", async () => {
    const { hooks: some, ran } = hooks(({ file }) => exited(file.endsWith("page.sh") ? 1 : 7));
    await expect(some.run("switch", facts, signal)).rejects.toMatchObject({ code: "hook-failed", exit: 6 });
    await some[Symbol.asyncDispose]();
    expect(ran.at(-1)?.env).toMatchObject({
      HEADGATE_HOOK: "page",
      HEADGATE_CODE: "hook-failed",
      HEADGATE_REASON: "The hook switch ended with exit code 7.",
    });
  });

  it("is never held up by a page, and lets it end before it ends itself", async () => {
    let end: (ended: Ended) => void = () => undefined;
    const paging = new Promise<Ended>((resolve) => (end = resolve));
    const { hooks: some, ended } = hooks(() => paging);
    some.page(facts, signal);
    expect(ended).toEqual([]);
    const closed = some[Symbol.asyncDispose]();
    end(exited(1));
    await closed;
    expect(ended.map(({ hook, ok }) => [hook, ok])).toEqual([["page", false]]);
  });

  it("keeps the beginning of what is written, and says how much more there was", async () => {
    const { hooks: some } = hooks(({ onOutput }) => {
      onOutput("stderr", Buffer.from("a warning\n"));
      for (let kib = 0; kib < 64; kib += 1) onOutput("stdout", Buffer.alloc(1024, "x"));
      return exited(0);
    });
    const ended = await some.run("latency", facts, signal);
    expect(ended?.stdout).toBe(`${"x".repeat(keptOutput)} [and ${String(49_152)} bytes more]`);
    expect(ended?.output.startsWith("a warning\nxxx")).toBe(true);
  });
});

describe("what the latency hook prints", () => {
  it("is read as P95s by class and as counts", () => {
    expect(
      readLatencyHook('{"p95Ms": {"checkout": 41.5, "cart": 3}, "requests": 81234, "failed": 12}\n'),
    ).toEqual({
      latencies: { checkout: { p95Ms: 41.5 }, cart: { p95Ms: 3 } },
      served: { requests: 81234n, failed: 12n },
    });
    expect(readLatencyHook('{"p95Ms": 12}')).toEqual({
      latencies: { "all requests": { p95Ms: 12 } },
      served: null,
    });
    expect(readLatencyHook("{}")).toEqual({ latencies: null, served: null });
  });

  it.each([
    "",
    "12",
    "p95 = 12",
    '{"p95Ms": "12"}',
    '{"p95Ms": -1}',
    '{"requests": 3}',
    '{"p95": 12}',
    '{"requests": 1.5, "failed": 0}',
  ])("is refused as %j", (text) => {
    expect(() => readLatencyHook(text)).toThrow(expect.objectContaining({ code: "hook-failed" }));
  });
});
