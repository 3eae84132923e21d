/** The process of engine.ts as the bench holds it. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { EngineSettings, Said } from "./engine.js";

const path = fileURLToPath(new URL("engine.js", import.meta.url));

export class EngineProcess implements AsyncDisposable {
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  readonly #seen = new Set<Said["kind"]>();
  #over = false;
  #waiting: (() => void)[] = [];

  constructor(settings: EngineSettings, onSaid: (said: Said) => void) {
    const child = spawn(process.execPath, [path], {
      env: { ...process.env, HEADGATE_BENCH_ENGINE: JSON.stringify(settings) },
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.#child = child;
    this.pid = child.pid ?? 0;
    this.#ended = once(child, "close").then(() => {
      this.#over = true;
      this.#wake();
    });
    // Its end is what is told of a process that is gone, and not that it does not listen.
    child.stdin.on("error", () => undefined);
    createInterface(child.stdout).on("line", (line) => {
      const said = JSON.parse(line) as Said;
      this.#seen.add(said.kind);
      onSaid(said);
      this.#wake();
    });
  }

  /** Resolves when it has begun to follow the log. */
  async goingOn(): Promise<void> {
    await this.#heard("going-on");
  }

  /** Resolves when it has applied all that the source has committed by now. */
  async level(): Promise<void> {
    this.#seen.delete("level");
    this.#tell("level");
    await this.#heard("level");
  }

  async stop(): Promise<void> {
    this.#tell("stop");
    await this.#ended;
    if (this.#child.exitCode !== 0) throw this.#failure();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#over) this.#child.kill();
    await this.#ended;
  }

  #tell(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }

  async #heard(kind: Said["kind"]): Promise<void> {
    while (!this.#seen.has(kind)) {
      if (this.#over) throw this.#failure();
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  #failure(): Error {
    return new Error(`the engine ended with ${String(this.#child.exitCode ?? this.#child.signalCode)}`);
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}
