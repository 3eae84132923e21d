/**
 * What the stack remembers of each server between two commands: its port (kept for good), and the process it
 * started, if it has one. Written whole to a new file and renamed, so that a reader never sees half of it.
 */
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Identity } from "./identity.js";
import { isName } from "./names.js";
import type { Name } from "./names.js";
import { Refusal } from "./refusal.js";

export interface ServerState {
  readonly port: number;
  /** "packages" or "path"; with the version, what `ps` lists. */
  readonly provider: string;
  readonly version: string;
  readonly process?: Identity;
  /** True once it has answered a query. */
  readonly ready: boolean;
}

export type State = Partial<Record<Name, ServerState>>;

export function readState(folder: string): State {
  let text: string;
  try {
    text = readFileSync(join(folder, "state.json"), "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return {};
    throw error;
  }
  const parsed: unknown = JSON.parse(text);
  if (typeof parsed !== "object" || parsed === null) throw damaged(folder);
  const state: State = {};
  for (const [name, value] of Object.entries(parsed)) {
    if (!isName(name) || !isServerState(value)) throw damaged(folder);
    state[name] = value;
  }
  return state;
}

export function writeState(folder: string, state: State): void {
  const path = join(folder, "state.json");
  const next = `${path}.${String(process.pid)}`;
  writeFileSync(next, `${JSON.stringify(state, null, 2)}\n`);
  renameSync(next, path);
}

function isServerState(value: unknown): value is ServerState {
  return (
    typeof value === "object" &&
    value !== null &&
    "port" in value &&
    Number.isInteger(value.port) &&
    "ready" in value &&
    typeof value.ready === "boolean"
  );
}

function damaged(folder: string): Refusal {
  const path = join(folder, "state.json");
  return new Refusal(
    1,
    `${path} is not what the stack wrote; servers it started may still run.`,
    `cat ${path}`,
  );
}
