/**
 * The plan of a migration that has begun: a live one goes on with the plan that it was begun with, whatever DDL has made of
 * the source since, because the log before that DDL is of the old shape.
 */
import { Fault } from "../errors.js";
import type { Inspection } from "../migration.js";
import { demandFresh, inspect } from "../migration.js";
import { newcomers } from "../migration/new-tables.js";
import { forStream } from "../migration/stream-findings.js";
import type { Finding, Plan } from "../model.js";
import type { LedgerView } from "../port.js";
import { demandNotAbandoned } from "./given-up.js";
import type { OpenMigration } from "./open.js";
import { demandSameServers, readRecordedPlan, serversOf } from "./plan-file.js";
import type { VerbContext } from "./verb.js";

/** A migration whose copy is done, for a verb that looks at what is there. Fault usage before that. */
export async function copiedMigration(
  { services }: VerbContext,
  migration: OpenMigration,
  before: LedgerView | null,
): Promise<{
  readonly found: Inspection;
  readonly before: LedgerView;
  readonly live: boolean;
}> {
  const { source, target } = await migration.both();
  await demandNotAbandoned(migration, before);
  if (before === null || !(before.state === "copied" || isFollowed(before)))
    throw new Fault("usage", `${migration.id} is not copied yet, so there is nothing to compare.`, {
      next: "headgate run",
    });
  const live = isFollowed(before);
  const recorded = await readRecordedPlan(migration.stateDirectory, before.fingerprint);
  const inspected = await inspect(source, target, {
    request: migration.request,
    values: null,
    begun: begunWith(before),
    signal: services.signal,
  });
  const found = live ? asBegun(forStream(inspected), before, recorded) : inspected;
  demandFresh(found.plan, before.fingerprint, "the target's ledger");
  demandSameServers(recorded?.servers ?? null, serversOf(found), !live);
  return { found, before, live };
}

/** Whether the copy is done and the log is what remains. */
export function isFollowed(view: LedgerView | null): boolean {
  return view !== null && ["streaming", "ready", "soaking", "rolled_back", "completed"].includes(view.state);
}

/**
 * DDL at the source makes another plan of its catalogue, but what the log holds before it is of the shape of the plan that
 * the migration was begun with: that one goes on, and the stream stops at the change.
 */
export function asBegun(found: Inspection, before: LedgerView | null, recorded: Plan | null): Inspection {
  if (before === null || recorded === null || recorded.fingerprint !== before.fingerprint) return found;
  if (!isFollowed(before)) return found;
  if (found.plan.fingerprint === recorded.fingerprint) return found;
  const told = newcomers(found.plan, recorded).map((table): Finding => ({
    code: "table-not-followed",
    severity: "warning",
    object: table,
    sentence: `${table} was made at the source after this migration began: it is not on the target, and ready does not come while that is so.`,
    fix: "headgate plan --amend takes it in; or leave it out with tables.exclude.",
    count: 1,
    sampleKeys: [],
  }));
  return { ...found, plan: recorded, findings: [...found.findings, ...told] };
}

/** The tables that a migration has begun with, by source name; none before it has. */
export function begunWith(before: LedgerView | null): readonly string[] {
  return before === null || before.state === "new" ? [] : before.tables.map(({ table }) => table);
}
