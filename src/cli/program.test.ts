/** The command line without servers: help, exit codes, and the shape of what is printed for scripts. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { Fault } from "../errors.js";
import type { Finding } from "../model.js";
import { nextOf, proposedLines } from "./findings.js";
import { later } from "./later.js";
import { openMigration } from "./open.js";
import { Output, asFault } from "./output.js";
import { runProgram } from "./program.js";
import type { Services } from "./services.js";
import { table } from "./table.js";

/** A world without servers: whatever would open one is refused. */
function offline(
  streams: Services["streams"] = { stdout: () => undefined, stderr: () => undefined },
): Services {
  const refuse = (): never => {
    throw new Fault("bug", "This test has no servers.");
  };
  return {
    env: {},
    streams,
    terminal: false,
    size: {},
    signal: new AbortController().signal,
    now: () => 0,
    today: () => new Date(0),
    wait: refuse,
    ask: refuse,
    sourceVitals: refuse,
    targetVitals: refuse,
    spawn: refuse,
    openSource: refuse,
    openTarget: refuse,
    openSourceNight: refuse,
    sourceTraces: refuse,
    reverseLedger: refuse,
    sourceProbe: refuse,
    targetProbe: refuse,
    moment: () => undefined,
    streamMoment: () => undefined,
    verifyMoment: () => undefined,
  };
}

async function run(...argv: string[]): Promise<{ exit: number; out: string; err: string }> {
  let out = "";
  let err = "";
  const services = offline({
    stdout: (text) => void (out += text),
    stderr: (text) => void (err += text),
  });
  const exit = await runProgram(argv, services);
  return { exit, out, err };
}

const built = [
  "init",
  "check",
  "context",
  "plan",
  "run",
  "status",
  "report",
  "demo",
  "pause",
  "resume",
  "set",
];

it.each([...built, ...later.map(([name]) => name)])(
  "%s --help is short and ends with an example",
  async (verb) => {
    const { exit, out } = await run(verb, "--help");
    const lines = out.trimEnd().split("\n");
    expect(exit).toBe(0);
    expect(lines.length).toBeLessThan(24);
    expect(lines.at(-1)).toMatch(new RegExp(`^ {2}headgate ${verb}`, "u"));
  },
);

it("headgate --help is one screen that ends with an example", async () => {
  const { exit, out } = await run("--help");
  expect(out.trimEnd().split("\n").length).toBeLessThanOrEqual(24);
  for (const [name] of later) expect(out).toContain(name);
  expect([exit, out.trimEnd().split("\n").at(-1)]).toEqual([0, "  headgate init --help"]);
});

it.each(["init", "plan", "run", "pause", "resume", "set"])(
  "%s, which writes, takes --yes and --dry-run",
  async (verb) => {
    const { out } = await run(verb, "--help");
    expect(out).toContain("--yes");
    expect(out).toContain("--dry-run");
  },
);

it.each(later.map(([name]) => name))("%s says that it is not built yet", async (verb) => {
  const { exit, err } = await run(verb);
  expect(exit).toBe(64);
  expect(err).toMatch(/not-built-yet.*\nnext: headgate --help\n/u);
});

it.each([[["frobnicate"]], [["run", "--frobnicate"]], [["init"]]])("%j is a usage error", async (argv) => {
  expect((await run(...argv)).exit).toBe(64);
  const { exit, out } = await run(...argv, "--json");
  expect(exit).toBe(64);
  const last = JSON.parse(out.trimEnd().split("\n").at(-1) ?? "") as { ok: boolean; error: { code: string } };
  expect(last.ok).toBe(false);
  expect(last.error.code).toBe("usage");
});

it("a usage error names the help of its own verb", async () => {
  expect((await run("run", "--frobnicate")).err).toBe(
    "usage: unknown option '--frobnicate'\nnext: headgate run --help\n",
  );
  expect((await run("chek")).err).toBe(
    "usage: unknown command 'chek' (Did you mean check?)\nnext: headgate --help\n",
  );
});

it("a verb without its config names the next command", async () => {
  const { exit, out } = await run("-c", "/nowhere/headgate.yaml", "status", "--json");
  const said = JSON.parse(out) as Record<string, unknown>;
  expect(exit).toBe(64);
  expect(said).toMatchObject({
    ui: "1.0",
    verb: "status",
    ok: false,
    exit: 64,
    error: { code: "config-missing", retriable: false },
  });
});

