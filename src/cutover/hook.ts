/**
 * Hooks: programs of the user's at named moments of the night. An argument array and never a shell, an environment of
 * its own that holds the facts and no secret, a time-out, and output that is bounded. Before the switch a hook that fails
 * is a veto: nothing has happened that could not be undone. After it, it is a fault that pages a person, and never undoes
 * anything by itself. Who starts processes is handed in.
 */
import { isAbsolute, join } from "node:path";
import type { FaultCode } from "../errors.js";
import { Fault } from "../errors.js";

export const hookNames = [
  "before-fence",
  "fence",
  "after-fence",
  "before-switch",
  "switch",
  "after-switch",
  "unfence",
  "after-rollback",
  "latency",
  "page",
] as const;

export type HookName = (typeof hookNames)[number];

/** Until the decision stands; the source goes on serving when one of them says no. */
const vetoing: ReadonlySet<HookName> = new Set(["before-fence", "fence", "after-fence", "before-switch"]);

/** What a hook is told: `writePauseSeconds` comes as HEADGATE_WRITE_PAUSE_SECONDS. Nothing where it is null. */
export type HookFacts = Readonly<Record<string, string | number | null>>;

/** One process to be run to its end. */
export interface Program {
  /** As it is to be executed: an absolute path, or a name that PATH finds. */
  readonly file: string;
  readonly args: readonly string[];
  readonly folder: string;
  /** All of its environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** Ends it, and whatever it has started, as the time-out does. */
  readonly signal: AbortSignal;
  readonly onOutput: (stream: "stdout" | "stderr", chunk: Buffer) => void;
}

export type Ended =
  | { readonly kind: "exited"; readonly code: number }
  | { readonly kind: "killed"; readonly by: string }
  | { readonly kind: "timed-out" }
  /** By the signal. */
  | { readonly kind: "stopped" }
  /** It could not be started. */
  | { readonly kind: "refused"; readonly why: string };

/** Resolves when the process has ended, with all that it had started; rejects only on our own bugs. */
export type Spawn = (program: Program) => Promise<Ended>;

export interface HookEnded {
  readonly hook: HookName;
  readonly ok: boolean;
  /** `exit code 3`, `no answer within 30 s`. */
  readonly how: string;
  readonly seconds: number;
  /** What it wrote, both streams, bounded; for the log. */
  readonly output: string;
  /** The same of stdout alone. */
  readonly stdout: string;
}

export interface HookOptions {
  /** Argument arrays by name; what is absent is not set. */
  readonly commands: { readonly [name in HookName]?: readonly string[] | undefined };
  readonly timeoutMs: number;
  /** Folder of the config file: relative paths start there. */
  readonly folder: string;
  /** PATH of our own process. */
  readonly path: string;
  readonly spawn: Spawn;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly onEnded: (ended: HookEnded) => void;
}

/** Of each stream so much is kept: the beginning. */
export const keptOutput = 16_384;

export class Hooks implements AsyncDisposable {
  readonly #options: HookOptions;
  readonly #pages = new Set<Promise<void>>();

  constructor(options: HookOptions) {
    this.#options = options;
  }

  has(hook: HookName): boolean {
    return this.#options.commands[hook] !== undefined;
  }

  /**
   * Runs a hook to its end; null where it is not set. Faults: hook-vetoed before the switch; after it hook-failed, and a
   * person was paged. `atMostMs`: what is left of the write pause.
   */
  async run(
    hook: HookName,
    facts: HookFacts,
    signal: AbortSignal,
    atMostMs = Infinity,
  ): Promise<HookEnded | null> {
    const ended = await this.#run(hook, facts, signal, atMostMs);
    if (ended === null || ended.ok) return ended;
    const code: FaultCode = vetoing.has(hook) ? "hook-vetoed" : "hook-failed";
    const fault = new Fault(code, `The hook ${hook} ended with ${ended.how}.`, {
      facts: { hook, how: ended.how, seconds: Math.round(ended.seconds * 10) / 10 },
    });
    // A probe that fails is told by whoever asks it, once and not at each look.
    if (code === "hook-failed" && hook !== "latency")
      this.page({ ...facts, reason: fault.message, code: fault.code }, signal);
    throw fault;
  }

