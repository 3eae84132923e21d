/**
 * What earlier looks left to the fence of the queries (docs/decisions/0008): those that were pending at every look or held
 * while rows moved, and those that nobody has asked. The others held; rows have changed since, so they are asked once more
 * where the pause has room for it. It is read from the ledger's records, so that an engine which took over in the middle
 * of the night knows it too.
 */
import { z } from "zod";
import type { Plan } from "../model.js";
import { askedAs, gateOf } from "../verify/gate.js";
import type { GateSettings } from "../verify/gate.js";
import type { VerifyLedger } from "../verify-port.js";

export interface FenceOpen {
  /** To be asked whatever it takes. */
  readonly open: readonly GateSettings[];
  readonly held: readonly HeldGate[];
}

export interface HeldGate {
  readonly settings: GateSettings & { readonly name: string };
  /** What its last asking took. */
  readonly seconds: number;
  /** ISO time of the end of that verification. */
  readonly at: string;
}

/** Verifications among which the last that asked is looked for. */
const lastRuns = 500;
/** Queries that held are asked again if all of them together took no longer. */
export const mostHeldSeconds = 1;

const queries = z.array(
  z.object({
    asks: z.string().optional(),
    result: z.string(),
    moving: z.boolean().optional(),
    seconds: z.number().optional(),
  }),
);

export async function fenceOpen(
  ledger: Pick<VerifyLedger, "ended">,
  plan: Plan,
  gates: readonly GateSettings[],
): Promise<FenceOpen> {
  if (gates.length === 0) return { open: [], held: [] };
  const runs = await ledger.ended(lastRuns);
  const last = runs.find(({ facts }) => typeof facts["queries"] === "string");
  const known = queries.parse(last === undefined ? [] : JSON.parse(String(last.facts["queries"])));
  const open: GateSettings[] = [];
  const held: HeldGate[] = [];
  for (const [place, given] of gates.entries()) {
    const found = known.find(({ asks }) => asks === askedAs(given));
    const at = last?.endedAt ?? null;
    // Which of all it is, whichever of them are asked.
    const { name } = gateOf(given, plan, place);
    const settings = { ...given, name };
    if (found?.result !== "holds" || found.moving === true || found.seconds === undefined || at === null)
      open.push(settings);
    else held.push({ settings, at, seconds: found.seconds });
  }
  return { open, held };
}

export function secondsOf(held: readonly HeldGate[]): number {
  return held.reduce((sum, { seconds }) => sum + seconds, 0);
}
