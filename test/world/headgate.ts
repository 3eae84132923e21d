/**
 * The real command line in a process of its own: the built main.js, nothing of ours loaded into the test. Standard
 * input is empty and no terminal is there, as in a pipeline, so whatever would ask a question has to refuse. A
 * process that has not ended after a minute is killed and fails the test by its name: "never a hang" is a promise.
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { demandAccounts, demandRights } from "./engine-only.js";

const main = resolve("dist/src/cli/main.js");
const patience = 60_000;

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
}

/** Runs `headgate ...args` and resolves when the process has ended. */
export async function headgate(args: readonly string[], options: RunOptions): Promise<Ended> {
  if (!existsSync(main)) throw new Error(`${main} is missing: npm run build`);
  demandAccounts(options.cwd, args);
  await demandRights(options.cwd, args);
  const { PATH = "", HOME = "" } = process.env;
  const child = spawn(process.execPath, [main, ...args], {
    cwd: options.cwd,
    env: { PATH, HOME, ...options.env },
    stdio: ["pipe", "pipe", "pipe"],
    timeout: patience,
    killSignal: "SIGKILL",
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  child.stdin.end(options.stdin ?? "");
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((ended, failed) => {
    child.once("error", failed);
    child.once("close", (status, by) => ended([status, by]));
  });
  if (signal === "SIGKILL") throw new Error(`headgate ${args.join(" ")} hung:\n${stdout}\n${stderr}`);
  return { code, stdout, stderr };
}

/** The last JSON line on stdout: the verb's final object. */
export function lastObject(ended: Ended): Readonly<Record<string, unknown>> {
  const line = ended.stdout.trimEnd().split("\n").at(-1) ?? "";
  const value: unknown = JSON.parse(line);
  if (typeof value !== "object" || value === null) throw new Error(`no object: ${line}`);
  return { ...value };
}
