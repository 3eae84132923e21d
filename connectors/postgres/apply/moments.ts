/**
 * The named moments of a lane's transaction, in the order in which it meets them. A hook at each does nothing in
 * production; tests kill, cut or pause exactly there.
 */

export const applyMoments = [
  "apply:begun",
  "apply:group-written",
  "apply:before-commit",
  "apply:commit-sent",
  "apply:committed",
] as const;

export type ApplyMoment = (typeof applyMoments)[number];
