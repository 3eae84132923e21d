/**
 * CPU of the engine and of some backends between two moments, from the kernel's own count (hundredths of a second). The
 * engine is this process, unless it has one of its own.
 */
import { readFileSync } from "node:fs";

export interface Figures {
  readonly events: number;
  readonly wall: number;
  /** CPU-seconds. */
  readonly node: number;
  readonly backend: number;
}

export interface Meter {
  begin(backend: number | readonly number[]): void;
  /** While the backend is still there. */
  end(): void;
  figures(events: number): Figures;
}

interface Reading {
  readonly wall: number;
  readonly node: number;
  readonly backend: number;
}

export function openMeter(engine: number | null = null): Meter {
  let pids: readonly number[] = [];
  let first: Reading | null = null;
  let last: Reading | null = null;
  return {
    begin: (backend) => {
      pids = typeof backend === "number" ? [backend] : backend;
      first = reading(pids, engine);
    },
    end: () => {
      last = reading(pids, engine);
    },
    figures: (events) => {
      if (first === null || last === null) throw new Error("nothing was measured");
      return {
        events,
        wall: last.wall - first.wall,
        node: last.node - first.node,
        backend: last.backend - first.backend,
      };
    },
  };
}

function reading(pids: readonly number[], engine: number | null): Reading {
  const { user, system } = process.cpuUsage();
  return {
    wall: performance.now() / 1000,
    node: engine === null ? (user + system) / 1e6 : secondsOf(engine),
    backend: pids.reduce((sum, pid) => sum + secondsOf(pid), 0),
  };
}

function secondsOf(pid: number): number {
  const stat = readFileSync(`/proc/${String(pid)}/stat`, "latin1");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
