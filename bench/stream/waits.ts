/**
 * How long PostgreSQL's backends wait for the engine: looked at every few milliseconds, a backend that sleeps in epoll has
 * nothing to do until its client says something. One that computes, or waits for its disk, is busy.
 */
import { readFileSync } from "node:fs";

const everyMs = 5;

/** Looks from now on until it is disposed of. */
export class Waits implements Disposable {
  readonly #timer: NodeJS.Timeout;
  #looks = 0;
  #waiting = 0;

  constructor(backends: readonly number[]) {
    this.#timer = setInterval(() => {
      this.#looks += 1;
      for (const pid of backends) if (isWaiting(pid)) this.#waiting += 1;
    }, everyMs);
  }

  /** Of one backend's time; of several together, so 2 is both all the time. */
  get share(): number {
    return this.#waiting / this.#looks;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}

function isWaiting(pid: number): boolean {
  const stat = readFileSync(`/proc/${String(pid)}/stat`, "latin1");
  if (stat.slice(stat.lastIndexOf(")") + 2, stat.lastIndexOf(")") + 3) !== "S") return false;
  return /epoll|ep_poll/.test(readFileSync(`/proc/${String(pid)}/wchan`, "latin1"));
}
