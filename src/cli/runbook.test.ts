import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Fault } from "../errors.js";
import { catalogue, counter, request, table } from "../plan/example-catalogue.js";
import { plan } from "../plan/plan.js";
import { keepPlan, settlePlan } from "./plan-file.js";
import { runProgram } from "./program.js";
import { keepRehearsal } from "./rehearsal.js";

const folder = mkdtempSync(join(tmpdir(), "headgate-runbook-"));
const file = join(folder, "night.yaml");
const state = join(folder, ".headgate", "20261122_shop");
const secrets = ["canary-source-Pw", "canary-target-Pw"];

beforeAll(async () => {
  writeFileSync(
    file,
    `migration: 20261122_shop
source: { url: "mysql://hg_user:\${S}@127.0.0.1:3306/shop" }
target: { url: "postgresql://hg_user:\${T}@127.0.0.1:5432/shop" }
`,
    { mode: 0o600 },
  );
  const made = plan(
    catalogue([
      table("orders", [counter()], { estimatedRows: 1000 }),
      table("log", [counter()], { indexes: [] }),
    ]),
    request({ migration: "20261122_shop" }),
  );
  await keepPlan(state, made);
  await settlePlan(state, made.fingerprint);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Without any server: whoever opens one fails. */
async function run(...argv: string[]): Promise<{ exit: number; out: string; err: string }> {
  const refuse = (): never => {
    throw new Fault("bug", "A server was opened.");
  };
  let [out, err] = ["", ""];
  const exit = await runProgram(argv, {
    env: { S: secrets[0], T: secrets[1] },
    streams: { stdout: (text) => (out += text), stderr: (text) => (err += text) },
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
  });
  return { exit, out, err };
}

it("is printed with every server down, names neither secret nor user, and takes the rehearsal's seconds", async () => {
  const before = await run("-c", file, "runbook");
  expect(before.exit).toBe(0);
  expect(before.out).toContain("# 20261122\\_shop: the night");
  expect(before.out).toContain("127.0.0.1:3306/shop");
  expect(before.out).toContain("Without a key, compared as a multiset: `log`");
  expect(before.err).toContain("cutover --rehearse");
  await keepRehearsal(state, {
    at: "2026-11-21T02:00:00Z",
    of: "rehearsal",
    steps: [{ step: "drain", seconds: 12.3 }],
  });
  const after = await run("-c", file, "runbook", "--json");
  const body = JSON.parse(after.out) as {
    markdown: string;
    runbook: { night: { stage: string; seconds: number }[] };
  };
  expect(body.runbook.night.find(({ stage }) => stage === "drain")?.seconds).toBe(12.3);
  expect(body.markdown).toContain("| 12 |");
  for (const secret of [...secrets, "hg_user"]) expect(before.out + after.out).not.toContain(secret);
});

it("names only commands and flags that there are", async () => {
  const { out } = await run("-c", file, "runbook", "--json");
  const { markdown } = JSON.parse(out) as { markdown: string };
  const commands = [...markdown.matchAll(/`headgate -c \S+ ([^`]+)`/gu)].map(([, words = ""]) =>
    words.split(" "),
  );
  expect(commands.length).toBeGreaterThan(15);
  for (const [verb = "", ...words] of commands) {
    if (verb === "--help") continue;
    const help = await run(verb, "--help");
    expect([verb, help.exit]).toEqual([verb, 0]);
    // What is not built yet takes every flag.
    if (help.out.includes("Not built yet")) continue;
    for (const flag of words.filter((word) => word.startsWith("--"))) expect(help.out).toContain(flag);
  }
});

it("says which command makes the plan that it is made of", async () => {
  const other = join(folder, "other.yaml");
  writeFileSync(
    other,
    'migration: 20261123_other\nsource: { url: "mysql://u@127.0.0.1:3306/shop" }\ntarget: { url: "postgresql://u@127.0.0.1:5432/shop" }\n',
  );
  const { exit, err } = await run("-c", other, "runbook");
  expect(exit).toBe(3);
  expect(err).toMatch(/next: headgate -c \S+ plan\n/u);
});
