/**
 * A process, told apart from every other that ever had its number: the pid and the moment it started, as the
 * kernel knows it. The stack stops only what it started, and a pid alone is reused sooner or later.
 */
import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";

export interface Identity {
  readonly pid: number;
  /** Opaque: kernel ticks since boot and the boot's id on Linux, what ps prints elsewhere. */
  readonly started: string;
}

/** Undefined when no such process exists or it is a zombie. */
export function identityOf(pid: number): Identity | undefined {
  if (process.platform !== "linux") {
    try {
      const started = execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8" }).trim();
      return started === "" ? undefined : { pid, started };
    } catch (error) {
      if (error instanceof Error && "status" in error) return undefined; // ps found nobody
      throw error;
    }
  }
  const fields = statFields(pid);
  // State (field 3) and start time (field 22); a zombie has ended, only its parent hasn't noticed.
  if (fields === undefined || fields[0] === "Z" || fields[0] === "X") return undefined;
  return { pid, started: `${fields[19] ?? ""}@${bootId()}` };
}

export function isAlive(one: Identity): boolean {
  return identityOf(one.pid)?.started === one.started;
}

/** The processes whose parent is `pid`: a PostgreSQL postmaster's backends, each in a session of its own. */
export function childrenOf(pid: number): readonly Identity[] {
  if (process.platform !== "linux") return [];
  const found: Identity[] = [];
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    if (Number(statFields(Number(entry))?.[1]) !== pid) continue;
    const identity = identityOf(Number(entry));
    if (identity !== undefined) found.push(identity);
  }
  return found;
}

/** The fields of /proc/PID/stat after the program's name, which may hold blanks and brackets. */
function statFields(pid: number): readonly string[] | undefined {
  try {
    const line = readFileSync(`/proc/${String(pid)}/stat`, "utf8");
    return line.slice(line.lastIndexOf(")") + 2).split(" ");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT" || code === "ESRCH") return undefined;
    throw error;
  }
}

function bootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
}
