/**
 * A migration whose tables are of another shape at the source than its plan has them: what of it is made anew on the target
 * and copied again, and the step from the one plan to the other.
 */
import { Fault } from "../errors.js";
import type { Inspection } from "../migration.js";
import { demandFresh } from "../migration.js";
import { reshaping } from "../migration/reshape.js";
import type { Reshaping } from "../migration/reshape.js";
import { retired } from "../migration/retired.js";
import type { Plan } from "../model.js";
import type { Amending, LedgerView } from "../port.js";
import { isFollowed } from "./as-begun.js";
import type { OpenMigration } from "./open.js";
import { keepPlan, serversOf, settlePlan, wholePlan } from "./plan-file.js";

/** What has to be made anew with `table`; null where the plan is today's. Faults: plan-stale, usage. */
export function shapeNow(
  today: Plan,
  before: LedgerView,
  recorded: Plan | null,
  table: string,
): Reshaping | null {
  if (today.fingerprint === before.fingerprint) return null;
  // A copy that nothing follows is what its plan says, and whoever builds on it is done.
  if (!isFollowed(before)) demandFresh(today, before.fingerprint, "the target's ledger");
  if (recorded === null || recorded.fingerprint !== before.fingerprint)
    throw new Fault(
      "plan-stale",
      `The plan that ${before.fingerprint.slice(0, 12)} in the target's ledger stands for is not in the folder beside headgate.yaml, and today's is another one.`,
      { next: "Bring the .headgate folder back, which the migration was begun with." },
    );
  // What headgate.yaml asks for differently is nothing that the source has done: no table is dropped for it.
  if (recorded.asked === undefined || recorded.asked !== today.asked)
    demandFresh(today, before.fingerprint, "the target's ledger");
  const shape = reshaping(recorded, today);
  if (shape.refused.length > 0)
    throw new Fault("plan-stale", `${table} cannot be copied again by itself. ${shape.refused.join(" ")}`, {
      next: "Change it back at the source or in headgate.yaml, then the same command again; or begin a new migration.",
    });
  return shape;
}

/**
 * What DDL has made of the source between the start of the copy and the join, where the log before it is still to come: each
 * table that is another one now is made anew and copied again. null where nothing is, or where something else than the
 * source is different too, which is a person's to settle.
 */
export function shapeMeanwhile(
  today: Plan,
  before: LedgerView | null,
  recorded: Plan | null,
): Reshaping | null {
  if (before === null || before.state === "new" || before.state === "copied" || isFollowed(before))
    return null;
  // A lane that has come past its copy is a person's to decide about, whatever is being copied again just now.
  if (before.lanes.some(({ join, applied }) => join !== null && applied !== null)) return null;
  if (recorded === null || recorded.fingerprint !== before.fingerprint) return null;
  if (today.fingerprint === recorded.fingerprint || today.asked !== recorded.asked) return null;
  if (today.asked === undefined) return null;
  const shape = reshaping(recorded, today, true);
  return shape.refused.length > 0 ? null : shape;
}

/** These tables and those that foreign keys tie to them below the log. */
export function withTied(tables: readonly string[], tied: readonly (readonly string[])[]): readonly string[] {
  const sets = tied.filter((names) => names.some((name) => tables.includes(name)));
  return [...new Set([...tables, ...sets.flat()])];
}

/** From the recorded plan to today's: one transaction of the ledger, and the file of either plan is there whenever it ends. */
export async function takeShape(
  migration: OpenMigration,
  found: Inspection,
  step: { readonly recorded: Plan } & Pick<Amending, "rebuild" | "reopen">,
): Promise<void> {
  const { recorded, rebuild, reopen } = step;
  const target = await migration.target();
  await keepPlan(migration.stateDirectory, wholePlan(found, migration), serversOf(found));
  await using ledger = await target.claim(recorded, found.source.identity);
  const retire = retired(recorded, found.plan, rebuild).statements;
  await ledger.amend(found.plan, { rebuild, reopen, retire, pass: [] });
  await settlePlan(migration.stateDirectory, found.plan.fingerprint);
}
