/** CPU of this process and of one backend between two moments, from the kernel's own count (hundredths of a second). */
import { readFileSync } from "node:fs";

export interface Figures {
  readonly events: number;
  readonly wall: number;
  /** CPU-seconds. */
  readonly node: number;
  readonly backend: number;
}

export interface Meter {
  begin(backend: number): void;
  /** While the backend is still there. */
  end(): void;
  figures(events: number): Figures;
}

interface Reading {
  readonly wall: number;
  readonly node: number;
  readonly backend: number;
}

export function openMeter(): Meter {
  let pid = 0;
  let first: Reading | null = null;
  let last: Reading | null = null;
  return {
    begin: (backend) => {
      pid = backend;
      first = reading(pid);
    },
    end: () => {
      last = reading(pid);
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

function reading(pid: number): Reading {
  const stat = readFileSync(`/proc/${String(pid)}/stat`, "latin1");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const { user, system } = process.cpuUsage();
  return {
    wall: performance.now() / 1000,
    node: (user + system) / 1e6,
    backend: (Number(fields[11]) + Number(fields[12])) / 100,
  };
}
