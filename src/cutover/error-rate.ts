/**
 * The share of requests that fail, from counts that only grow. A share of few requests says nothing, so it is taken over at
 * least ten seconds and two hundred requests, whichever is longer. A database counts what an application rolls back
 * on purpose too: the share that was usual on the source before is taken off. Counts that fall are another life of
 * whoever counts, and begin anew.
 */

/** Counts at one moment. */
export interface Served {
  readonly requests: bigint;
  readonly failed: bigint;
}

export interface ErrorRate {
  /** Of requests, beyond what is usual: 0 to 1. */
  readonly rate: number;
  readonly requests: number;
  readonly failed: number;
}

interface Counted extends Served {
  readonly at: number;
}

export const leastRequests = 200;
const leastMs = 10_000;
/** Counts older than this are of no use: with so few requests there is no rate. */
const longestMs = 600_000;

export class ErrorRates {
  readonly #usual: number;
  #counted: readonly Counted[] = [];

  /** `usual`: the share that failed before, as the baseline has it. */
  constructor(usual: number) {
    this.#usual = usual;
  }

  /** null while there were too few requests. */
  look(served: Served | null, at: number): ErrorRate | null {
    if (served === null) return null;
    const last = this.#counted.at(-1);
    if (last !== undefined && (served.requests < last.requests || served.failed < last.failed))
      this.#counted = [];
    this.#counted = [...this.#counted.filter((one) => at - one.at <= longestMs), { ...served, at }];
    // The latest that is old enough and far enough behind: the shortest stretch that says something.
    const from = this.#counted.findLastIndex(
      (one) => at - one.at >= leastMs && served.requests - one.requests >= BigInt(leastRequests),
    );
    const begin = this.#counted[from];
    if (begin === undefined) return null;
    this.#counted = this.#counted.slice(from);
    const requests = Number(served.requests - begin.requests);
    const failed = Number(served.failed - begin.failed);
    return { rate: Math.max(0, failed / requests - this.#usual), requests, failed };
  }
}
