/** How long a pause may last: the source drops its log meanwhile, and what is dropped is lost for good (trap 62). */
import { Fault } from "../errors.js";

/** Log that the source must still keep for a pause to be a good idea. */
const leastSeconds = 600;

/** Fault usage where the log runs out too soon; nobody is told anything where that is not known. */
export function demandLog(retentionSeconds: number | null): void {
  if (retentionSeconds === null || retentionSeconds >= leastSeconds) return;
  throw new Fault(
    "usage",
    `The source drops the log that the engine needs next in ${String(Math.round(retentionSeconds))} seconds: a paused engine would lose it.`,
    { next: "Let the engine catch up, or raise the source's binlog expiry; then headgate pause." },
  );
}
