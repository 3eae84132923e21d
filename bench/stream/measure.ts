/**
 * An engine on a world of the bench: until it is level, and while it catches up with a backlog. CPU is of the lanes'
 * backends and of the engine's process; `open` is the time in which a lane had a batch at the target, over the whole,
 * and `busy` the time in which its backend did not wait for the engine.
 */
import { openMeter } from "../apply/meter.js";
import type { Figures } from "../apply/meter.js";
import { peakMb } from "../bulk/peak.js";
import type { KafkaPlace } from "../../test/world/kafka-world.js";
import type { Said } from "./engine.js";
import { EngineProcess } from "./engine-process.js";
import { Waits } from "./waits.js";
import type { BenchWorld } from "./world.js";

export interface Run extends Figures {
  /** Both of one lane; of several together, so 2 is all of them all the time. */
  readonly open: number;
  readonly busy: number;
  /** The most that the engine's process ever had. */
  readonly rssMb: number;
  /** The most of V8's heap and of buffers outside of it, at the end of a batch. */
  readonly heapMb: number;
  readonly buffersMb: number;
  readonly batches: number;
}

export type LanesRequest = "one" | readonly (readonly string[])[];

const batchRows = 5000;

export function engine(
  { source, target, migration }: BenchWorld,
  onSaid: (said: Said) => void,
  lanes: LanesRequest = "one",
  kafka?: KafkaPlace,
): EngineProcess {
  const over = kafka === undefined ? {} : { kafka };
  return new EngineProcess(
    { source: source.options, target: target.options, migration, batchRows, plan: { lanes }, ...over },
    onSaid,
  );
}

/** Copies what is not copied, and applies all that is committed now. */
export async function level(
  world: BenchWorld,
  lanes: LanesRequest = "one",
  kafka?: KafkaPlace,
): Promise<void> {
  await using live = engine(world, () => undefined, lanes, kafka);
  await live.level();
  await live.stop();
}

export async function catchUp(
  world: BenchWorld,
  lanes: LanesRequest = "one",
  kafka?: KafkaPlace,
): Promise<Run> {
  await world.target.sql("CHECKPOINT");
  let [events, milliseconds, batches, heap, buffers] = [0, 0, 0, 0, 0];
  await using live = engine(
    world,
    (said) => {
      if (said.kind !== "batch") return;
      events += said.events;
      milliseconds += said.milliseconds;
      batches += 1;
      heap = Math.max(heap, said.memory.heapTotal);
      buffers = Math.max(buffers, said.memory.external);
    },
    lanes,
    kafka,
  );
  await live.goingOn();
  const backends = await world.target.sql(
    `SELECT b.pid::text FROM headgate.backend b
       JOIN pg_stat_activity a ON a.pid = b.pid AND a.backend_start = b.started
      WHERE NOT EXISTS (SELECT FROM pg_locks l WHERE l.pid = b.pid AND l.locktype = 'advisory')`,
  );
  const pids = backends.map(({ pid }) => Number(pid));
  const meter = openMeter(live.pid);
  const [first, open, many] = [events, milliseconds, batches];
  meter.begin(pids);
  using waits = new Waits(pids);
  await live.level();
  meter.end();
  const busy = pids.length - waits.share;
  const rssMb = peakMb(live.pid);
  waits[Symbol.dispose]();
  await live.stop();
  const figures = meter.figures(events - first);
  return {
    ...figures,
    open: (milliseconds - open) / 1000 / figures.wall,
    busy,
    rssMb,
    heapMb: heap / 1e6,
    buffersMb: buffers / 1e6,
    batches: batches - many,
  };
}
