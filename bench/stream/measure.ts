/**
 * An engine of this process on a world of the bench: until it is level, and while it catches up with a backlog. CPU is of
 * the lanes' backends and of this process; `busy` is the time in which a lane had a batch at the target, over the whole.
 */
import { startLive } from "../../test/world/live.js";
import type { Live, LiveEvent } from "../../test/world/live.js";
import { openMeter } from "../apply/meter.js";
import type { Figures } from "../apply/meter.js";
import type { BenchWorld } from "./world.js";

export interface Run extends Figures {
  /** Of one lane; of several together, so 2 is both all the time. */
  readonly busy: number;
  readonly rssMb: number;
  readonly batches: number;
}

export type LanesRequest = "one" | readonly (readonly string[])[];

export const batchRows = 5000;

export function engine(
  { source, target, migration }: BenchWorld,
  onEvent: (event: LiveEvent) => void,
  lanes: LanesRequest = "one",
): Live {
  return startLive({
    source: source.options,
    target: target.options,
    migration,
    rangeRows: 100_000,
    batchRows,
    plan: { lanes },
    onEvent,
  });
}

/** Copies what is not copied, and applies all that is committed now. */
export async function level(world: BenchWorld, lanes: LanesRequest = "one"): Promise<void> {
  await using live = engine(world, () => undefined, lanes);
  await live.level();
  await live.stop();
}

export async function catchUp(world: BenchWorld, lanes: LanesRequest = "one"): Promise<Run> {
  await world.target.sql("CHECKPOINT");
  const meter = openMeter();
  let [events, milliseconds, rss, batches] = [0, 0, 0, 0];
  await using live = engine(
    world,
    (event) => {
      if (event.kind !== "batch") return;
      events += event.events;
      milliseconds += event.milliseconds;
      batches += 1;
      rss = Math.max(rss, process.memoryUsage.rss());
    },
    lanes,
  );
  await live.event("going-on");
  const backends = await world.target.sql(
    `SELECT b.pid::text FROM headgate.backend b
       JOIN pg_stat_activity a ON a.pid = b.pid AND a.backend_start = b.started
      WHERE NOT EXISTS (SELECT FROM pg_locks l WHERE l.pid = b.pid AND l.locktype = 'advisory')`,
  );
  const [first, busy, many] = [events, milliseconds, batches];
  meter.begin(backends.map(({ pid }) => Number(pid)));
  await live.level();
  meter.end();
  await live.stop();
  const figures = meter.figures(events - first);
  return {
    ...figures,
    busy: (milliseconds - busy) / 1000 / figures.wall,
    rssMb: rss / 1e6,
    batches: batches - many,
  };
}