it("run takes no other goal than its two, and no time without one", async () => {
  for (const argv of [
    ["run", "--until", "done"],
    ["run", "--timeout", "10m"],
    ["run", "--until", "copied", "--timeout", "10m"],
    ["run", "--until", "ready", "--timeout", "soon"],
  ]) {
    const { exit, err } = await run(...argv);
    expect([argv.join(" "), exit]).toEqual([argv.join(" "), 64]);
    expect(err).toMatch(/^usage: --(?:until|timeout) /u);
  }
});

it("what is no Fault is told as our own bug, with its stack", () => {
  const fault = asFault(new TypeError("x is not a function"));
  expect([fault.code, fault.exit]).toEqual(["bug", 1]);
  expect(fault.message).toContain("x is not a function");
  expect(fault.message).toContain("program.test");
});

it("a file that cannot be written is told with its path, and is no bug", async () => {
  const error: unknown = await writeFile("/nowhere/report.html", "").catch((thrown: unknown) => thrown);
  const fault = asFault(error);
  expect([fault.code, fault.exit]).toEqual(["file-refused", 64]);
  expect(fault.message).toBe("/nowhere/report.html cannot be opened or written (ENOENT).");
  const { exit, err } = await run(
    ...["-c", "/nowhere/headgate.yaml", "init", "--source", "mysql://a@127.0.0.1:1/s"],
    ...["--target", "postgresql://a@127.0.0.1:2/t"],
  );
  expect(exit).toBe(64);
  expect(err).toContain("file-refused: /nowhere cannot be opened or written (ENOENT).");
});

it("secrets are scrubbed from results, events and faults", () => {
  let all = "";
  const take = (text: string): void => void (all += text);
  for (const json of [true, false]) {
    const output = new Output("run", json, { stdout: take, stderr: take });
    output.know("m", (text) => text.replaceAll("hunter2", "***"));
    output.event("progress", { note: "hunter2" });
    output.say("hunter2");
    output.fault(new Fault("usage", "hunter2", { facts: { a: "hunter2" } }));
    output.result({
      exit: 0,
      nextSteps: [{ why: "hunter2", command: "hunter2" }],
      body: { b: "hunter2" },
      human: ["hunter2"],
    });
  }
  expect(all).toContain("***");
  expect(all).not.toContain("hunter2");
});

it("a next command has the name that production wants with it, and no other has", () => {
  let all = "";
  const take = (text: string): void => void (all += text);
  const output = new Output("cutover", false, { stdout: take, stderr: take }, "a.yaml");
  output.know("m", (text) => text, "shop");
  const commands = ["headgate run", "headgate complete", "headgate run --until copied"];
  const others = ["headgate cutover --dry-run", "headgate rollback", "headgate complete --confirm shop"];
  output.result({
    ...{ exit: 0, body: {}, human: [] },
    nextSteps: [...commands, ...others].map((command) => ({ why: "w", command })),
  });
  output.fault(new Fault("cutover-aborted", "x", { next: "headgate repair, then headgate cutover" }));
  expect(all.split("\n").filter((line) => line.startsWith("next:"))).toEqual([
    "next: headgate -c a.yaml run --confirm shop   (w)",
    "next: headgate -c a.yaml complete --confirm shop   (w)",
    "next: headgate -c a.yaml run --confirm shop --until copied   (w)",
    "next: headgate -c a.yaml cutover --dry-run   (w)",
    "next: headgate -c a.yaml rollback   (w)",
    "next: headgate -c a.yaml complete --confirm shop   (w)",
    "next: headgate -c a.yaml repair, then headgate cutover --confirm shop",
  ]);
  all = "";
  output.know("m", (text) => text);
  output.result({ ...{ exit: 0, body: {}, human: [] }, nextSteps: [{ why: "w", command: "headgate run" }] });
  expect(all).toBe("next: headgate -c a.yaml run   (w)\n");
});

it("columns are as wide as a terminal shows them", () => {
  expect(
    table(
      ["name", "n"],
      [
        ["日本", "1"],
        ["ab", "20"],
      ],
      [1],
    ),
  ).toEqual(["name   n", "----  --", "日本   1", "ab    20"]);
});

function printed(act: (output: Output) => void, config?: string): Record<string, unknown> {
  let out = "";
  const output = new Output(
    "run",
    true,
    { stdout: (text) => void (out += text), stderr: () => undefined },
    config,
  );
  act(output);
  return JSON.parse(out) as Record<string, unknown>;
}

