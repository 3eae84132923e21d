/**
 * What a verb prints. stdout carries the result: sentences for a person, or with --json one object (JSON lines
 * for long verbs, the object last). stderr carries the log and whatever a person may read beside it. Everything
 * passes the redactor first, because an error's text may hold a URL.
 */
import { quoted } from "../config/confirm.js";
import type { ExitCode } from "../errors.js";
import { Fault } from "../errors.js";
import { visibleLines } from "../watch/visible.js";

export interface NextStep {
  readonly why: string;
  readonly command: string;
}

/** What a verb ended with; `body` are the contract's fields for it, `human` the same in sentences. */
export interface VerbResult {
  readonly exit: ExitCode;
  readonly nextSteps: readonly NextStep[];
  readonly body: Readonly<Record<string, unknown>>;
  readonly human: readonly string[];
  /** SQL to be taken as it stands: `human` is all of stdout, to the letter, odd characters too. */
  readonly exact?: true;
  /** Why it ended early, where the verb has figures to tell all the same. */
  readonly fault?: Fault;
}

export interface Streams {
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
}

/** The file that is read when nobody names one. */
export const defaultConfig = "headgate.yaml";

/** What a script could run as it stands; other next steps are sentences, or a choice, and stay in `error.next`. */
const isCommand = /^(?:headgate|chmod) (?!.*(?:\.$|, ))/u;

/** Verbs that want the target database's name in production, and none of what they do without. */
const confirming =
  /\bheadgate (?:run|cutover|complete|abandon)\b(?! --(?:confirm|dry-run|rehearse|help)\b)/gu;

export class Output {
  readonly json: boolean;
  readonly #verb: string;
  readonly #streams: Streams;
  readonly #config: string;
  #scrub: (text: string) => string = (text) => text;
  #migration: string | null = null;
  /** What --confirm has to say; null where nobody is asked. */
  #confirm: string | null = null;

  /** `config` is the file that -c named: a next command without it would be about another migration. */
  constructor(verb: string, json: boolean, streams: Streams, config = defaultConfig) {
    this.#verb = verb;
    this.#config = config;
    this.json = json;
    this.#streams = streams;
  }

  /** From here on secrets are known and scrubbed, and every object names the migration. */
  know(migration: string | null, scrub: (text: string) => string, confirm: string | null = null): void {
    this.#migration = migration;
    this.#scrub = scrub;
    this.#confirm = confirm;
  }

  scrub(text: string): string {
    return this.#scrub(text);
  }

  /** One JSON line of a long verb; nothing without --json. */
  event(name: string, fields: Readonly<Record<string, unknown>>): void {
    if (this.json) this.#write(JSON.stringify({ event: name, ...fields }));
  }

  /** A sentence for a person on stderr, while the verb still runs. */
  say(text: string): void {
    this.#streams.stderr(visibleLines(this.#scrub(text)) + "\n");
  }

  result(result: VerbResult): void {
    if (result.fault !== undefined) {
      this.fault(result.fault, result.body);
      return;
    }
    if (this.json) {
      this.#write(
        JSON.stringify({
          ...this.#head(),
          ok: result.exit === 0,
          exit: result.exit,
          ...result.body,
          nextSteps: result.nextSteps.map((step) => ({ ...step, command: this.#ours(step.command) })),
        }),
      );
      return;
    }
    const next = result.nextSteps.map((step) => `next: ${this.#ours(step.command)}   (${step.why})`);
    if (result.exact === true) {
      this.#write(result.human.join("\n"));
      for (const line of next) this.say(line);
      return;
    }
    const lines = [...result.human, ...next];
    if (lines.length > 0) this.#write(visibleLines(lines.join("\n")));
  }

  fault(fault: Fault, body: VerbResult["body"] = {}): void {
    const next = this.#ours(fault.next);
    if (this.json) {
      const error = {
        code: fault.code,
        sentence: fault.message,
        next,
        retriable: fault.retriable,
        ...(Object.keys(fault.facts).length > 0 ? { facts: fault.facts } : {}),
      };
      const nextSteps = isCommand.test(next) ? [{ why: fault.message, command: next }] : [];
      this.#write(
        JSON.stringify({ ...this.#head(), ok: false, exit: fault.exit, ...body, error, nextSteps }),
      );
      return;
    }
    this.#streams.stderr(visibleLines(this.#scrub(`${fault.code}: ${fault.message}\nnext: ${next}`)) + "\n");
  }

  /** A command of ours about the migration at hand. */
  #ours(said: string): string {
    const command = this.#confirmed(said);
    if (
      this.#config === defaultConfig ||
      !command.startsWith("headgate ") ||
      command.startsWith("headgate -")
    )
      return command;
    const file = /^[\w./@+-]+$/u.test(this.#config)
      ? this.#config
      : `'${this.#config.replaceAll("'", "'\\''")}'`;
    return `headgate -c ${file} ${command.slice("headgate ".length)}`;
  }

  /** Off a terminal it would be refused as it stands; a sentence may hold several. */
  #confirmed(said: string): string {
    const name = this.#confirm;
    if (name === null) return said;
    return said.replaceAll(confirming, (command) => `${command} --confirm ${quoted(name)}`);
  }

  #head(): Record<string, unknown> {
    return { ui: "1.0", verb: this.#verb, migration: this.#migration };
  }

  #write(text: string): void {
    this.#streams.stdout(this.#scrub(text) + "\n");
  }
}

/**
 * Whatever was thrown, as a Fault: a file that cannot be read or written is told as that, and what is neither is our
 * own bug and says so.
 */
export function asFault(error: unknown): Fault {
  if (error instanceof Fault) return error;
  const file = fileOf(error);
  if (file !== null)
    return new Fault("file-refused", `${file.path} cannot be ${file.act} (${file.code}).`, { cause: error });
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new Fault("bug", `Unexpected: ${text}`, { cause: error });
}

/** Of an error of the file system: the path, what was tried, and the system's word. */
function fileOf(error: unknown): { path: string; act: string; code: string } | null {
  if (!(error instanceof Error) || !("code" in error && "path" in error && "syscall" in error)) return null;
  const { code, path, syscall } = error;
  if (typeof code !== "string" || typeof path !== "string") return null;
  return { path, act: syscall === "mkdir" ? "made" : "opened or written", code };
}
