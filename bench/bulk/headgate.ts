/**
 * Headgate as a contestant: the real command line with two workers. Phases come from its own report (the target's
 * clock), CPU and memory from the process itself at its end; the wall time is from outside, checks and start included.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { used } from "./cpu.js";
import type { Cpu, Meter } from "./cpu.js";
import type { Figures } from "./figures.js";
import { account } from "./source.js";
import type { Usage } from "./usage.js";

const cli = fileURLToPath(new URL("../../src/cli/main.js", import.meta.url));
const usageModule = new URL("usage.js", import.meta.url).href;

interface Phase {
  readonly phase: string;
  readonly startedAt: string;
  readonly endedAt: string | null;
}

/** A source server and the database on it. */
interface From {
  readonly url: string;
  readonly database: string;
}

/** Copies `from`'s database into the empty one at `target`. Gives the figures, and the plan's statements before and after the data. */
export async function runHeadgate(
  from: From,
  target: string,
  meter: Meter,
): Promise<{ figures: Figures; before: readonly Statement[]; after: readonly Statement[] }> {
  return await inFolder(from, target, async (folder) => {
    const started = performance.now();
    const first = meter.read();
    const states = new Map<string, Cpu>();
    const run = await headgate(folder, ["run", "--until", "copied", "--json"], join(folder, "usage.json"), {
      meter,
      // Each state's first event: what everybody had used when it began.
      line: (text) => {
        const { state } = JSON.parse(text) as { readonly state?: string };
        if (state !== undefined && !states.has(state)) states.set(state, meter.read());
      },
    });
    const ended = meter.read();
    const [copying, building] = [states.get("copying"), states.get("building")];
    if (copying === undefined || building === undefined)
      throw new Error("The run said nothing of its states: its CPU-seconds cannot be told apart.");
    const wall = (performance.now() - started) / 1000;
    const usage = JSON.parse(readFileSync(join(folder, "usage.json"), "utf8")) as Usage;
    const last = JSON.parse(run.trimEnd().split("\n").at(-1) ?? "") as {
      readonly rows: number;
      readonly bytes: number;
    };
    const report = JSON.parse(await headgate(folder, ["report", "--json"], null)) as {
      readonly phases: readonly Phase[];
    };
    const plan = JSON.parse(
      readFileSync(join(folder, ".headgate", "20261122_bulk", "plan.json"), "utf8"),
    ) as {
      readonly before: readonly Statement[];
      readonly after: readonly Statement[];
    };
    const seconds = (name: string): number => {
      const phase = report.phases.find((one) => one.phase === name);
      if (phase === undefined || phase.endedAt === null)
        throw new Error(`The report has no phase ${name} that ended.`);
      return (Date.parse(phase.endedAt) - Date.parse(phase.startedAt)) / 1000;
    };
    return {
      figures: {
        data: seconds("copy"),
        indexes: seconds("build"),
        wall,
        cpu: usage.cpuSeconds,
        rss: usage.peakMb,
        rows: last.rows,
        bytes: last.bytes,
        apart: { data: used(copying, building), whole: used(first, ended) },
      },
      before: plan.before,
      after: plan.after,
    };
  });
}

/** What one `check` used: seconds from outside, start included; CPU-seconds and peak MB of its own process. */
export interface CheckFigures {
  readonly wall: number;
  readonly cpu: number;
  readonly rss: number;
  readonly errors: number;
}

/** Looks at every value of `from` and changes nothing. */
export async function checkHeadgate(from: From, target: string): Promise<CheckFigures> {
  return await inFolder(from, target, async (folder) => {
    const started = performance.now();
    const out = await headgate(folder, ["check", "--json"], join(folder, "usage.json"));
    const wall = (performance.now() - started) / 1000;
    const usage = JSON.parse(readFileSync(join(folder, "usage.json"), "utf8")) as Usage;
    const { findings } = JSON.parse(out) as { readonly findings: readonly { readonly severity: string }[] };
    return {
      wall,
      cpu: usage.cpuSeconds,
      rss: usage.peakMb,
      errors: findings.filter(({ severity }) => severity === "error").length,
    };
  });
}

/** Runs `act` in a folder with a headgate.yaml that joins the two, and removes it. */
export async function inFolder<T>(
  from: From,
  target: string,
  act: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "headgate-bench-"));
  try {
    const { host } = new URL(from.url);
    writeFileSync(
      join(folder, "headgate.yaml"),
      [
        "migration: 20261122_bulk",
        "environment: development",
        `source: { url: "mysql://${account.user}:${account.password}@${host}/${from.database}" }`,
        `target: { url: "${target}" }`,
        "",
      ].join("\n"),
      { mode: 0o600 },
    );
    return await act(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export interface Statement {
  readonly name: string;
  readonly kind: string;
  readonly table: string | null;
  readonly sql: string;
}

export async function headgate(
  folder: string,
  args: readonly string[],
  usageFile: string | null,
  watch?: { readonly meter: Meter; readonly line: (text: string) => void },
): Promise<string> {
  const child = spawn(
    process.execPath,
    [...(usageFile === null ? [] : ["--import", usageModule]), cli, ...args],
    {
      cwd: folder,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...(usageFile === null ? {} : { HEADGATE_BENCH_USAGE: usageFile }) },
    },
  );
  let out = "";
  let log = "";
  if (watch !== undefined) watch.meter.engine = child.pid ?? null;
  const looking = setInterval(() => watch?.meter.look(), 100);
  let told = 0;
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text;
    for (let end = out.indexOf("\n", told); end >= 0; told = end + 1, end = out.indexOf("\n", told))
      watch?.line(out.slice(told, end));
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => (log += text));
  const code = await new Promise<number | null>((ended, failed) => {
    child.once("error", failed);
    child.once("close", ended);
  });
  clearInterval(looking);
  if (code !== 0) throw new Error(`headgate ${args.join(" ")} ended with ${String(code)}:\n${out}\n${log}`);
  return out;
}
