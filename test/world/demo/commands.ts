/** Headgate's own commands, as a user types them into a terminal in the demo's folder. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { enginePassword } from "./shop.js";

const cli = fileURLToPath(new URL("../../../src/cli/main.js", import.meta.url));

export function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

export function spawned(
  directory: string,
  args: readonly string[],
  stdout: "inherit" | "pipe",
): ChildProcess {
  return spawn(process.execPath, [cli, ...args], {
    cwd: directory,
    stdio: ["inherit", stdout, "inherit"],
    env: { ...process.env, DEMO_PASSWORD: enginePassword },
  });
}

export async function exitOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (status, signal) => {
      resolve(status ?? (signal === null ? 1 : 130));
    });
  });
}

/** One command as a user types it; the demo fails with its exit code when it is another one than expected. */
export async function headgate(directory: string, args: readonly string[], expected = 0): Promise<void> {
  say(`\n$ headgate ${args.join(" ")}`);
  ended(args, await exitOf(spawned(directory, args, "inherit")), expected);
}

/** The same, with what it prints in a file of the folder. */
export async function headgateInto(directory: string, args: readonly string[], file: string): Promise<void> {
  say(`\n$ headgate ${args.join(" ")} > ${file}`);
  const child = spawned(directory, args, "pipe");
  if (child.stdout === null) throw new Error("it prints nowhere");
  const [code] = await Promise.all([
    exitOf(child),
    pipeline(child.stdout, createWriteStream(join(directory, file))),
  ]);
  ended(args, code, 0);
}

function ended(args: readonly string[], code: number, expected: number): void {
  if (code !== expected)
    throw new Error(
      `headgate ${args.join(" ")} ended with exit code ${String(code)}, not ${String(expected)}`,
    );
}

export type Told = Readonly<Record<string, unknown>>;

/** What `headgate status --json` says now. */
export async function status(directory: string): Promise<Told> {
  const child = spawned(directory, ["status", "--json"], "pipe");
  let text = "";
  child.stdout?.setEncoding("utf8").on("data", (part: string) => (text += part));
  const code = await exitOf(child);
  ended(["status", "--json"], code, 0);
  return JSON.parse(text) as Told;
}

/** Asks again and again until `wanted` holds; an engine that has ended meanwhile ends the demo. */
export async function until<T>(
  engine: ChildProcess,
  look: () => Promise<T>,
  wanted: (found: T) => boolean,
): Promise<T> {
  for (;;) {
    const found = await look();
    if (wanted(found)) return found;
    if (engine.exitCode !== null) throw new Error("the engine ended");
    await pause(500);
  }
}

/** Until the migration is in one of these states. */
export async function untilState(
  engine: ChildProcess,
  directory: string,
  ...states: readonly string[]
): Promise<Told> {
  return await until(
    engine,
    () => status(directory),
    (told) => states.includes(String(told["state"])),
  );
}
