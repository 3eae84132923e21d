/**
 * The fence's note: everything that lowering needs, as it was before. It goes into the journal and comes back from there, so
 * it is looked at piece by piece: a note that is not ours is refused and not believed.
 */
import type { Note } from "../../../src/cutover-port.js";
import { Fault } from "../../../src/errors.js";
import type { Bolt, Held } from "./bolt.js";
import type { ReadOnly } from "./read-only.js";

export interface FenceNote {
  readonly method: "accounts" | "read-only" | "hook";
  readonly scheduler: string;
  readonly bolts: readonly Bolt[];
  /** null where the fence is not read_only. */
  readonly readOnly: ReadOnly | null;
}

export function asNote({ method, scheduler, bolts, readOnly }: FenceNote): Note {
  return { method, scheduler, bolts, readOnly };
}

export function fromNote(note: Note): FenceNote {
  const { method, scheduler, bolts, readOnly } = note;
  if (method !== "accounts" && method !== "read-only" && method !== "hook") throw foreign("method");
  return {
    method,
    scheduler: text(scheduler, "scheduler"),
    bolts: list(bolts, "bolts").map(boltOf),
    readOnly: readOnly === null || readOnly === undefined ? null : readOnlyOf(readOnly),
  };
}

function boltOf(value: unknown): Bolt {
  const bolt = record(value, "bolts");
  const account = { user: text(bolt["user"], "user"), host: text(bolt["host"], "host") };
  if (typeof bolt["locked"] === "boolean") return { ...account, locked: bolt["locked"] };
  return {
    ...account,
    held: list(bolt["held"], "held").map(heldOf),
    proxies: list(bolt["proxies"], "proxies").map(heldOf),
  };
}

function heldOf(value: unknown): Held {
  const held = record(value, "held");
  return {
    on: text(held["on"], "on"),
    privileges: list(held["privileges"], "privileges").map((each) => text(each, "privileges")),
    grantable: held["grantable"] === true,
  };
}

function readOnlyOf(value: unknown): ReadOnly {
  const { global, persisted, canPersist } = record(value, "readOnly");
  return {
    global: text(global, "global"),
    persisted: persisted === null ? null : text(persisted, "persisted"),
    canPersist: canPersist === true,
  };
}

export function record(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  throw foreign(what);
}

export function list(value: unknown, what: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw foreign(what);
}

export function text(value: unknown, what: string): string {
  if (typeof value === "string") return value;
  throw foreign(what);
}

function foreign(what: string): Fault {
  return new Fault("bug", `The journal's note has no ${what} as the source's night writes it.`);
}
