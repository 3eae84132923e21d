/**
 * What a cutover would have to wait for, as codes that `status` and `run` show: a lane that replays what the copy has
 * read anyway, keys that are not built, a lag that would become the write pause, a lane that stands still or fails again and
 * again.
 */
import { failingAt } from "../stream/trouble.js";
import type { LaneStatus } from "../stream-port.js";

/** Seconds of lag past which a cutover had better not begin: the drain would last as long. */
const LEVEL_SECONDS = 5;

export interface Level {
  readonly lanes: readonly LaneStatus[];
  readonly paused: boolean;
}

/** Why it may be kept back, beside the stream itself. */
export interface Beside {
  /** Unique and foreign keys stand. */
  readonly built: boolean;
  /** XA transactions at the source were prepared and do not end. */
  readonly unended: boolean;
  /** Failures in a row of a lane's batches that are in the way: 3 when nothing is said. */
  readonly failedBatches?: number | undefined;
}

/** Codes in a fixed order; empty when nothing is in the way. */
export function blockingOf(
  { lanes, paused }: Level,
  { built, unended, failedBatches = failingAt }: Beside,
): readonly string[] {
  const codes: string[] = [];
  if (paused) codes.push("paused");
  if (lanes.some(({ stopped }) => stopped !== null)) codes.push("lane-stopped");
  if (lanes.some(({ failedInRow }) => failedInRow >= failedBatches)) codes.push("batches-failing");
  if (lanes.length === 0 || lanes.some(({ joined }) => !joined)) codes.push("catching-up");
  else if (!built) codes.push("constraints-not-built");
  if (unended && lanes.some(({ joined }) => !joined)) codes.push("prepared-transactions");
  if (lanes.some(({ lagSeconds }) => lagSeconds === null || lagSeconds > LEVEL_SECONDS)) codes.push("lag");
  return codes;
}