it("a next step is a command that runs as it stands, or none", () => {
  const of = (fault: Fault, config?: string): unknown =>
    printed((output) => {
      output.fault(fault);
    }, config)["nextSteps"];
  expect(of(new Fault("claimed", "held"))).toEqual([]);
  // Sentences about a command, and a choice of two.
  for (const next of ["headgate status lists its tables.", "headgate plan --amend, or headgate recopy t"])
    expect(of(new Fault("usage", "no", { next }))).toEqual([]);
  expect(of(new Fault("interrupted", "stop"))).toEqual([
    { why: "stop", command: "headgate run --until copied" },
  ]);
  expect(of(new Fault("interrupted", "stop"), "it's a/b.yaml")).toEqual([
    { why: "stop", command: "headgate -c 'it'\\''s a/b.yaml' run --until copied" },
  ]);
  const result = {
    exit: 0,
    nextSteps: [{ why: "done", command: "headgate report" }],
    body: {},
    human: [],
  } as const;
  const said = printed((output) => {
    output.result(result);
  }, "shop.yaml");
  expect(said["nextSteps"]).toEqual([{ why: "done", command: "headgate -c shop.yaml report" }]);
});

it("a verb that ended early with figures tells both", () => {
  const said = printed((output) => {
    output.result({
      exit: 130,
      nextSteps: [],
      body: { state: "stopped", rows: 5 },
      human: [],
      fault: new Fault("interrupted", "stop"),
    });
  });
  expect(said).toMatchObject({
    ok: false,
    exit: 130,
    state: "stopped",
    rows: 5,
    error: { code: "interrupted" },
  });
});

function finding(settle: Finding["settle"], code = "x", severity: Finding["severity"] = "error"): Finding {
  return {
    code,
    severity,
    object: "t.c",
    sentence: "",
    fix: "",
    count: 1,
    sampleKeys: [],
    ...(settle === undefined ? {} : { settle }),
  };
}

it("what to do about findings is never the command that was just answered", () => {
  const settled = finding([{ section: "rename", yaml: "a: b" }]);
  const command = (findings: readonly Finding[], proposed = false): string | undefined =>
    nextOf(findings, proposed)?.command;
  expect(command([finding(undefined, "x", "warning")])).toBeUndefined();
  expect(command([settled, finding(undefined, "grant-reload")])).toBe("headgate check --propose");
  expect(command([settled], true)).toBe("headgate check");
  expect(command([finding(undefined, "grant-reload")])).toBe("headgate check --grants");
  expect(command([finding(undefined, "no-binlog")])).toBe("headgate check");
});

it("what check proposes is one piece of YAML that the config takes", () => {
  const lines = proposedLines([
    finding([{ section: "policies", yaml: '{ match: { table: t, column: a }, zeroDate: "null" }' }]),
    finding([{ section: "typemap", yaml: "{ match: { table: t, column: b }, to: { type: smallint } }" }]),
    finding([{ section: "policies", yaml: "{ match: { table: t, column: c }, nul: strip }" }]),
    finding([{ section: "rename", yaml: '"a b": a_b' }]),
    finding(undefined),
  ]);
  expect(parse(lines.join("\n"))).toEqual({
    tables: { rename: { "a b": "a_b" } },
    typemap: [{ match: { table: "t", column: "b" }, to: { type: "smallint" } }],
    policies: [
      { match: { table: "t", column: "a" }, zeroDate: "null" },
      { match: { table: "t", column: "c" }, nul: "strip" },
    ],
  });
  expect(proposedLines([finding(undefined)])).toEqual([]);
});

it("a connection in clear is told on every screen and among the skipped safeguards", async () => {
  const folder = mkdtempSync(join(tmpdir(), "headgate-clear-"));
  const config = join(folder, "headgate.yaml");
  writeFileSync(
    config,
    [
      "migration: 20261122_shop",
      "source: { url: mysql://a@db1.internal/s, tls: { mode: off, insecure: true } }",
      "target: { url: postgresql://a@127.0.0.1/t, tls: { mode: off } }",
    ].join("\n"),
  );
  let err = "";
  const output = new Output("status", false, {
    stdout: () => undefined,
    stderr: (text) => void (err += text),
  });
  const context = { flags: { config, json: false }, output, services: offline() };
  await using migration = await openMigration(context);
  rmSync(folder, { recursive: true });
  expect(err).toBe(
    "warning: the source's connection is not encrypted (source.tls: { mode: off, insecure: true })\n",
  );
  expect(migration.skippedSafeguards).toEqual([
    "encryption of the source's connection (tls.mode is off, insecure)",
  ]);
});
