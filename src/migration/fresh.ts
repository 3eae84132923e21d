/**
 * Whether the source is still what the copy's plan was made of. A copy of a table that is altered while it is read may fail in any
 * way, or in none: then the plan is what is wrong, and the tables are named, so that nobody looks for the fault elsewhere.
 */
import { Fault } from "../errors.js";
import type { FaultCode } from "../errors.js";
import type { Plan } from "../model.js";
import { reshaping } from "./reshape.js";

/** What a copy comes to when its table is not any more what it was. */
const causes: readonly FaultCode[] = [
  ...(["source-refused", "target-refused", "value-refused", "constraint-refused"] as const),
  ...(["type-pair", "range-incomplete", "bug"] as const),
];

/** Runs `copy`; false is that not all is copied yet. Fault plan-stale where today's plan is another one, however all of it ended. */
export async function whileFresh(
  made: Plan,
  replan: () => Promise<Plan>,
  signal: AbortSignal,
  copy: () => Promise<boolean>,
): Promise<boolean> {
  let all: boolean;
  try {
    all = await copy();
  } catch (error) {
    if (!(error instanceof Fault) || !causes.includes(error.code) || signal.aborted) throw error;
    let now: Plan;
    try {
      now = await replan();
    } catch (unread) {
      throw unlooked(error, unread, signal);
    }
    throw stale(made, now, error) ?? error;
  }
  const fault = all ? stale(made, await replan()) : null;
  if (fault !== null) throw fault;
  return all;
}

/** What happened, still; and that it may have come of something that nobody could look at. */
function unlooked(fault: Fault, unread: unknown, signal: AbortSignal): Fault {
  if (signal.aborted) return fault;
  const { code, message, next, facts } = fault;
  const why = unread instanceof Error ? unread.message : String(unread);
  return new Fault(
    code,
    `${message} Whether the source was altered meanwhile could not be looked at: ${why}`,
    { next, facts, cause: unread },
  );
}

/** What is another thing in `now`, by name, as sentences. */
export function alteredSince(made: Plan, now: Plan): string {
  const { rebuild, added, refused } = reshaping(made, now, true);
  const what = [
    ...refused,
    ...(rebuild.length === 0 ? [] : [`Altered since: ${rebuild.join(", ")}.`]),
    ...(added.length === 0 ? [] : [`New since: ${added.join(", ")}.`]),
  ];
  return what.length === 0 ? "A setting of the source or of headgate.yaml is another one." : what.join(" ");
}

function stale(made: Plan, now: Plan, cause?: Fault): Fault | null {
  if (now.fingerprint === made.fingerprint) return null;
  return new Fault(
    "plan-stale",
    `The source is not any more what this copy's plan was made of. ${alteredSince(made, now)}`,
    {
      next: "headgate run, which makes what is altered anew and copies it again. A copy that nothing follows (--until copied), or a table that is gone: go back to the source that the plan was made of, or begin a new migration.",
      facts: { recorded: made.fingerprint, now: now.fingerprint },
      ...(cause === undefined ? {} : { cause }),
    },
  );
}
