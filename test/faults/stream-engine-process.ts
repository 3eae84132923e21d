/**
 * The process of stream-engine.ts as a test holds it: what it says line by line, what it is told, how it ended. It runs
 * as it was built: several of these live and die in a test, and a compiler in each would take longer than its work.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import type { StreamEngineResult, StreamEngineSettings } from "./stream-engine.js";

export interface Engine {
  readonly child: ChildProcess;
  /** Resolves with the first line that begins so, or the n-th; null when the process ends without. */
  line(start: string, nth?: number): Promise<string | null>;
  /** All that it has said so far. */
  readonly lines: readonly string[];
  say(line: string): void;
  /** null when it was killed. */
  readonly end: Promise<StreamEngineResult | null>;
}

/** Starts it and returns at once. */
export function startEngine(settings: StreamEngineSettings): Engine {
  const child = spawn(process.execPath, [resolve("dist/test/faults/stream-engine.js")], {
    env: { ...process.env, HEADGATE_ENGINE: JSON.stringify(settings) },
    stdio: ["pipe", "pipe", "inherit"],
  });
  // A process that was killed no longer reads.
  child.stdin.on("error", () => undefined);
  const lines: string[] = [];
  const waiting: (() => void)[] = [];
  const wake = (): void => {
    for (const each of waiting.splice(0)) each();
  };
  createInterface(child.stdout).on("line", (line) => {
    lines.push(line);
    wake();
  });
  let closed = false;
  const end = once(child, "close").then(() => {
    closed = true;
    wake();
    const last = lines.find((line) => line.startsWith("result "));
    return last === undefined ? null : (JSON.parse(last.slice("result ".length)) as StreamEngineResult);
  });
  const line: Engine["line"] = async (begin, nth = 1) => {
    for (;;) {
      const found = lines.filter((each) => each.startsWith(begin))[nth - 1];
      if (found !== undefined) return found;
      if (closed) return null;
      await new Promise<void>((woken) => waiting.push(woken));
    }
  };
  return { child, line, lines, end, say: (text) => void child.stdin.write(`${text}\n`) };
}
