/**
 * CPU-seconds of the processes that take part, read from the kernel's own accounts: source, target and engine apart,
 * so that a figure from a loaded machine can still be read, and what everybody else used in the same time.
 */
import { readdirSync, readFileSync } from "node:fs";
import { loadavg } from "node:os";

/** The kernel counts in hundredths of a second. */
const ticks = 100;

/** CPU-seconds used so far, or between two readings. */
export interface Cpu {
  readonly source: number;
  readonly target: number;
  readonly engine: number;
  /** All other processes of the machine. */
  readonly others: number;
}

interface Stat {
  readonly parent: number;
  readonly own: number;
  /** Of children that have ended and were waited for. */
  readonly ended: number;
}

/** Null where there is no such process any more. */
function statOf(pid: number | string): Stat | null {
  let text: string;
  try {
    text = readFileSync(`/proc/${String(pid)}/stat`, "latin1");
  } catch {
    return null;
  }
  // The name before the fields may hold blanks and brackets.
  const fields = text
    .slice(text.lastIndexOf(")") + 2)
    .split(" ")
    .map(Number);
  const at = (index: number): number => fields[index] ?? 0;
  return { parent: at(1), own: (at(11) + at(12)) / ticks, ended: (at(13) + at(14)) / ticks };
}

/** A process and its children, those that have ended too. Read again where one ended meanwhile. */
export function familySeconds(pid: number): number {
  for (;;) {
    const before = statOf(pid);
    if (before === null) return 0;
    let sum = before.own + before.ended;
    for (const name of readdirSync("/proc"))
      if (/^\d+$/.test(name)) {
        const stat = statOf(name);
        if (stat?.parent === pid) sum += stat.own;
      }
    if (statOf(pid)?.ended === before.ended) return sum;
  }
}

function machineSeconds(): number {
  const fields = (readFileSync("/proc/stat", "latin1").split("\n")[0] ?? "")
    .trim()
    .split(/\s+/)
    .slice(1)
    .map(Number);
  // user, nice, system, irq, softirq; not idle, not waiting for a disk.
  return [0, 1, 2, 5, 6].reduce((sum, index) => sum + (fields[index] ?? 0), 0) / ticks;
}

/** The processes of one run. An engine is started later than its run: it is set as soon as it is there. */
export class Meter {
  engine: number | null = null;
  private lastEngine = 0;
  private readonly source: number | null;
  private readonly target: number;

  constructor(source: number | null, target: number) {
    this.source = source;
    this.target = target;
  }

  /** Looks at the engine, whose account is gone when it ends. */
  look(): void {
    const stat = this.engine === null ? null : statOf(this.engine);
    if (stat !== null) this.lastEngine = stat.own + stat.ended;
  }

  read(): Cpu {
    this.look();
    const source = this.source === null ? 0 : familySeconds(this.source);
    const target = familySeconds(this.target);
    const engine = this.lastEngine;
    return { source, target, engine, others: machineSeconds() - source - target - engine };
  }
}

export function used(from: Cpu, to: Cpu): Cpu {
  return {
    source: round(to.source - from.source),
    target: round(to.target - from.target),
    engine: round(to.engine - from.engine),
    others: round(Math.max(0, to.others - from.others)),
  };
}

/** The load average of the last minute. */
export function load(): number {
  return round(loadavg()[0] ?? 0);
}

function round(seconds: number): number {
  return Math.round(seconds * 100) / 100;
}
