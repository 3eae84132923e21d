/**
 * A lock between processes: a folder that holds one file named after its owner. Taking it is one rename of a folder
 * that is already complete, which the kernel does whole or not at all, onto nothing or onto an empty folder; a dead
 * owner's file is unlinked by its exact name, so two that take over at once can't remove each other's.
 */
import { mkdirSync, readdirSync, renameSync, rmSync, rmdirSync, unlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { identityOf, isAlive } from "./identity.js";
import { Refusal, say } from "./refusal.js";

/** Runs `work` while this process alone holds `folder`. Waits for a living owner, takes over from a dead one. */
export async function withLock<T>(folder: string, work: () => Promise<T>, patience = 600_000): Promise<T> {
  const self = identityOf(process.pid);
  if (self === undefined) throw new Refusal(1, "This process can't see itself in the process table.");
  const ours = `${String(self.pid)}_${encodeURIComponent(self.started)}`;
  mkdirSync(dirname(folder), { recursive: true });
  const deadline = Date.now() + patience;
  let told = false;
  while (!take(folder, ours)) {
    const owner = readOwner(folder);
    if (owner === undefined) continue;
    if (!isAlive(owner)) {
      unlinkIfThere(join(folder, owner.file));
      continue;
    }
    if (!told && owner.pid !== process.pid)
      say(`waiting for process ${String(owner.pid)}, which holds ${folder}`);
    told = true;
    if (Date.now() > deadline) {
      throw new Refusal(1, `Process ${String(owner.pid)} has held ${folder} for too long.`);
    }
    await pause(100);
  }
  try {
    return await work();
  } finally {
    unlinkIfThere(join(folder, ours));
    try {
      rmdirSync(folder);
    } catch (error) {
      // Somebody took it between the two calls, or was quicker to tidy up; both are as they should be.
      if (!isCode(error, "ENOTEMPTY", "ENOENT", "EEXIST")) throw error;
    }
  }
}

function take(folder: string, ours: string): boolean {
  const ready = `${folder}.${String(process.pid)}.${String(performance.now())}`;
  mkdirSync(ready);
  writeFileSync(join(ready, ours), "");
  try {
    renameSync(ready, folder);
    return true;
  } catch (error) {
    rmSync(ready, { recursive: true });
    if (isCode(error, "ENOTEMPTY", "EEXIST")) return false;
    throw error;
  }
}

function readOwner(folder: string): { file: string; pid: number; started: string } | undefined {
  try {
    const file = readdirSync(folder)[0];
    if (file === undefined) return undefined;
    const [pid = "", started = ""] = file.split("_");
    return { file, pid: Number(pid), started: decodeURIComponent(started) };
  } catch (error) {
    if (isCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

function unlinkIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (!isCode(error, "ENOENT")) throw error;
  }
}

function isCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && "code" in error && codes.includes(String(error.code));
}
