/**
 * A connector that fills the topics while they are read: its tasks are looked at all the time, and one of our own that has
 * died is set going again a few times, since a source that restarts kills it. Where it dies again and again a person is
 * needed. A worker that does not answer for a while is none of that: the topics can be read, and the lag tells the rest.
 */
import { Fault } from "../../src/errors.js";
import { connectorFault, healthOf } from "./connector-watch.js";
import type { ConnectorHealth, WatchTools } from "./connector-watch.js";

export interface TendTools extends WatchTools {
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** The connector is of our own making, so it may be set going again. */
  readonly ours: boolean;
}

const everyMs = 2000;
/** Restarts in a row, with growing pauses: about two minutes. */
const restarts = 6;
const longestPauseMs = 32_000;
/** One that ran for so long begins the count anew. */
const goodLifeMs = 60_000;
/** For so long Connect need not answer. */
const silenceMs = 60_000;

/** Never resolves. Fault connector-failed when it has failed for good, or was paused, stopped or removed; those of a Connect that stays silent. */
export async function tend(name: string, tools: TendTools): Promise<never> {
  const { connect, now, signal, wait } = tools;
  let failures = 0;
  let begun = now();
  let answered = now();
  for (;;) {
    const health = await look(name, tools, answered);
    if (health !== null) {
      answered = now();
      const fault = connectorFault(name, health, tools.ours);
      if (fault !== null) {
        if (now() - begun > goodLifeMs) failures = 0;
        if (health.kind !== "failed" || !tools.ours || failures >= restarts) throw fault;
        await connect.restart(name);
        failures += 1;
        begun = now();
        await wait(Math.min(longestPauseMs, everyMs * 2 ** failures), signal);
        continue;
      }
    }
    await wait(everyMs, signal);
  }
}

/** null where Connect does not answer, or knows no such connector, and need not yet. */
async function look(
  name: string,
  { connect, now }: TendTools,
  answered: number,
): Promise<ConnectorHealth | null> {
  try {
    const health = healthOf(await connect.status(name));
    // A worker that has just begun does not know its connectors yet.
    return health.kind === "missing" && now() - answered <= silenceMs ? null : health;
  } catch (error) {
    if (!(error instanceof Fault) || !error.retriable || now() - answered > silenceMs) throw error;
    return null;
  }
}
