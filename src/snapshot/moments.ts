/**
 * The named moments of a snapshot, in the order in which a range meets them. The engine calls a hook at each; it
 * does nothing in production, and in tests it pauses, throws or kills the process exactly there. Coverage of the
 * kill tests is counted over this list, so a moment that nobody meets is a test that is missing.
 * `range:half-sent` is met inside the row loop, where a hook can kill or throw but not be waited for.
 */

export const moments = [
  "claim:locked",
  "claim:raised",
  "start:position-noted",
  "start:marked",
  "start:recorded",
  "split:read",
  "split:recorded",
  "range:leased",
  "cut:opened",
  "range:copy-open",
  "range:half-sent",
  "range:copied-not-marked",
  "range:marked-not-committed",
  "range:commit-sent",
  "range:committed",
  "join:marked",
  "join:recorded",
  "build:before",
  "build:run-not-recorded",
  "build:after",
] as const;

export type Moment = (typeof moments)[number];

export type MomentHook = (moment: Moment) => void | Promise<void>;
