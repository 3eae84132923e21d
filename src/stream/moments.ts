/**
 * The named moments of the change stream, in the order in which a batch meets them. The engine calls a hook at each
 * and waits for it; it does nothing in production, and in tests it pauses, throws or kills the process exactly there.
 */

export const streamMoments = [
  "feed:opened",
  "batch:closed",
  "batch:begun",
  "batch:written",
  "batch:before-commit",
  "batch:committed",
  "join:reached",
  "join:done",
  "feed:lost",
] as const;

export type StreamMoment = (typeof streamMoments)[number];

export type StreamMomentHook = (moment: StreamMoment) => void | Promise<void>;
