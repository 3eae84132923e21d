/**
 * What a running engine lets be asked and told: over the socket `.headgate/<migration>/socket` always, over loopback
 * HTTP where somebody asked for it.
 */
import { Fault } from "../errors.js";
import type { LiveChange, LiveSettings } from "../config/live-settings.js";
import type { EngineStatus } from "../watch/engine-status.js";

/** What the engine does when it is told to. All are idempotent. */
export interface EngineActs {
  /** Begins nothing more and sends no heartbeat; `status().held` says when nothing is on its way any more. */
  pause(): void;
  resume(): void;
  settings(): LiveSettings;
  set(change: LiveChange): void;
  /** Journals that a poison event is to be left out; rejects with Fault usage where none of that id waits. */
  skip(event: string, reason: string): Promise<void>;
}

export interface ControlOptions {
  /** `.headgate/<migration>`; the engine holds the claim already, so a socket that stands there is of a dead one. */
  readonly directory: string;
  readonly status: () => EngineStatus;
  readonly acts: EngineActs;
  /** Checks KEY=VALUE by the config. */
  readonly readChange: (text: string) => LiveChange;
  /** `run --listen 127.0.0.1:PORT`; null opens no port. */
  readonly listen: { readonly host: string; readonly port: number } | null;
  /** A line for the log. */
  readonly onWord: (sentence: string, facts: Readonly<Record<string, string | number>>) => void;
}

/** Resolves when the socket answers. */
export async function openControl(options: ControlOptions): Promise<AsyncDisposable> {
  throw new Fault("not-built-yet", `The control socket in ${options.directory} is not built yet.`);
}
