/**
 * How the change stream goes on, for people: lag, events in a second over the last quarter of a minute, and each lane.
 * Unknown lag is unknown.
 */
import type { LaneStatus } from "../stream-port.js";
import { eventsOf, lagOf } from "./engine-status.js";

export interface StreamReading {
  readonly lagSeconds: number | null;
  readonly read: number;
  readonly applied: number;
  readonly appliedPerSecond: number;
  readonly lanes: readonly {
    readonly lane: string;
    readonly lagSeconds: number | null;
    readonly applied: number;
    readonly joined: boolean;
    readonly stopped: string | null;
  }[];
}

/** Milliseconds that the rate looks back over. */
const WINDOW = 15_000;

export class StreamMeter {
  readonly #now: () => number;
  #samples: { readonly at: number; readonly applied: number }[] = [];

  /** `now` in milliseconds, monotonic. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** null before there is a lane. */
  read(lanes: readonly LaneStatus[]): StreamReading | null {
    if (lanes.length === 0) return null;
    const { read, applied } = eventsOf(lanes);
    return {
      lagSeconds: lagOf(lanes),
      read,
      applied,
      appliedPerSecond: this.#rate(applied),
      lanes: lanes.map((lane) => ({
        lane: lane.lane,
        lagSeconds: lane.lagSeconds,
        applied: lane.eventsApplied,
        joined: lane.joined,
        stopped: lane.stopped,
      })),
    };
  }

  #rate(applied: number): number {
    const now = this.#now();
    // A new life of the engine counts from 0 again.
    if (applied < (this.#samples.at(-1)?.applied ?? 0)) this.#samples = [];
    this.#samples.push({ at: now, applied });
    while (this.#samples.length > 2 && now - (this.#samples[1]?.at ?? now) > WINDOW) this.#samples.shift();
    const [first] = this.#samples;
    if (first === undefined || now <= first.at) return 0;
    return Math.round(((applied - first.applied) / (now - first.at)) * 1000);
  }
}
