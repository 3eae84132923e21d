/**
 * An engine on a world of the bench, in a process of its own as the product's is: its CPU and its memory are then the
 * engine's and nothing else's. Says what happens as lines of JSON, and is told `level` and `stop` by lines.
 */
import { createInterface } from "node:readline";
import { overOf } from "../../test/world/kafka-world.js";
import type { KafkaPlace } from "../../test/world/kafka-world.js";
import { startLive } from "../../test/world/live.js";
import type { LiveEvent, LiveSettings } from "../../test/world/live.js";

export type EngineSettings = Pick<LiveSettings, "source" | "target" | "migration" | "batchRows" | "plan"> & {
  /** Its changes come from there, and not from the source's own log. */
  readonly kafka?: KafkaPlace;
};

export type Said =
  | {
      readonly kind: "batch";
      readonly events: number;
      readonly milliseconds: number;
      readonly memory: NodeJS.MemoryUsage;
    }
  | { readonly kind: "lag"; readonly seconds: number }
  | { readonly kind: "going-on" }
  | { readonly kind: "level" };

const say = (said: Said): void => void process.stdout.write(`${JSON.stringify(said)}\n`);

function onEvent(event: LiveEvent): void {
  if (event.kind === "batch")
    say({
      kind: "batch",
      events: event.events,
      milliseconds: event.milliseconds,
      memory: process.memoryUsage(),
    });
  else if (event.kind === "lag") say({ kind: "lag", seconds: event.seconds });
  else if (event.kind === "going-on") say({ kind: "going-on" });
}

const settings = JSON.parse(process.env["HEADGATE_BENCH_ENGINE"] ?? "") as EngineSettings;
const { kafka } = settings;
await using live = startLive({
  ...settings,
  rangeRows: 100_000,
  onEvent,
  ...(kafka === undefined ? {} : { over: overOf(kafka) }),
});
for await (const line of createInterface(process.stdin)) {
  if (line === "level") {
    await live.level();
    say({ kind: "level" });
  } else if (line === "stop") break;
  else throw new Error(`told ${line}`);
}
await live.stop();
process.stdin.destroy();
