/** What a running engine says of itself, from all who know a part of it. */
import type { Governor } from "../safety/governor.js";
import type { ChangeFeed } from "../stream-port.js";
import type { Stream } from "../stream/options.js";
import { keptOf } from "../watch/engine-status.js";
import type { EngineStatus, TriggerReading } from "../watch/engine-status.js";
import type { Tally } from "../watch/tally.js";
import type { Ticker } from "./ticker.js";
import type { Proving } from "./verify-watch.js";

export interface EngineParts {
  readonly migration: string;
  readonly epoch: string;
  readonly ticker: Ticker;
  readonly governor: Governor;
  readonly tally: Tally;
  readonly stream: Stream | null;
  readonly feed: ChangeFeed | null;
  readonly verifier: Proving | null;
  readonly blocking: readonly string[];
  readonly retentionSeconds: number | null;
  /** Those of the soak; undefined before one. */
  readonly triggers: readonly TriggerReading[] | undefined;
}

export function engineFacts(parts: EngineParts): EngineStatus {
  const { ticker, governor, tally, stream, verifier, migration, epoch, blocking, retentionSeconds } = parts;
  const feed = parts.feed?.counts?.();
  const [verifying, differing] = [verifier?.reading(), verifier?.differing()];
  return {
    ...ticker.facts(),
    ...{ migration, epoch, blocking, retentionSeconds },
    held: governor.held,
    throttled: governor.throttled,
    applied: tally.rows(),
    atFence: verifier?.unjudged() ?? [],
    // Those that lanes stand before now: what was kept may have been settled since, or passed.
    quarantined: keptOf(stream?.standing ?? []),
    ...(verifying === undefined ? {} : { verifying }),
    ...(differing === undefined ? {} : { differing }),
    ...(parts.triggers === undefined ? {} : { triggers: parts.triggers }),
    ...(feed === undefined ? {} : { feed }),
  };
}
