/**
 * The source is another server than the one that the migration was begun from: after a failover that is well, where the
 * new one has every transaction that the target has. Sets of GTIDs say so; a file and an offset mean nothing on
 * another server. The copy must be complete: ranges of two servers are no copy of one.
 */
import { Fault } from "../errors.js";
import type { Plan } from "../model.js";
import type { LedgerView, Source } from "../port.js";
import { proveSource } from "../snapshot/lane.js";

/** Resolves when the stream may go on from `source`. Faults: server-changed with what is missing, ledger-mismatch. */
export async function proveContinuity(source: Source, plan: Plan, view: LedgerView): Promise<void> {
  const refuse = (why: string): Fault =>
    new Fault("server-changed", `Another source server answers than the one that this began on, and ${why}.`);
  if (!view.lanes.every(({ join }) => join !== null))
    throw refuse("the copy is not complete: its rest would be of another server than its beginning");
  await proveSource(source, view.lanes);
  const now = await source.position();
  if ((await source.facts()).engine === "mariadb")
    throw refuse(
      "MariaDB's positions name one number a domain: they cannot say that no transaction was lost on the way",
    );
  await using feed = await source.feed(plan);
  // A table that was cut at a position holds what the log has up to there: without it, it holds rows that never were.
  for (const { table, cut } of view.tables)
    if (cut !== null && !(now.kind === "gtid" && cut.kind === "gtid" && feed.holds(now, cut)))
      throw refuse(`it lacks transactions that the copy of ${table} has`);
  for (const { lane, applied, start, join } of view.lanes)
    for (const position of [applied ?? start?.position, join?.position]) {
      if (position === undefined) continue;
      if (position.kind !== "gtid" || now.kind !== "gtid")
        throw refuse("positions of this migration are files and offsets, which hold for one server only");
      if (!feed.holds(now, position))
        throw refuse(
          `it lacks transactions that the lane ${lane} stands on: what the target has is not all its own`,
        );
    }
}
