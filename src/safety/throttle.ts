/**
 * The throttle: reading waits while the server that is read from is busier than the config allows, and goes on by
 * itself when it has calmed down. It never waits for ever: a server that stays busy is a fault that says so, and the
 * same command can be run again at a better hour.
 */
import { Fault } from "../errors.js";
import type { ServerLoad } from "../port.js";

/** null is no limit. */
export interface ThrottleLimits {
  readonly maxReplicaLagSeconds: number | null;
  readonly maxThreadsRunning: number | null;
}

/** Between two looks at the server. */
const pauseMs = 1000;
/** Looks before it is given up: ten minutes. */
const patience = 600;

export interface Waiting {
  readonly signal: AbortSignal;
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Told once for each time that the server turns out to be too busy. */
  readonly onBusy: (sentence: string) => void;
}

/** Resolves when the server is within the limits. Fault source-busy when it has not been for ten minutes. */
export async function untilCalm(
  load: () => Promise<ServerLoad>,
  limits: ThrottleLimits,
  { signal, wait, onBusy }: Waiting,
): Promise<void> {
  let why = overload(await load(), limits);
  if (why === null) return;
  onBusy(`Waiting: ${why}.`);
  for (let looks = 0; looks < patience; looks += 1) {
    await wait(pauseMs, signal);
    why = overload(await load(), limits);
    if (why === null) return;
  }
  throw new Fault("source-busy", `Reading waited for ten minutes and gave up: ${why}.`);
}

/** Which limit is passed, as a sentence's end; null when none is. */
export function overload(load: ServerLoad, limits: ThrottleLimits): string | null {
  const { lagSeconds, threadsRunning } = load;
  if (limits.maxReplicaLagSeconds !== null && lagSeconds !== null && lagSeconds > limits.maxReplicaLagSeconds)
    return Number.isFinite(lagSeconds)
      ? `the replica that is read from is ${String(lagSeconds)} seconds behind, and throttle.maxReplicaLagSeconds is ${String(limits.maxReplicaLagSeconds)}`
      : "the replica that is read from cannot say how far behind it is";
  if (limits.maxThreadsRunning !== null && threadsRunning > limits.maxThreadsRunning)
    return `${String(threadsRunning)} statements run on the server that is read from, and throttle.maxThreadsRunning is ${String(limits.maxThreadsRunning)}`;
  return null;
}
