/**
 * A connector that fills the topics while they are read: its tasks are looked at all the time, and one of our own that has
 * died is set going again a few times, since a source that restarts kills it. Where it dies again and again a person is
 * needed, and so where somebody has set it otherwise than its topics are read. A worker that does not answer for a while is
 * none of that: the topics can be read, and the lag tells the rest.
 */
import { Fault } from "../../src/errors.js";
import type { ConnectorConfig } from "./connect.js";
import { connectorFault, healthOf } from "./connector-watch.js";
import type { ConnectorHealth, WatchTools } from "./connector-watch.js";

export interface TendTools extends WatchTools {
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** The connector is of our own making, so it may be set going again. */
  readonly ours: boolean;
  /** The fault of a configuration that topics are not to be read by; null of one that they are. */
  readonly changed: (config: ConnectorConfig) => Fault | null;
}

type ConfigTools = Pick<TendTools, "connect" | "changed">;

const everyMs = 2000;
/** Restarts in a row, with growing pauses: about two minutes. */
const restarts = 6;
const longestPauseMs = 32_000;
/** One that ran for so long begins the count anew. */
const goodLifeMs = 60_000;
/** For so long Connect need not answer. */
const silenceMs = 60_000;

/**
 * Never resolves. Fault connector-failed when it has failed for good, or was paused, stopped or removed; topic-refused when
 * it was set otherwise; those of a Connect that stays silent.
 */
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

/** One look before anything is read. Fault topic-refused. A Connect that does not answer is waited for while it is tended. */
export async function demandUnchanged(name: string, tools: ConfigTools): Promise<void> {
  try {
    await lookAtConfig(name, tools);
  } catch (error) {
    if (!(error instanceof Fault) || !error.retriable) throw error;
  }
}

async function lookAtConfig(name: string, { connect, changed }: ConfigTools): Promise<void> {
  const config = await connect.config(name);
  const fault = config === null ? null : changed(config);
  if (fault !== null) throw fault;
}

/** null where Connect does not answer, or knows no such connector, and need not yet. */
async function look(name: string, tools: TendTools, answered: number): Promise<ConnectorHealth | null> {
  const { connect, now } = tools;
  try {
    // Before it is set going again, with whatever configuration.
    await lookAtConfig(name, tools);
    const health = healthOf(await connect.status(name));
    // A worker that has just begun does not know its connectors yet.
    return health.kind === "missing" && now() - answered <= silenceMs ? null : health;
  } catch (error) {
    if (!(error instanceof Fault) || !error.retriable || now() - answered > silenceMs) throw error;
    return null;
  }
}
