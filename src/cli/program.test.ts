/** The command line without servers: help, exit codes, and the shape of what is printed for scripts. */
import { expect, it } from "vitest";
import { parse } from "yaml";
import { Fault } from "../errors.js";
import type { Finding } from "../model.js";
import { proposedLines } from "./findings.js";
import { later } from "./later.js";
import { Output, asFault } from "./output.js";
import { runProgram } from "./program.js";
import type { Services } from "./services.js";
import { table } from "./table.js";

function run(...argv: string[]): Promise<{ exit: number; out: string; err: string }> {
  let out = "";
  let err = "";
  const refuse = (): never => {
    throw new Fault("bug", "This test has no servers.");
  };
  const services: Services = {
    env: {},
    streams: { stdout: (text) => void (out += text), stderr: (text) => void (err += text) },
    terminal: false,
    width: 80,
    signal: new AbortController().signal,
    now: () => 0,
    today: () => new Date(0),
    wait: refuse,
    ask: refuse,
    openSource: refuse,
    openTarget: refuse,
    moment: () => undefined,
  };
  return runProgram(argv, services).then((exit) => ({ exit, out, err }));
}

const built = ["init", "check", "plan", "run", "status", "report", "demo"];

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

it("headgate --help ends with an example too", async () => {
  const { exit, out } = await run("--help");
  expect([exit, out.trimEnd().split("\n").at(-1)]).toEqual([0, "  headgate init --help"]);
});

it.each(["init", "plan", "run"])("%s, which writes, takes --yes and --dry-run", async (verb) => {
  const { out } = await run(verb, "--help");
  expect(out).toContain("--yes");
  expect(out).toContain("--dry-run");
});

it.each(later.map(([name]) => name))("%s says that it is not built yet", async (verb) => {
  const { exit, err } = await run(verb);
  expect(exit).toBe(64);
  expect(err).toContain("not-built-yet");
});

it.each([[["frobnicate"]], [["run", "--frobnicate"]], [["init"]]])("%j is a usage error", async (argv) => {
  expect((await run(...argv)).exit).toBe(64);
  const { exit, out } = await run(...argv, "--json");
  expect(exit).toBe(64);
  const last = JSON.parse(out.trimEnd().split("\n").at(-1) ?? "") as { ok: boolean; error: { code: string } };
  expect(last.ok).toBe(false);
  expect(last.error.code).toBe("usage");
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

it("run without --until copied is refused before anything is opened", async () => {
  for (const argv of [["run"], ["run", "--until", "ready"]]) {
    const { exit, err } = await run(...argv);
    expect(exit).toBe(64);
    expect(err).toContain("not-built-yet");
  }
  expect((await run("run", "--until", "sunday")).err).toContain("usage");
});

it("what is no Fault is told as our own bug, with its stack", () => {
  const fault = asFault(new TypeError("x is not a function"));
  expect([fault.code, fault.exit]).toEqual(["bug", 1]);
  expect(fault.message).toContain("x is not a function");
  expect(fault.message).toContain("program.test");
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

it("what check proposes is one piece of YAML that the config takes", () => {
  const finding = (settle: Finding["settle"]): Finding => ({
    code: "x",
    severity: "error",
    object: "t.c",
    sentence: "",
    fix: "",
    count: 1,
    sampleKeys: [],
    ...(settle === undefined ? {} : { settle }),
  });
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
