/**
 * What a trigger that has fired leads to, pure. Before the switch everything backs out: nothing is lost by it. Within the
 * guard after it traffic goes back by itself, but only where going back is safe and no worse than staying; later, and
 * in every doubt, a person is paged.
 */
import type { Fired, TriggerStatus } from "./triggers.js";

export interface Situation {
  /** before: nothing is decided. going: a cutover is under way. soaking: the target is open. */
  readonly phase: "before" | "going" | "soaking";
  /** Since the target was opened. */
  readonly soakedMs: number;
  readonly guardMs: number;
  /** A way back out of this soak was given up, since it could not be gone. */
  readonly givenUp: boolean;
  /** A reverse stream stands, so there is a way back. */
  readonly wayBack: boolean;
  /** Longest time without writes. */
  readonly pauseMs: number;
  /** What draining the reverse stream would take now, as part of the pause; null where nobody can tell. */
  readonly drainMs: number | null;
  /** The source has all that the target wrote: the reverse stream is level, and nothing of it is refused. */
  readonly sourceComplete: boolean;
}

export type Answer =
  /** A person has to know, and `ready` is kept back. */
  | { readonly act: "block" }
  /** The cutover that is under way is aborted; the source goes on serving. */
  | { readonly act: "abort" }
  | { readonly act: "rollback" }
  /** `why`: why nothing is done by itself. */
  | { readonly act: "page"; readonly why: string };

export function answer(fired: Fired, now: Situation): Answer {
  if (now.phase === "before") return { act: "block" };
  if (now.phase === "going") return { act: "abort" };
  const page = (why: string): Answer => ({ act: "page", why });
  if (!now.wayBack) return page("there is no way back: cutover.wayBack is false");
  if (now.soakedMs > now.guardMs) return page("cutover.guard is over");
  if (now.givenUp)
    return page("a way back was given up in this soak, and each one more would stop writes again");
  if (fired.trigger === "disk-used" && fired.facts["of"] === "the source")
    return page("the disk that is full is the one that traffic would go back to");
  if (fired.trigger === "divergence" && !now.sourceComplete)
    return page(
      "the source is not proven to have all that the target wrote, so it may be the one that is wrong",
    );
  if (fired.trigger === "failed-batches" && !now.sourceComplete)
    return page(
      "the reverse stream cannot write to the source, so going back would lose what the target wrote",
    );
  if (fired.trigger === "replication-lag") {
    if (now.drainMs === null) return page("nobody can tell how long the drain of the way back would take");
    if (now.drainMs > now.pauseMs)
      return page(
        `the drain of the way back would take ${seconds(now.drainMs)}, and cutover.maxWritePause is ${seconds(now.pauseMs)}`,
      );
  }
  return { act: "rollback" };
}

/** `complete` would close the way back under a doubt: until a later comparison is clean it is refused. */
export function blocksComplete(status: readonly TriggerStatus[]): boolean {
  return status.some(({ trigger, state }) => trigger === "divergence" && state === "fired");
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
