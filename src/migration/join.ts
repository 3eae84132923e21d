/**
 * The join of the lanes: where each may stand still, and what is built while all of them do. What old images would have
 * stumbled over (unique keys, foreign keys) is built once, with every lane at one position, and what depends on it after.
 */
import { Fault } from "../errors.js";
import type { CopyOptions } from "../migration.js";
import { phase, viewFacts } from "../migration.js";
import type { Plan, PlanStatement, Position } from "../model.js";
import type { LedgerView } from "../port.js";
import { buildAfter, isPastJoin, waitsForProof } from "../snapshot/build.js";
import type { ChangeFeed } from "../stream-port.js";
import { buildViews } from "../verify/views.js";
import { generatedPhase, isKept, keepGenerated } from "./generated.js";

/** All lanes stand still: what old images would have stumbled over can hold now. */
export async function buildAtJoin(options: CopyOptions): Promise<void> {
  const { ledger, plan: made } = options;
  await phase(ledger, "constraints", async () => {
    await buildAfter(options, isBuiltAtJoin);
    return { statements: made.after.filter(({ kind }) => kind !== "view").filter(isBuiltAtJoin).length };
  });
  const view = await ledger.view();
  const viewed = view.phases.some(({ phase: name, endedAt }) => name === "views" && endedAt !== null);
  if (!isKept(view, made)) await phase(ledger, generatedPhase, () => keepGenerated(options));
  if ((made.views ?? []).length > 0 && !viewed)
    await phase(ledger, "views", async () =>
      viewFacts(await buildViews({ ...options, uncompared: "its tables change while it would be compared" })),
    );
}

/** Whether all that the lanes stand still for is there: what the plan says, and what a proof has let be built. */
export async function isJoined(options: Pick<CopyOptions, "ledger" | "plan">): Promise<boolean> {
  return (await isBuilt(options, isBuiltAtJoin)) && isKept(await options.ledger.view(), options.plan);
}

function isBuiltAtJoin(statement: PlanStatement): boolean {
  return isPastJoin(statement) && !waitsForProof(statement);
}

/** Whether these statements of the plan are on the target already. */
export async function isBuilt(
  { ledger, plan: made }: Pick<CopyOptions, "ledger" | "plan">,
  wanted: (statement: PlanStatement) => boolean,
): Promise<boolean> {
  const built = new Set((await ledger.view()).built);
  return made.after.filter(wanted).every(({ name }) => built.has(name));
}

type LaneView = LedgerView["lanes"][number];

export function hasJoined(feed: ChangeFeed, { join, applied }: LaneView): boolean {
  return join !== null && applied !== null && feed.holds(applied, join.position);
}

/**
 * Where a lane may stand still for its constraints: past its join, and past the cuts of its tables, which may be later when
 * they were copied again. Before that a child can be there whose parent is still to come.
 */
export function gates(made: Plan, view: LedgerView, feed: ChangeFeed): ReadonlyMap<string, Position> {
  const laneOf = new Map(made.tables.map(({ source, lane }) => [source, lane]));
  const found = new Map(positions(view, "join"));
  for (const { table, cut } of view.tables) {
    const lane = laneOf.get(table) ?? "";
    const join = found.get(lane);
    if (cut !== null && join !== undefined && !feed.holds(join, cut)) found.set(lane, cut);
  }
  return found;
}

/** Where the lanes' copies began, or ended. Fault ledger-mismatch. */
export function positions(view: LedgerView, end: "start" | "join"): ReadonlyMap<string, Position> {
  return new Map(
    view.lanes.map((lane) => {
      const found = lane[end];
      if (found === null)
        throw new Fault(
          "ledger-mismatch",
          `The ledger has no ${end} of the lane ${lane.lane}, though its copy is done.`,
        );
      return [lane.lane, found.position] as const;
    }),
  );
}
