/** A repair inside an engine, for whoever asks over the socket or became the engine for it. */
import { z } from "zod";
import { Fault } from "../errors.js";
import type { Repairing, Verifier } from "../migration/verifier.js";
import type { JobAct } from "../serve/jobs.js";
import { repairBody } from "./repair-body.js";

const askSchema = z.strictObject({
  /** Source names; null for all. */
  tables: z.array(z.string().min(1)).min(1).nullable(),
  dryRun: z.boolean(),
  showValues: z.boolean(),
});

export type RepairAsk = z.output<typeof askSchema>;

export interface RepairJobOptions extends Repairing {
  readonly verifier: Pick<Verifier, "repair">;
  readonly now: () => number;
}

export function repairJob({ verifier, mender, primary, now }: RepairJobOptions): JobAct {
  return async (what, _onProgress, signal) => {
    const ask = askSchema.safeParse(what);
    if (!ask.success)
      throw new Fault("usage", "The repair that was asked for is not as it should be.", {
        next: "headgate repair --help",
        cause: ask.error,
      });
    const began = now();
    const outcome = await verifier.repair({ mender, primary }, ask.data, signal);
    return repairBody(outcome, ask.data, (now() - began) / 1000);
  };
}
