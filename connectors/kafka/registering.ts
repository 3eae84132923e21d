/**
 * The generated connector as it is to be: registered, given a new configuration, or set going again. A connector whose
 * configuration changes is stopped before: what its old tasks still read would be taken for the new ones' work.
 */
import { Fault } from "../../src/errors.js";
import type { ConnectorConfig } from "./connect.js";
import { healthOf, untilRunning, untilStopped } from "./connector-watch.js";
import type { WatchTools } from "./connector-watch.js";

export interface RegisterTools extends WatchTools {
  /** The fault of a registered configuration that is not to be put right without a word; null of any other. */
  readonly altered: (there: ConnectorConfig) => Fault | null;
}

/** Resolves when its tasks are at work with this configuration. Faults: connector-failed, and those of Connect and of `altered`. */
export async function register(name: string, wanted: ConnectorConfig, tools: RegisterTools): Promise<void> {
  const { connect } = tools;
  const there = await connect.config(name);
  if (there === null || !isSame(there, wanted)) {
    const fault = there === null ? null : tools.altered(there);
    if (fault !== null) throw fault;
    await demandValid(name, wanted, tools);
    if (there !== null) {
      await connect.stop(name);
      await untilStopped(name, tools);
    }
    await connect.put(name, wanted);
    // What was stopped stays so with whatever configuration.
    if (there !== null) await connect.resume(name);
  } else await again(name, tools);
  await untilRunning(name, tools, { ours: true });
}

/** One that is registered as it should be. Whoever killed us may have left it stopped, and whoever runs us has mended what it failed of. */
async function again(name: string, { connect }: WatchTools): Promise<void> {
  const { kind } = healthOf(await connect.status(name));
  if (kind === "paused" || kind === "stopped") await connect.resume(name);
  if (kind === "failed") await connect.restart(name);
}

/** Whatever Connect adds of its own is no difference. */
function isSame(there: ConnectorConfig, wanted: ConnectorConfig): boolean {
  const names = new Set([...Object.keys(there), ...Object.keys(wanted)]);
  names.delete("name");
  return [...names].every((key) => there[key] === wanted[key]);
}

async function demandValid(name: string, wanted: ConnectorConfig, { connect }: WatchTools): Promise<void> {
  const [first, ...others] = await connect.validate({ ...wanted, name });
  if (first === undefined) return;
  const more = others.length === 0 ? "" : ` (and ${String(others.length)} settings more)`;
  throw new Fault(
    "connector-failed",
    `${connect.place} refuses the connector ${name}: ${first.setting}: ${first.why}${more}`,
    { next: "Mend what it names, and run the same command again." },
  );
}
