/**
 * The named moments of opening and shutting the target, and of going back, in their order. A hook at each does nothing in
 * production; tests cut the connection exactly there.
 */
export const openMoments = [
  "open:proven",
  "open:lanes-closed",
  "open:doors-open",
  "open:rights-given",
  "open:before-commit",
  "open:committed",
] as const;

export const shutMoments = [
  "shut:proven",
  "shut:doors-shut",
  "shut:committed",
  "shut:nobody-starting",
  "shut:sessions-ended",
  "shut:rights-taken",
  "shut:done",
] as const;

export const reopenMoments = [
  "reopen:proven",
  "reopen:marked",
  "reopen:moved",
  "reopen:before-commit",
  "reopen:committed",
] as const;

export type NightMoment = (typeof openMoments | typeof shutMoments | typeof reopenMoments)[number];
