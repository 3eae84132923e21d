/** What an engine hands to those who let it be asked and told, types only. */
import type { LiveChange, LiveSettings } from "../config/live-settings.js";
import type { Position } from "../model.js";
import type { EngineStatus } from "../watch/engine-status.js";
import type { Jobs } from "./jobs.js";

/** What the engine does when it is told to. All are idempotent. */
export interface EngineActs {
  /** Begins nothing more and sends no heartbeat; `status().held` says when nothing is on its way any more. */
  pause(): void;
  resume(): void;
  settings(): LiveSettings;
  set(change: LiveChange): void;
  /**
   * Journals that a poison event is to be left out, by whom and why, and goes on with its lane; rejects with Fault usage where
   * none of that id waits.
   */
  skip(event: string, reason: string, who: string): Promise<void>;
}

/** Long work by id; see jobs.ts. */
export type EngineJobs = Pick<Jobs, "start" | "state" | "stop">;

export interface Told {
  readonly status: () => EngineStatus;
  /** Where the source's log ends now; null where the source does not say so at once. */
  readonly sourcePosition: () => Promise<Position | null>;
  readonly acts: EngineActs;
  readonly jobs: EngineJobs;
  /** Checks KEY=VALUE by the config. */
  readonly readChange: (text: string) => LiveChange;
  /** Takes every secret out of what is sent. */
  readonly scrub: (text: string) => string;
  /** A line for the log: who told the engine what, and where it listens. */
  readonly onWord: (sentence: string, facts: Readonly<Record<string, string | number>>) => void;
}
