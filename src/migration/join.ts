/**
 * The join of the lanes: where each may stand still, and what is built while all of them do. What old images would have
 * stumbled over (unique keys, foreign keys) is built once, with every lane at one position, and what depends on it after.
 */
import { Fault } from "../errors.js";
import type { CopyOptions } from "../migration.js";
import { generatedFacts, phase, viewFacts } from "../migration.js";
import type { Plan, PlanStatement, Position } from "../model.js";
import type { LedgerView } from "../port.js";
import { buildAfter, isPastJoin } from "../snapshot/build.js";
import type { ChangeFeed } from "../stream-port.js";
import { verifyGenerated } from "../verify/generated.js";
import { buildViews } from "../verify/views.js";

/** All lanes stand still: what old images would have stumbled over can hold now. */
export async function buildAtJoin(options: CopyOptions): Promise<void> {
  const { ledger, plan: made } = options;
  await phase(ledger, "constraints", async () => {
    await buildAfter(options, isPastJoin);
    return { statements: made.after.filter(({ kind }) => kind !== "view").filter(isPastJoin).length };
  });
  const done = new Set(
    (await ledger.view()).phases.flatMap(({ phase: name, endedAt }) => (endedAt === null ? [] : [name])),
  );
  if ((made.generated ?? []).length > 0 && !done.has("generated"))
    await phase(ledger, "generated", async () => {
      const verdicts = await verifyGenerated(options);
      for (const verdict of verdicts) options.onGenerated(verdict);
      return generatedFacts(verdicts);
    });
  if ((made.views ?? []).length > 0 && !done.has("views"))
    await phase(ledger, "views", async () =>
      viewFacts(await buildViews({ ...options, uncompared: "its tables change while it would be compared" })),
    );
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
