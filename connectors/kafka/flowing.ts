/**
 * The proof that a connector is at work, before anything is noted or read: a marker that we commit at the source comes
 * out of each lane's topic. Debezium begins at its own now, which may be after the first marker, so one is committed
 * again and again until one comes. Its note is a text that stands nowhere else, so that a record's bytes show it whatever
 * their format.
 */
import { Fault } from "../../src/errors.js";
import type { RowTopic } from "./feed-options.js";
import type { TopicClient, TopicReading } from "./topic.js";

export interface FlowTools {
  readonly client: Pick<TopicClient, "lanes" | "read">;
  /** Commits a marker in a lane's table. */
  readonly mark: (lane: string, note: string) => Promise<string>;
  /** A text that nothing else makes up. */
  readonly token: () => Promise<string>;
  /** Rejects where the connector has failed, so that nobody waits for what cannot come; asked once a marker. */
  readonly demandHealth?: () => Promise<void>;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** From one marker of a lane to the next. */
const everyMs = 1000;

/** A lane whose marker has not come. */
interface Silent {
  readonly lane: string;
  readonly topic: string;
  readonly note: Buffer;
}

/** Resolves when each lane's own marker has come. Fault connector-failed after `patienceMs` without one. */
export async function untilFlowing(
  rows: readonly RowTopic[],
  tools: FlowTools,
  signal: AbortSignal,
  patienceMs: number,
): Promise<void> {
  const started = tools.now();
  const token = await tools.token();
  let silent: readonly Silent[] = rows.flatMap(({ topic, markers }) =>
    markers.map((lane) => ({ lane, topic, note: Buffer.from(`feed=${lane}=${token}`, "utf8") })),
  );
  const topics = [...new Set(silent.map(({ topic }) => topic))];
  // Where each ended before the first marker: what it has is of before, and may be much.
  const before = new Map((await tools.client.lanes(topics)).map(({ topic, high }) => [topic, high]));
  let reading: TopicReading | null = null;
  try {
    while (silent.length > 0) {
      if (tools.now() - started > patienceMs) throw dumb(silent, patienceMs);
      await tools.demandHealth?.();
      for (const { lane, note } of silent) await tools.mark(lane, note.toString("utf8"));
      const deadline = tools.now() + everyMs;
      for (let left = everyMs; left > 0 && silent.length > 0; left = deadline - tools.now()) {
        reading ??= await opened(topics, before, tools, signal);
        if (reading === null) {
          await tools.wait(Math.min(left, everyMs / 5), signal);
          continue;
        }
        await reading.arrived(left, signal);
        silent = unheard(silent, reading, topics);
      }
    }
  } finally {
    await reading?.[Symbol.asyncDispose]();
  }
}

/** null while one of them is not there: Connect makes a topic when its first record comes. */
async function opened(
  topics: readonly string[],
  before: ReadonlyMap<string, bigint>,
  { client }: FlowTools,
  signal: AbortSignal,
): Promise<TopicReading | null> {
  const states = await client.lanes(topics);
  if (states.some(({ partitions }) => partitions === 0)) return null;
  return await client.read(
    states.map(({ topic, low }) => {
      const end = before.get(topic) ?? 0n;
      return { topic, offset: end < low ? low : end };
    }),
    signal,
  );
}

/** Those of `silent` whose marker is not among what has come. */
function unheard(
  silent: readonly Silent[],
  reading: TopicReading,
  topics: readonly string[],
): readonly Silent[] {
  let left = silent;
  for (const topic of topics) {
    const queue = reading.queue(topic);
    for (let record = queue.head; record !== null; record = queue.head) {
      const { value } = record;
      if (value !== null) left = left.filter((one) => one.topic !== topic || !value.includes(one.note));
      queue.take();
    }
  }
  return left;
}

function dumb(silent: readonly Silent[], patienceMs: number): Fault {
  const [{ lane, topic } = { lane: "", topic: "" }] = silent;
  return new Fault(
    "connector-failed",
    `The markers in headgate.marker_${lane} do not come out of the topic ${topic}, though one was committed every second for ${String(Math.round(patienceMs / 1000))} s.`,
    {
      next:
        "See that the connector runs, and that headgate.marker_" +
        lane +
        " is among its tables and goes to this topic: feed.kafka.prefix is its topic.prefix. Where the topic was deleted, restart the connector. Then headgate run.",
    },
  );
}
