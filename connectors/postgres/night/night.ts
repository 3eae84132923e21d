/**
 * Who gets into the target after the switch (src/cutover-port.ts): the fence over the applications' roles, what speaks against
 * a cutover for this plan, and the way back, which is another's. Opening itself is the claimed ledger's.
 */
import type { TargetNight, WayBack } from "../../../src/cutover-port.js";
import type { PostgresOptions } from "../connection.js";
import type { Claim } from "../epoch.js";
import { TargetFence } from "./fence.js";
import { leavingStatements } from "./leaving.js";
import { sequenceFindings } from "./sequences.js";
import { writerFindings } from "./writers.js";

export interface TargetNightOptions {
  readonly postgres: PostgresOptions;
  /** `cutover.open.roles`. */
  readonly roles: readonly string[];
  /** The claim of the engine that raises the fence; null where it is only looked at. */
  readonly claim: Claim | null;
  readonly wayBack: WayBack;
}

/** Opens nothing before it is asked. Disposes of the way back too. */
export function openTargetNight({ postgres, roles, claim, wayBack }: TargetNightOptions): TargetNight {
  const fence = new TargetFence({ postgres, roles, claim });
  return {
    fence,
    wayBack,
    findings: async (plan) => {
      const session = await fence.session();
      return [
        ...(await writerFindings(session, plan, await fence.roles())),
        ...(await sequenceFindings(session, plan)),
      ];
    },
    leaving: async (plan) => await leavingStatements(await fence.session(), plan, roles),
    [Symbol.asyncDispose]: async () => {
      try {
        await wayBack[Symbol.asyncDispose]();
      } finally {
        await fence[Symbol.asyncDispose]();
      }
    },
  };
}
