/**
 * Starts a hook's process: the one place that does. A group of its own, so that a time-out ends what the hook has started
 * too, and Ctrl-C on our terminal ends us and not a hook in the middle of routing traffic. No shell, no standard input, no
 * environment but the one that it is given.
 */
import { spawn as start } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import type { Ended, Program } from "../cutover/hook.js";

/** Between being asked to end and being ended. */
const graceMs = 2000;
/** For output that is still on its way when the process itself has ended; a child that it left behind may hold the pipe for ever. */
const lingerMs = 500;

export async function spawnHook(program: Program): Promise<Ended> {
  const { file, args, folder, env, timeoutMs, signal, onOutput } = program;
  if (signal.aborted) return { kind: "stopped" };
  let child: ChildProcess;
  try {
    child = start(file, args, {
      cwd: folder,
      env: { ...env },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
      shell: false,
    });
  } catch (error) {
    // An argument with a NUL, for one.
    return { kind: "refused", why: wordOf(error) };
  }
  child.stdout?.on("data", (chunk: Buffer) => onOutput("stdout", chunk));
  child.stderr?.on("data", (chunk: Buffer) => onOutput("stderr", chunk));
  const over = new AbortController();
  const ended = endOf(child);
  // Listened for from the start: both may come at once, and where nothing else keeps this process alive, waiting for what has
  // been would end it without a word.
  const closing = closed(child);
  const cut = cutShort(timeoutMs, AbortSignal.any([signal, over.signal]), signal);
  const first = await Promise.race([ended, cut]);
  if (first !== "timed-out" && first !== "stopped") {
    over.abort();
    if (first.kind !== "refused") await Promise.race([closing, sleep(lingerMs, undefined, { ref: false })]);
    forget(child);
    return first;
  }
  endGroup(child, "SIGTERM");
  await Promise.race([ended, sleep(graceMs, undefined, { ref: false })]);
  // Whoever of the group is left, the leader or not.
  endGroup(child, "SIGKILL");
  await ended;
  forget(child);
  return { kind: first };
}

async function endOf(child: ChildProcess): Promise<Ended> {
  return await new Promise<Ended>((resolve) => {
    child.once("error", (error) => resolve({ kind: "refused", why: wordOf(error) }));
    child.once("exit", (code, by) =>
      resolve(code === null ? { kind: "killed", by: by ?? "a signal" } : { kind: "exited", code }),
    );
  });
}

async function closed(child: ChildProcess): Promise<void> {
  await new Promise<void>((resolve) => child.once("close", () => resolve()));
}

/** Never resolves where the process has ended before. */
async function cutShort(
  timeoutMs: number,
  either: AbortSignal,
  stop: AbortSignal,
): Promise<"timed-out" | "stopped"> {
  try {
    await sleep(timeoutMs, undefined, { signal: either });
    return "timed-out";
  } catch (error) {
    if (!either.aborted) throw error;
    return stop.aborted ? "stopped" : await new Promise<never>(() => undefined);
  }
}

function endGroup(child: ChildProcess, how: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, how);
  } catch (error) {
    // ESRCH: nobody of it is left.
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}

/** What it left behind must not keep us alive. */
function forget(child: ChildProcess): void {
  child.stdout?.destroy();
  child.stderr?.destroy();
  child.unref();
}

function wordOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}
