/**
 * `npm run gate [part ...]`: runs the parts that have not passed at this commit and writes docs/gate.md from what
 * really ran: figures, seeds, date, machine. A part that did not run is listed as not run. `npm run gate page` runs
 * nothing and writes the page anew, for results that came from several checkouts.
 */
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { arch, cpus, platform, totalmem } from "node:os";
import { join, resolve } from "node:path";
import { dataFolder } from "../world/stack/place.js";
import type { Part } from "./parts.js";
import { parts } from "./parts.js";

interface Outcome {
  readonly commit: string;
  readonly date: string;
  readonly seconds: number;
  readonly passed: number;
  readonly failed: number;
  /** Lines that name a seed, as the tests printed them. */
  readonly seeds: readonly string[];
}

/** What each part gave the last time, committed with the page that is made of it: the next one may run in another checkout. */
const folder = join("docs", "gate");
const counts = join(dataFolder(), "gate");

/** A colon is no letter of a file's name everywhere. */
function fileName(part: Part): string {
  return part.name.replaceAll(":", ".");
}

function commit(): string {
  const head = execFileSync("git", ["rev-parse", "--short=12", "HEAD"], { encoding: "utf8" }).trim();
  const changed = execFileSync(
    "git",
    ["status", "--porcelain", "--", "src", "connectors", "typemaps", "test"],
    {
      encoding: "utf8",
    },
  );
  return changed === "" ? head : `${head} with uncommitted changes`;
}

function recorded(part: Part): Outcome | null {
  const file = join(folder, `${fileName(part)}.json`);
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Outcome) : null;
}

async function run(part: Part, at: string): Promise<Outcome> {
  const count = join(counts, `${fileName(part)}.count.json`);
  // One of an earlier run would stand for a run that dies before it has counted.
  rmSync(count, { force: true });
  const started = performance.now();
  const date = new Date().toISOString();
  const args = ["vitest", "run", "--project", part.project, part.file];
  const child = spawn(
    "npx",
    ["--no-install", ...args, "--reporter=default", `--reporter=${resolve("test/reporter.mjs")}`],
    {
      env: { ...process.env, HEADGATE_GATE: "1", ...part.env, HEADGATE_TEST_COUNT: count, NO_COLOR: "1" },
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
    process.stdout.write(text);
  });
  const code = await new Promise<number | null>((ended, failed) => {
    child.once("error", failed);
    child.once("close", ended);
  });
  const counted = countedIn(count);
  const seeds = [
    ...new Set(
      output.split("\n").filter((line) => /\bseed/iu.test(line) && !/^\s*(?:✓|×|❯|↓|stdout \|)/u.test(line)),
    ),
  ];
  const outcome: Outcome = {
    commit: at,
    date,
    seconds: Math.round((performance.now() - started) / 1000),
    passed: counted.passed,
    // It may die, or find no test at all, without a test that failed.
    failed: code !== 0 && counted.failed === 0 ? 1 : counted.failed,
    seeds: seeds.map((line) => line.trim()),
  };
  writeFileSync(join(folder, `${fileName(part)}.json`), JSON.stringify(outcome, null, 2));
  return outcome;
}

/** Nothing where the run died before it had counted. */
function countedIn(file: string): { readonly passed: number; readonly failed: number } {
  if (!existsSync(file)) return { passed: 0, failed: 0 };
  return JSON.parse(readFileSync(file, "utf8")) as { readonly passed: number; readonly failed: number };
}

function page(): string {
  const machine = `${String(cpus().length)} cores, ${(totalmem() / 2 ** 30).toFixed(0)} GB, ${platform()} ${arch()}, Node ${process.version}`;
  const lines = [
    "# The gate: full figures",
    "",
    "Written by `npm run gate`. Every figure below was run; what was not run says so.",
    "",
    `Machine: ${machine}.`,
    "",
    "| part | proves | in npm test | tests | failed | seconds | date | commit |",
    "|---|---|---|---|---|---|---|---|",
  ];
  const seeds: string[] = [];
  for (const part of parts) {
    const outcome = recorded(part);
    if (outcome === null) {
      lines.push(`| ${part.name} | ${part.proves} | ${part.share} | not run | | | | |`);
      continue;
    }
    const { passed, failed, seconds, date, commit: at } = outcome;
    lines.push(
      `| ${part.name} | ${part.proves} | ${part.share} | ${String(passed + failed)} | ${String(failed)} | ${String(seconds)} | ${date.slice(0, 16)}Z | ${at} |`,
    );
    if (outcome.seeds.length > 0)
      seeds.push("", `## Seeds of ${part.name}`, "", "```", ...outcome.seeds, "```");
  }
  return [...lines, ...seeds, ""].join("\n");
}

async function main(): Promise<void> {
  for (const each of [folder, counts]) mkdirSync(each, { recursive: true });
  const wanted = process.argv.slice(2);
  if (wanted.join() === "page") {
    writeFileSync("docs/gate.md", page());
    return;
  }
  const asked = (part: Part, name: string): boolean => part.name === name || part.name.startsWith(`${name}:`);
  const unknown = wanted.filter((name) => !parts.some((part) => asked(part, name)));
  if (unknown.length > 0) {
    const help = unknown.some((name) => ["--help", "-h"].includes(name));
    const said = help
      ? "npm run gate [-- PART ...], without one all of them"
      : `no part called ${unknown.join(", ")}`;
    process.stderr.write(`${said}; there are ${parts.map(({ name }) => name).join(", ")}\n`);
    process.exitCode = help ? 0 : 64;
    return;
  }
  const at = commit();
  let failed = 0;
  for (const part of parts) {
    if (wanted.length > 0 && !wanted.some((name) => asked(part, name))) continue;
    const before = recorded(part);
    if (before !== null && before.commit === at && before.failed === 0) {
      process.stdout.write(`${part.name}: passed at this commit already\n`);
      continue;
    }
    const outcome = await run(part, at);
    writeFileSync("docs/gate.md", page());
    failed += outcome.failed;
  }
  writeFileSync("docs/gate.md", page());
  process.stdout.write(`docs/gate.md is written; ${String(failed)} failed\n`);
  process.exitCode = failed === 0 ? 0 : 1;
}

await main();
