/**
 * `npm run bench -- cutover [--rounds 20] [--rate 500]`: cutovers and rollbacks, one after the other, of one migration whose
 * application commits so many transactions a second all the while. Prints how long nobody could write, as the verbs say and as
 * the application saw it, with the whole proof inside, and where the time goes, step by step. Writes bench/results.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { list } from "../../test/world/stack/servers.js";
import { cutoverWorld } from "./world.js";
import { startWriters } from "./writers.js";
import type { Writers } from "./writers.js";

export interface CutoverBenchOptions {
  readonly rounds: number;
  /** Transactions a second. */
  readonly rate: number;
  readonly scale: number;
}

type Said = Readonly<Record<string, unknown>>;

interface Walk {
  readonly pause: number;
  readonly seen: number;
  readonly keys: number;
  readonly steps: Readonly<Record<string, number>>;
}

/** Seconds that the application writes on a side before it is moved again. */
const between = 5;

export async function cutover({ rounds, rate, scale }: CutoverBenchOptions): Promise<void> {
  await using world = await cutoverWorld(scale);
  const engine = spawn(process.execPath, [cli, "run", "--json"], {
    cwd: world.folder,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const log = logOf(engine);
  const writers = startWriters(world, rate);
  const [there, back]: [Walk[], Walk[]] = [[], []];
  const committed: number[] = [];
  try {
    for (let round = 1; round <= rounds; round += 1) {
      await log.ready(round);
      committed.push(await rateOf(writers));
      there.push(await walk(world.folder, "cutover", writers));
      committed.push(await rateOf(writers));
      back.push(await walk(world.folder, "rollback", writers));
      process.stderr.write(
        `round ${String(round)}: ${there.at(-1)?.pause.toFixed(2) ?? ""} s there (${String(there.at(-1)?.keys)} keys), ${back.at(-1)?.pause.toFixed(2) ?? ""} s back\n`,
      );
    }
  } finally {
    await writers.stop();
    engine.kill("SIGTERM");
  }
  const page = pageOf({ there, back, committed }, { rounds, rate, scale });
  process.stdout.write(page);
  mkdirSync("bench/results", { recursive: true });
  writeFileSync("bench/results/cutover.md", page);
}

const cli = resolve("dist/src/cli/main.js");

/** Commits a second, over some seconds. */
async function rateOf(writers: Writers): Promise<number> {
  const before = writers.committed;
  await pause(between * 1000);
  return (writers.committed - before) / between;
}

/** The engine's log: how often it was ready. */
function logOf(engine: ChildProcess): { ready(times: number): Promise<void> } {
  let [text, tell] = ["", (): void => undefined];
  for (const stream of [engine.stderr, engine.stdout])
    stream?.setEncoding("utf8").on("data", (part: string) => {
      text += part;
      tell();
    });
  engine.once("exit", () => tell());
  return {
    ready: async (times) => {
      while ((text.match(/"msg":"ready"/gu) ?? []).length < times) {
        if (engine.exitCode !== null) throw new Error(`the engine ended:\n${text.slice(-4000)}`);
        await new Promise<void>((resolved) => (tell = resolved));
      }
    },
  };
}

async function walk(folder: string, verb: "cutover" | "rollback", writers: Writers): Promise<Walk> {
  writers.longest();
  const child = spawn(process.execPath, [cli, verb, "--json"], {
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [out, err] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
  const code = await new Promise<number | null>((ended) => child.once("close", ended));
  const lines = out
    .trimEnd()
    .split("\n")
    .flatMap((line) => (line === "" ? [] : [JSON.parse(line) as Said]));
  const last = lines.at(-1) ?? {};
  const wanted = verb === "cutover" ? "soaking" : "rolled_back";
  const { writePauseSeconds: seconds, proof, state } = last;
  if (code !== 0 || state !== wanted || typeof seconds !== "number")
    throw new Error(`${verb} ended with ${String(code)}:\n${out}\n${err}`);
  const steps: Record<string, number> = {};
  for (const { event, step, phase, seconds: took } of lines)
    if (event === "step" && phase === "done" && typeof step === "string" && typeof took === "number")
      steps[step] = took;
  // Until the first commit on the other side.
  const committed = writers.committed;
  while (writers.committed === committed) await pause(5);
  const keys =
    typeof proof === "object" && proof !== null && "keysAtFence" in proof ? Number(proof.keysAtFence) : NaN;
  return { pause: seconds, seen: writers.longest(), keys, steps };
}

function pageOf(
  {
    there,
    back,
    committed,
  }: {
    readonly there: readonly Walk[];
    readonly back: readonly Walk[];
    readonly committed: readonly number[];
  },
  { rounds, rate, scale }: CutoverBenchOptions,
): string {
  const versions = list()
    .map((server) => `${server.name} ${server.version}`)
    .join(", ");
  const spread = (values: readonly number[]): string =>
    `${at(values, 0.5).toFixed(2)} | ${at(values, 0.95).toFixed(2)} | ${Math.max(...values).toFixed(2)}`;
  const steps = (walks: readonly Walk[]): readonly string[] =>
    [...new Set(walks.flatMap(({ steps: each }) => Object.keys(each)))].map((step) => {
      const values = walks.flatMap(({ steps: each }) => each[step] ?? []);
      return `| ${step} | ${spread(values)} |`;
    });
  const head = ["| | p50 | p95 | max |", "|---|---|---|---|"];
  const keys = there.map((each) => each.keys);
  return [
    "# bench: cutover",
    "",
    `${String(rounds)} cutovers and as many rollbacks of one migration, ${(220_200 * scale).toLocaleString("en-US")} rows; ${String(rate)} transactions a second asked for (an insert and two updates each), ${at(committed, 0.5).toFixed(0)} committed in the median. ${new Date().toISOString().slice(0, 16)}Z; ${String(cpus().length)} cores shared by source, target, engine and application, ${(totalmem() / 2 ** 30).toFixed(0)} GB, Node ${process.version}; ${versions}.`,
    `Seconds. The proof stands inside the pause: ${at(keys, 0.5).toFixed(0)} keys compared in the median, ${Math.max(...keys).toFixed(0)} at most.`,
    "To reach: write pause p95 at most 3 s (wanted: 1 s), rollback p95 at most 5 s.",
    "",
    ...head,
    `| write pause of a cutover | ${spread(there.map((each) => each.pause))} |`,
    `| the same as the application saw it | ${spread(there.map((each) => each.seen))} |`,
    `| write pause of a rollback | ${spread(back.map((each) => each.pause))} |`,
    `| the same as the application saw it | ${spread(back.map((each) => each.seen))} |`,
    "",
    "Where the time of a cutover goes:",
    "",
    ...head,
    ...steps(there),
    "",
    "And that of a rollback:",
    "",
    ...head,
    ...steps(back),
    "",
  ].join("\n");
}

function at(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? NaN;
}
