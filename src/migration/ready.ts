/**
 * What a cutover would have to wait for, as codes that `status` and `run` show: a lane that replays what the copy has
 * read anyway, keys that are not built, a lag that would become the write pause, a lane that stands still.
 */
import type { LaneStatus } from "../stream-port.js";

/** Seconds of lag past which a cutover had better not begin: the drain would last as long. */
const LEVEL_SECONDS = 5;

export interface Level {
  readonly lanes: readonly LaneStatus[];
  readonly paused: boolean;
}

/** Codes in a fixed order; empty when nothing is in the way. `built`: unique and foreign keys stand; `unfollowed`: the source has tables that the plan has not. */
export function blockingOf({ lanes, paused }: Level, built: boolean, unfollowed = false): readonly string[] {
  const codes: string[] = [];
  if (unfollowed) codes.push("tables-not-followed");
  if (paused) codes.push("paused");
  if (lanes.some(({ stopped }) => stopped !== null)) codes.push("lane-stopped");
  if (lanes.length === 0 || lanes.some(({ joined }) => !joined)) codes.push("catching-up");
  else if (!built) codes.push("constraints-not-built");
  if (lanes.some(({ lagSeconds }) => lagSeconds === null || lagSeconds > LEVEL_SECONDS)) codes.push("lag");
  return codes;
}
