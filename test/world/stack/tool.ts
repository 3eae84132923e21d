/**
 * Runs an ordinary command of the machine (apt-get, dpkg-deb, npm, tar) to its end. Output is kept, not shown:
 * stdout belongs to the stack's own answer, and of a command that fails the last lines are what one wants.
 */
import { spawn } from "node:child_process";
import { Refusal } from "./refusal.js";

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly uid?: number;
  readonly gid?: number;
  readonly input?: string;
}

/** Runs to the end whatever the exit code; 127 when there is no such command. */
export async function tryRun(command: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const [file = "", ...args] = command;
  const { input, ...rest } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { ...rest, stdio: ["pipe", "pipe", "pipe"] });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on("data", (part: Buffer) => out.push(part));
    child.stderr.on("data", (part: Buffer) => err.push(part));
    // A command that ends before it has read everything closes its pipe; its exit code tells the story.
    child.stdin.on("error", (error: NodeJS.ErrnoException) => error.code === "EPIPE" || reject(error));
    child.stdin.end(input);
    child.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT" || error.code === "EACCES") {
        resolve({ code: 127, stdout: "", stderr: error.message });
      } else reject(error);
    });
    child.once("close", (code) => {
      const text = (parts: Buffer[]): string => Buffer.concat(parts).toString("utf8");
      resolve({ code: code ?? 1, stdout: text(out), stderr: text(err) });
    });
  });
}

/** Runs a command that must succeed; gives its stdout. */
export async function run(command: readonly string[], options: RunOptions = {}): Promise<string> {
  const outcome = await tryRun(command, options);
  if (outcome.code === 0) return outcome.stdout;
  const tail = `${outcome.stdout}\n${outcome.stderr}`.trim().split("\n").slice(-8).join("\n  ");
  throw new Refusal(1, `${command.slice(0, 2).join(" ")} … ended with ${outcome.code}:\n  ${tail}`);
}
