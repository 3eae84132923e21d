/**
 * A lane's lag, measured end to end by rows that we write to the source ourselves: from the return of a marker's
 * commit to the return of the commit here that holds it, both by our own clock. While none arrives, it grows.
 */

/** Milliseconds between two marks of a lane. */
export const heartbeatMs = 1000;

export class Lag {
  readonly #now: () => number;
  /** Marks that have not arrived, oldest first, with the time of their commit. */
  readonly #sent = new Map<string, number>();
  /** Marks that arrived before their commit's answer did. */
  readonly #early = new Set<string>();
  #last: number | null = null;
  #arrived: number | null = null;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** A mark's commit has returned. */
  sent(id: string): void {
    if (this.#early.delete(id)) return;
    this.#sent.set(id, this.#now());
  }

  /** Batches with these marks are committed. Returns the lag that they show; null where none of them was ours. */
  arrived(ids: readonly string[], waiting: boolean): number | null {
    let lag: number | null = null;
    for (const id of ids) {
      const sent = this.#sent.get(id);
      if (sent === undefined) {
        if (waiting) this.#early.add(id);
        continue;
      }
      // They come in the order in which they were sent: what is older was met within a checkpoint.
      for (const older of this.#sent.keys()) {
        this.#sent.delete(older);
        if (older === id) break;
      }
      lag = Math.max(0, this.#now() - sent);
    }
    // A mark whose commit is still to return has arrived within no time.
    if (lag === null && ids.some((id) => this.#early.has(id))) lag = 0;
    if (lag === null) return null;
    this.#last = lag;
    this.#arrived = this.#now();
    return lag / 1000;
  }

  /** No more marks are written for now: silence is no lag, and what was measured before says nothing about what comes after. */
  rest(): void {
    this.#last = null;
    this.#arrived = null;
    this.#sent.clear();
    this.#early.clear();
  }

  get seconds(): number | null {
    if (this.#last === null) return null;
    const now = this.#now();
    const [oldest = now] = this.#sent.values();
    const silence = this.#arrived === null ? 0 : now - this.#arrived - heartbeatMs;
    return Math.max(0, this.#last, now - oldest, silence) / 1000;
  }
}