  /** Tells a person, and waits for nothing: what becomes of it is in the log. Never throws. */
  page(facts: HookFacts, signal: AbortSignal): void {
    const paging = this.#page(facts, signal);
    this.#pages.add(paging);
    void paging.finally(() => this.#pages.delete(paging));
  }

  async #page(facts: HookFacts, signal: AbortSignal): Promise<void> {
    await this.#run("page", facts, signal, Infinity);
  }

  async #run(
    hook: HookName,
    facts: HookFacts,
    signal: AbortSignal,
    atMostMs: number,
  ): Promise<HookEnded | null> {
    const { commands, folder, path, spawn, now, onEnded } = this.#options;
    const [file, ...args] = commands[hook] ?? [];
    if (file === undefined) return null;
    const timeoutMs = Math.max(1, Math.min(this.#options.timeoutMs, atMostMs));
    const [both, stdout] = [new Kept(), new Kept()];
    const begun = now();
    const ended = await spawn({
      file: placed(file, folder),
      args,
      folder,
      env: { PATH: path, ...environmentOf({ ...facts, hook }) },
      timeoutMs,
      signal,
      onOutput: (stream, chunk) => {
        both.add(chunk);
        if (stream === "stdout") stdout.add(chunk);
      },
    });
    const told: HookEnded = {
      hook,
      ok: ended.kind === "exited" && ended.code === 0,
      how: spelled(ended, timeoutMs),
      seconds: (now() - begun) / 1000,
      output: both.text,
      stdout: stdout.text,
    };
    onEnded(told);
    return told;
  }

  /** Pages that are under way are let end: each has its time-out. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#pages);
  }
}

/** `./route.sh` and `bin/route` stand beside the config file; a bare name is looked for in PATH. */
function placed(file: string, folder: string): string {
  return isAbsolute(file) || !file.includes("/") ? file : join(folder, file);
}

/** HEADGATE_WRITE_PAUSE_SECONDS of writePauseSeconds. */
export function environmentOf(facts: HookFacts): Record<string, string> {
  return Object.fromEntries(
    Object.entries(facts).flatMap(([name, value]) =>
      // An environment holds no NUL, and nothing of ours has one.
      value === null ? [] : [[variable(name), String(value).replaceAll("\0", "")]],
    ),
  );
}

function variable(fact: string): string {
  return `HEADGATE_${fact.replaceAll(/[A-Z]/gu, (letter) => `_${letter}`).replaceAll(/[^A-Za-z0-9]/gu, "_")}`.toUpperCase();
}

function spelled(ended: Ended, timeoutMs: number): string {
  switch (ended.kind) {
    case "exited":
      return `exit code ${String(ended.code)}`;
    case "killed":
      return ended.by;
    case "timed-out":
      return `no end within ${String(timeoutMs / 1000)} s`;
    case "stopped":
      return "an end that was asked for";
    case "refused":
      return `no start (${ended.why})`;
  }
}

/** The beginning of what was written, and how much more there was. */
class Kept {
  #chunks: Buffer[] = [];
  #bytes = 0;
  #more = 0;

  add(chunk: Buffer): void {
    const room = Math.max(0, keptOutput - this.#bytes);
    const kept = chunk.subarray(0, room);
    // The reader may use its buffer again.
    if (kept.length > 0) this.#chunks.push(Buffer.from(kept));
    this.#bytes += kept.length;
    this.#more += chunk.length - kept.length;
  }

  get text(): string {
    const text = Buffer.concat(this.#chunks).toString("utf8");
    return this.#more === 0 ? text : `${text} [and ${String(this.#more)} bytes more]`;
  }
}
