/**
 * What is usual before the switch: the P95 of each class of query and the share of transactions that are rolled back, taken
 * from the side that serves then. The triggers are held against it after the switch, so it is taken late: at `ready`, under
 * the load that the target will get. Figures and names only.
 */
import { Fault } from "../errors.js";
import type { Served } from "./error-rate.js";
import type { Answered, Baseline } from "./latency.js";
import { p95, timesForP95 } from "./latency.js";
import type { Usual } from "./triggers.js";

export interface Taken extends Usual {
  /** ISO time of this machine, for people. */
  readonly at: string;
}

export interface BaselineParts {
  /** What the hook gives; null where there is none. */
  readonly hook: ((signal: AbortSignal) => Promise<HookFigures>) | null;
  /** Probe queries by their names, as the side that serves is asked them. */
  readonly queries: readonly { readonly name: string; readonly sql: string }[];
  readonly time: (sql: string, signal: AbortSignal) => Promise<number>;
  /** As the server has counted since it began; null where it does not. */
  readonly served: () => Promise<Served | null>;
  readonly today: () => Date;
  readonly signal: AbortSignal;
}

export interface HookFigures {
  readonly latencies: Readonly<Record<string, Answered>> | null;
  readonly served: Served | null;
}

/** Faults: those of the hook and of the queries. A baseline that is half of what was asked for is none. */
export async function takeBaseline(parts: BaselineParts): Promise<Taken> {
  const told = await parts.hook?.(parts.signal);
  const timed = await timedBaseline(parts);
  const latencies = { ...timed, ...givenBaseline(told?.latencies ?? {}) };
  const served = told?.served ?? (await parts.served());
  return {
    at: parts.today().toISOString(),
    latencies: Object.keys(latencies).length === 0 ? null : latencies,
    failures: served === null ? null : shareOf(served),
  };
}

async function timedBaseline({ queries, time, signal }: BaselineParts): Promise<Baseline> {
  const found: Record<string, number> = {};
  for (const { name, sql } of queries) {
    // The first answer pays for what the later ones find ready.
    await time(sql, signal);
    const times: number[] = [];
    while (times.length < timesForP95) times.push(await time(sql, signal));
    found[name] = p95(times);
  }
  return found;
}

function givenBaseline(latencies: Readonly<Record<string, Answered>>): Baseline {
  return Object.fromEntries(
    Object.entries(latencies).map(([name, answered]) => {
      if (!("p95Ms" in answered)) throw new Fault("bug", "A hook gives P95s.");
      return [name, answered.p95Ms];
    }),
  );
}

/** 0 of nothing: whatever fails then is more than usual. */
function shareOf({ requests, failed }: Served): number {
  return requests === 0n ? 0 : Number(failed) / Number(requests);
}
