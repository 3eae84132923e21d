/** Who walks in the soak: nothing leads forward there, and back only beside a stream that goes that way. */
import type { StepTold, Walk } from "../cutover/walk.js";
import { Fault } from "../errors.js";
import { reopen } from "../migration/forward.js";
import type { ReverseStream } from "../migration/reverse.js";
import type { Ledger } from "../port.js";
import type { Crew } from "./crew.js";
import type { Living } from "./living.js";

export interface SoakWalker {
  of(parts: { readonly reverse: ReverseStream | null; readonly onStep: (told: StepTold) => void }): Walk;
}

export function soakWalker({ found }: Living, crew: Crew, ledger: Ledger, stop: AbortSignal): SoakWalker {
  const never = (): never => {
    throw new Fault("bug", "The way forward was asked for in the soak.");
  };
  const cutover = (): string => crew.journey.cutover ?? "";
  return {
    of: ({ reverse, onStep }) =>
      crew.walk({
        cutover: cutover(),
        forward: {
          drain: async () => never(),
          prove: async () => never(),
          reopen: async () => {
            await reopen({ plan: found.plan, night: crew.source, ledger: ledger.night(), cutover });
          },
        },
        reverse: reverse?.steps ?? null,
        endTransactions: true,
        onOpening: () => undefined,
        onStep,
        stop,
      }),
  };
}
