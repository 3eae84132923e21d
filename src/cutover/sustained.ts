/**
 * One figure against its limit over time, pure. It fires once, when every reading of a whole window was past the limit,
 * and is armed again by a window of readings well below it: a figure that swings about its limit fires once and not at each
 * swing. A reading that cannot be had is neither: a short gap ends nothing, after a longer one nobody knows what the
 * figure did meanwhile, and the window begins anew.
 */

export interface Limit {
  /** What is past it: more than this, or as much where `inclusive`. */
  readonly above: number;
  readonly inclusive?: true;
  /** How long. 0 fires at the first reading. */
  readonly forMs: number;
  /** At or below this it is calm again. */
  readonly calm: number;
}

export interface Standing {
  readonly state: "calm" | "over" | "fired";
  /** When the first reading of the window was taken: of what is over, or of what is calm again after it has fired. */
  readonly since: number | null;
  /** When the last reading was had. */
  readonly seen: number | null;
}

export interface Judged {
  readonly standing: Standing;
  /** With this very reading. */
  readonly fired: boolean;
}

export const unread: Standing = { state: "calm", since: null, seen: null };

/** Longest gap between two readings of one window. */
export const longestGapMs = 15_000;

/** Of a limit, the share that a figure has to fall to before it is calm again. */
export const calmShare = 0.8;

/** `at`: monotonic milliseconds, never less than before. */
export function judge(before: Standing, reading: number | null, at: number, limit: Limit): Judged {
  const { state, since, seen } = bridged(before, at);
  if (reading === null) return { standing: { state, since, seen }, fired: false };
  const over = limit.inclusive === true ? reading >= limit.above : reading > limit.above;
  if (state === "fired") {
    if (reading > limit.calm) return { standing: { state, since: null, seen: at }, fired: false };
    const from = since ?? at;
    const armed = at - from >= limit.forMs;
    return { standing: armed ? { ...unread, seen: at } : { state, since: from, seen: at }, fired: false };
  }
  if (!over) return { standing: { ...unread, seen: at }, fired: false };
  const from = since ?? at;
  const fired = at - from >= limit.forMs;
  return { standing: { state: fired ? "fired" : "over", since: fired ? null : from, seen: at }, fired };
}

/** What has fired stays so, however long nobody looked. */
function bridged(before: Standing, at: number): Standing {
  if (before.seen === null || at - before.seen <= longestGapMs) return before;
  return { state: before.state === "fired" ? "fired" : "calm", since: null, seen: before.seen };
}
