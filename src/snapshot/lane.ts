/**
 * The two ends of a lane's snapshot (decision 3). Start: a position is noted, then no prepared transaction may be
 * open, since it could commit into the past; then a marker is committed, and only when the ledger knows both may a
 * range be read. Join: after the lane's last range, one more marker, past which replay is exact.
 */
import { Fault } from "../errors.js";
import type { TopicOffset } from "../port.js";
import type { Ledger, LedgerView, Source } from "../port.js";
import type { OnEvent } from "./event.js";
import type { MomentHook } from "./moments.js";

export interface LaneTools {
  readonly source: Pick<Source, "position" | "preparedTransactions" | "token" | "mark">;
  readonly ledger: Pick<Ledger, "recordStart" | "recordJoin">;
  readonly onEvent: OnEvent;
  readonly moment: MomentHook;
}

/** Notes the start of each of these lanes, whose marker tables are there. `topics`: where topics ended before. Faults: prepared-transactions. */
export async function startLanes(
  tools: LaneTools,
  lanes: readonly string[],
  topics: readonly TopicOffset[] = [],
): Promise<void> {
  for (const lane of lanes) {
    // Before as well as behind the position: what lasts no longer than between the two is told by the log, loudly.
    await demandNonePrepared(tools.source);
    const now = await tools.source.position();
    const position = topics.length === 0 ? now : { ...now, topics };
    await tools.moment("start:position-noted");
    await demandNonePrepared(tools.source);
    // Ids begin at 1 on every server; by the note this marker is known from any other.
    const note = `start ${await tools.source.token()}`;
    const marker = await tools.source.mark(lane, note);
    await tools.moment("start:marked");
    await tools.ledger.recordStart(lane, position, marker, note);
    await tools.moment("start:recorded");
    tools.onEvent({ kind: "started", lane });
  }
}

/** What was prepared before is in no view, and its rows may be behind the position that is read from. Fault prepared-transactions. */
export async function demandNonePrepared(source: Pick<Source, "preparedTransactions">): Promise<void> {
  const prepared = await source.preparedTransactions();
  if (prepared.length === 0) return;
  throw new Fault(
    "prepared-transactions",
    `${prepared.length} prepared XA transaction(s) on the source may commit unseen: ${prepared.slice(0, 5).join(", ")}.`,
    { facts: { count: prepared.length } },
  );
}

/**
 * A copy that goes on must find the source that it began from: half of the rows from one server and half from another,
 * or from before and after a restored backup, would be a copy of nothing. Fault ledger-mismatch.
 */
export async function proveSource(source: Source, lanes: LedgerView["lanes"]): Promise<void> {
  for (const { lane, start } of lanes) {
    if (start === null || start.note === null) continue;
    if ((await source.marked(lane, start.marker)) !== start.note)
      throw new Fault(
        "ledger-mismatch",
        `The source does not have the marker (headgate.marker_${lane}, id ${start.marker}) with which this copy began: it is another server, or was restored from a backup since.`,
        { next: "Go back to the source that the copy began from, or begin a new migration." },
      );
  }
}

/** Commits a lane's join marker and notes it. The ledger refuses while one of its ranges is open. */
export async function joinLane(tools: LaneTools, lane: string): Promise<void> {
  const marker = await tools.source.mark(lane, "join");
  await tools.moment("join:marked");
  // Asked after the marker's commit: what is at or before this position holds the marker.
  const position = await tools.source.position();
  await tools.ledger.recordJoin(lane, position, marker);
  await tools.moment("join:recorded");
  tools.onEvent({ kind: "joined", lane });
}
