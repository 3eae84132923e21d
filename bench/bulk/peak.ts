/**
 * The most memory that a process ever had, by the kernel's count of its own pages. What getrusage() says of it begins
 * with the size of the process that started it, so a small contestant of a large bench would be as large as the bench.
 */
import { readFileSync } from "node:fs";

export function peakMb(pid: number | "self"): number {
  const status = readFileSync(`/proc/${String(pid)}/status`, "latin1");
  const [, kilobytes] = /^VmHWM:\s*(\d+) kB$/m.exec(status) ?? [];
  if (kilobytes === undefined) throw new Error("the kernel tells no VmHWM");
  return (Number(kilobytes) * 1024) / 1e6;
}
