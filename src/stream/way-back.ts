/**
 * What turns the stream round: one lane for everything, as the target's log is one, and fields that are in the target's
 * form as they come. Nothing is copied beside it; and foreign keys' actions stand in that log as rows, so none is made up.
 */
import type { Plan, Position } from "../model.js";
import { asItIs } from "../typemap/as-it-is.js";
import type { StreamOptions } from "./options.js";

export const wayBackLane = "reverse";

/** The plan as the way back goes by it. */
export function wayBackPlan(plan: Plan): Plan {
  const tables = plan.tables.map((table) => ({ ...table, lane: wayBackLane }));
  return { ...plan, lanes: [wayBackLane], tables };
}

/** What a stream is told beside its feed, its writer and `wayBackPlan`; `start`: where the slot began. */
export function wayBackOptions(
  start: Position,
): Pick<
  StreamOptions,
  "cellOf" | "cascades" | "built" | "onJoined" | "starts" | "joins" | "nothingCopied" | "cuts" | "direction"
> {
  return {
    cellOf: () => asItIs,
    cascades: false,
    built: true,
    onJoined: () => Promise.resolve(),
    starts: new Map([[wayBackLane, start]]),
    joins: new Map(),
    nothingCopied: true,
    cuts: new Map(),
    direction: "back",
  };
}
