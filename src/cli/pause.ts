/**
 * `pause`: the running engine begins nothing more, on either server, heartbeats neither. What is under way (a range, a
 * batch, an index) ends first, and the verb waits for that: when it says paused, nothing is written. The source's log goes
 * on growing meanwhile, so the answer says until when it is kept.
 */
import { Fault, exits } from "../errors.js";
import { demandLog } from "../serve/pausable.js";
import type { EngineClient, TellStatus } from "../serve/client.js";
import { deadline, steered, withEngine } from "./engine.js";
import type { SteerFlags } from "./engine.js";
import type { VerbResult } from "./output.js";
import type { VerbContext } from "./verb.js";

const lookMs = 200;

export async function pauseVerb(context: VerbContext, flags: SteerFlags): Promise<VerbResult> {
  return await withEngine(context, async (engine) => {
    const before = await engine.status();
    if (flags.dryRun) {
      if (before.held === "no") demandLog(before.retentionSeconds);
      return result(before, `Would pause the engine (process ${String(before.pid)}). Nothing was changed.`);
    }
    if (before.held === "paused") return result(before, "The engine was paused already: it writes nothing.");
    const status = await quiet(context, engine, await engine.pause());
    return result(status, "The engine is paused: it writes nothing.");
  });
}

/** Waits until nothing is on its way any more. Told to stop, it leaves the engine pausing. */
async function quiet(
  { services, output }: VerbContext,
  engine: EngineClient,
  first: TellStatus,
): Promise<TellStatus> {
  let status = first;
  if (status.held === "pausing") output.say("Waiting for what is under way to end.");
  while (status.held === "pausing") {
    await services.wait(lookMs, services.signal);
    status = await engine.status();
  }
  if (status.held === "no")
    throw new Fault("usage", "Somebody resumed the engine while it was pausing.", {
      next: "headgate status",
    });
  return status;
}

function result(status: TellStatus, sentence: string): VerbResult {
  return {
    exit: exits.done,
    nextSteps: status.held === "no" ? [] : [{ why: "to go on", command: "headgate resume" }],
    body: steered(status),
    human: [sentence, ...(status.held === "no" ? [] : deadline(status))],
  };
}
