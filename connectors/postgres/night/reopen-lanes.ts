/**
 * The forward lanes open again once everything that was written on the target is on the source and nobody gets in any more
 * (design.md, decision 13). Each goes on at a marker that was written after the reverse drain, so it never meets the rows
 * that the way back wrote into the source's log; what the target was written meanwhile is to be compared again, whole.
 */
import { Fault } from "../../../src/errors.js";
import type { Position } from "../../../src/model.js";
import { proveEpoch } from "../epoch.js";
import { isIn, readDoors } from "./doors.js";
import type { Opening } from "./open.js";

export interface ReopenedLane {
  readonly lane: string;
  readonly position: Position;
  readonly marker: string;
}

export async function reopenLanes(
  { session, claim, moment }: Omit<Opening, "plan">,
  cutover: string,
  lanes: readonly ReopenedLane[],
): Promise<void> {
  const { migration } = claim;
  const doing = "opening the forward lanes again";
  await session.transaction(async () => {
    await proveEpoch(session, claim);
    const [row] = (
      await session.query(
        "SELECT state, cutover FROM headgate.migration WHERE id = $1 FOR UPDATE",
        [migration],
        doing,
      )
    ).rows;
    const { state = null, cutover: last = null } = row ?? {};
    // Whatever marker was written since: the lanes have gone on from the first one.
    if (last === cutover && state === "rolled_back") return;
    if (last !== cutover || state !== "soaking")
      throw new Fault(
        "ledger-mismatch",
        `The cutover ${cutover} is not the one that has the target open: ${migration} is ${state ?? "unknown"}, by ${last ?? "none"}.`,
      );
    await moment("reopen:proven");
    await demandShut({ session, claim });
    await session.query(
      `WITH moved AS (
         UPDATE headgate.lane l SET seq = l.seq + 1
           FROM unnest($2::text[]) AS n (lane) WHERE l.migration = $1 AND l.lane = n.lane AND l.closed
         RETURNING l.lane, l.seq)
       INSERT INTO headgate.dirty (migration, lane, seq, table_name, keys, whole, position)
       SELECT $1, m.lane, m.seq, t.name, NULL, true, n.position::json
         FROM moved m
         JOIN unnest($2::text[], $3::text[]) AS n (lane, position) ON n.lane = m.lane
         JOIN headgate.source_table t ON t.migration = $1 AND t.lane = m.lane`,
      [migration, lanes.map(({ lane }) => lane), lanes.map(({ position }) => JSON.stringify(position))],
      doing,
    );
    await moment("reopen:marked");
    await session.query(
      `UPDATE headgate.lane l SET position = n.position::json, closed = false
         FROM unnest($2::text[], $3::text[]) AS n (lane, position)
        WHERE l.migration = $1 AND l.lane = n.lane AND l.closed`,
      [migration, lanes.map(({ lane }) => lane), lanes.map(({ position }) => JSON.stringify(position))],
      doing,
    );
    await moment("reopen:moved");
    const left = await session.query(
      "SELECT lane FROM headgate.lane WHERE migration = $1 AND closed",
      [migration],
      doing,
    );
    if (left.count > 0)
      throw new Fault(
        "bug",
        `The lanes ${left.rows.map(({ lane }) => lane ?? "").join(", ")} were to be opened again without a marker.`,
      );
    await session.query(
      "UPDATE headgate.migration SET state = 'rolled_back', since = clock_timestamp() WHERE id = $1",
      [migration],
      doing,
    );
    await moment("reopen:before-commit");
  }, doing);
  await moment("reopen:committed");
}

/** Both sides open at once is what no failure may come to, so nobody's word is taken for it. */
async function demandShut({ session, claim }: Pick<Opening, "session" | "claim">): Promise<void> {
  const { rows } = await session.query(
    "SELECT role, bool_or(kind IN ('login', 'connect')) AS door FROM headgate.opened WHERE migration = $1 GROUP BY role",
    [claim.migration],
    "asking who was let in",
  );
  const doors = await readDoors(
    session,
    rows.map(({ role }) => role ?? ""),
  );
  const open = [
    ...rows.flatMap(({ role, door }) => (door === "t" ? [role ?? ""] : [])),
    ...doors.filter(isIn).map(({ role }) => role),
  ];
  if (open.length > 0)
    throw new Fault(
      "fence-refused",
      `The forward lanes stay closed: ${[...new Set(open)].join(", ")} may still get into the target.`,
    );
}
