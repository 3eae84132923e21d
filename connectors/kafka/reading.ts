/**
 * One reading of topics over kafkajs. The library takes an offset that is gone for its own affair: it jumps, to the first
 * record that is left or to the end, and says nothing. So each batch must begin where the one before it ended; where it
 * does not, the topic is looked at: numbers that only Kafka's own records had are let pass, everything else is a stop.
 * While a queue holds enough nothing more is asked for, as long as it is being emptied; where records of another topic are
 * waited for, the topic is paused, so that memory has a bound however far the topics are apart. A pause costs time: the
 * library looks only now and then whether it is over.
 */
import type { Batch, Consumer, Kafka } from "kafkajs";
import { Fault } from "../../src/errors.js";
import { eitherOf, stopReason, throwIfStopped } from "../../src/stop.js";
import { kafkaErrorTypes, kafkaFault } from "./kafka-fault.js";
import { RecordQueue } from "./record-queue.js";
import type { TopicQueue, TopicReading, TopicStart, TopicState } from "./topic.js";

export interface ReadingOptions {
  readonly kafka: Kafka;
  readonly group: string;
  readonly starts: readonly TopicStart[];
  /** How the topics stand now. */
  readonly states: () => Promise<readonly TopicState[]>;
  readonly queueBytes: number;
  readonly signal: AbortSignal;
  readonly now: () => number;
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly closed: (reading: TopicReading) => Promise<void>;
}

/** How often partitions are counted. */
const countEveryMs = 5_000;
/** The longest wait for a queue to be emptied; the group hears of the reader after it. */
const emptyMs = 2_000;

export async function openReading(options: ReadingOptions): Promise<TopicReading> {
  const reading = new Reading(options);
  try {
    await reading.start();
  } catch (error) {
    await reading[Symbol.asyncDispose]();
    throw kafkaFault(error, "Reading the topics");
  }
  return reading;
}

class Reading implements TopicReading {
  readonly #options: ReadingOptions;
  readonly #consumer: Consumer;
  readonly #queues: ReadonlyMap<string, RecordQueue>;
  #fault: Fault | null = null;
  #wake: (() => void) | null = null;
  #news = false;
  #counted: number;
  /** Ends the wait for a queue that holds enough. */
  #goOn: (() => void) | null = null;
  #closing: Promise<void> | null = null;
  readonly #aborted = (): void => {
    this.#end(stopReason(this.#options.signal));
  };

  constructor(options: ReadingOptions) {
    this.#options = options;
    this.#counted = options.now();
    this.#queues = new Map(
      options.starts.map((start) => [
        start.topic,
        new RecordQueue(start, (queue) => {
          this.#lighter(queue);
        }),
      ]),
    );
    this.#consumer = options.kafka.consumer({
      groupId: options.group,
      allowAutoTopicCreation: false,
      sessionTimeout: 30_000,
      rebalanceTimeout: 30_000,
      heartbeatInterval: 3_000,
      maxWaitTimeInMs: 100,
      minBytes: 1,
      maxBytesPerPartition: 1024 * 1024,
      maxBytes: 8 * 1024 * 1024,
      readUncommitted: false,
      retry: {
        retries: 2,
        initialRetryTime: 100,
        maxRetryTime: 1_000,
        restartOnFailure: async () => Promise.resolve(false),
      },
    });
  }

  async start(): Promise<void> {
    const { signal, starts } = this.#options;
    signal.addEventListener("abort", this.#aborted);
    if (signal.aborted) this.#aborted();
    const consumer = this.#consumer;
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      this.#end(this.#faultOf(payload.error));
    });
    // Joined anew, after a rebalance too: what the group remembers is nothing to us.
    consumer.on(consumer.events.GROUP_JOIN, () => {
      for (const { topic, reached } of this.#queues.values())
        consumer.seek({ topic, partition: 0, offset: String(reached) });
    });
    await consumer.connect();
    await consumer.subscribe({ topics: starts.map(({ topic }) => topic), fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: 1,
      eachBatch: async (payload) => {
        const { batch } = payload;
        if (payload.isStale() || this.#ended() !== null) return;
        try {
          await this.#take(batch);
          payload.resolveOffset(batch.lastOffset());
          if (this.#options.now() - this.#counted > countEveryMs) await this.#count();
        } catch (error) {
          this.#end(this.#faultOf(error));
          return;
        }
        await payload.heartbeat();
      },
    });
    const fault = this.#ended();
    if (fault !== null) throw fault;
  }

  async #take(batch: Batch): Promise<void> {
    const { topic, partition } = batch;
    const queue = this.#queues.get(topic);
    if (queue === undefined) return;
    if (partition !== 0) {
      await this.#count();
      throw new Fault("topic-refused", `The topic ${topic} has more than one partition.`);
    }
    const first = BigInt(batch.firstOffset() ?? "-1");
    if (first > queue.reached) await this.#pass(queue, first);
    else if (first >= 0n && first < queue.reached) {
      // Asked for again after a pause or a rejoin: only what is new is taken. Further back nobody has asked.
      const last = BigInt(batch.lastOffset());
      if (last < queue.reached) throw recreated(queue, first);
    }
    for (const { offset, timestamp, key, value, headers } of batch.messages) {
      const number = BigInt(offset);
      if (number < queue.reached) continue;
      queue.add({ offset: number, timestamp: Number(timestamp), key, value, headers: headers ?? {} });
      queue.reached = number + 1n;
    }
    const after = BigInt(batch.lastOffset()) + 1n;
    if (after > queue.reached) queue.reached = after;
    this.#ring();
    if (queue.bytes <= this.#options.queueBytes || queue.paused) return;
    await this.#emptied(queue);
    if (queue.bytes <= this.#options.queueBytes / 2) return;
    queue.paused = true;
    this.#consumer.pause([{ topic, partitions: [0] }]);
  }

  /** Resolves when the queue holds half of what is enough, when somebody waits for records, or after a while. */
  async #emptied(queue: RecordQueue): Promise<void> {
    const enough = new AbortController();
    const { signal, wait } = this.#options;
    queue.watched = true;
    await Promise.race([
      Promise.allSettled([wait(emptyMs, eitherOf(signal, enough.signal))]),
      new Promise<void>((resolve) => {
        this.#goOn = resolve;
      }),
    ]);
    this.#goOn = null;
    queue.watched = false;
    enough.abort();
  }

  #faultOf(error: unknown): Fault {
    const topics = [...this.#queues.keys()].join(", ");
    return kafkaErrorTypes(error).includes("UNKNOWN_TOPIC_OR_PARTITION")
      ? gone(`One of the topics ${topics}`, error)
      : kafkaFault(error, "Reading the topics");
  }

  /** Offsets were left out: by Kafka's own records, or because they are gone. */
  async #pass(queue: RecordQueue, first: bigint): Promise<void> {
    const state = (await this.#options.states()).find(({ topic }) => topic === queue.topic);
    if (state === undefined || state.low > queue.reached)
      throw new Fault(
        "topic-gap",
        `The topic ${queue.topic} begins at offset ${String(state?.low ?? 0)} now, and ${String(queue.reached)} was to be read next: Kafka has deleted what was not applied yet.`,
      );
    if (state.high < queue.reached) throw recreated(queue, state.high);
    queue.reached = first;
  }

  /** Partitions that somebody adds take keys away from the first one. */
  async #count(): Promise<void> {
    this.#counted = this.#options.now();
    for (const { topic, partitions } of await this.#options.states()) {
      if (partitions === 1) continue;
      if (partitions === 0) throw gone(`The topic ${topic}`);
      throw new Fault(
        "topic-refused",
        `The topic ${topic} has ${String(partitions)} partitions now and had one: the order of changes across them is lost.`,
        { next: "Route the lane's tables to a topic of one partition, and begin the copy anew." },
      );
    }
  }

  queue(topic: string): TopicQueue {
    const queue = this.#queues.get(topic);
    if (queue === undefined) throw new Fault("bug", `The topic ${topic} is not read.`);
    return queue;
  }

  async arrived(ms: number, signal: AbortSignal): Promise<void> {
    throwIfStopped(signal);
    if (this.#fault !== null) throw this.#fault;
    if (!this.#news) {
      this.#goOn?.();
      const enough = new AbortController();
      const waited = this.#options.wait(ms, eitherOf(signal, enough.signal));
      await Promise.race([
        Promise.allSettled([waited]),
        new Promise<void>((resolve) => {
          this.#wake = resolve;
        }),
      ]);
      this.#wake = null;
      enough.abort();
      throwIfStopped(signal);
      // Set by others meanwhile.
      const fault = this.#ended();
      if (fault !== null) throw fault;
    }
    this.#news = false;
    if (this.#options.now() - this.#counted > countEveryMs) await this.#count();
  }

  #ended(): Fault | null {
    return this.#fault;
  }

  #ring(): void {
    this.#news = true;
    this.#wake?.();
  }

  #lighter(queue: RecordQueue): void {
    if (queue.bytes > this.#options.queueBytes / 2 || this.#closing !== null) return;
    if (queue.watched) {
      this.#goOn?.();
      return;
    }
    queue.paused = false;
    this.#consumer.resume([{ topic: queue.topic, partitions: [0] }]);
  }

  #end(fault: Fault): void {
    this.#fault ??= fault;
    this.#ring();
    this.#goOn?.();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= this.#close();
    await this.#closing;
  }

  async #close(): Promise<void> {
    this.#options.signal.removeEventListener("abort", this.#aborted);
    this.#end(new Fault("connection-lost", "The reading of the topics is closed."));
    // Whatever is wrong with the brokers now, the reading is over.
    await Promise.allSettled([this.#consumer.disconnect()]);
    await this.#options.closed(this);
  }
}

/** It was there when the reading began. */
function gone(which: string, cause?: unknown): Fault {
  const sentence = `${which} was deleted while it was read, with what was not applied yet.`;
  return new Fault("topic-gap", sentence, { cause });
}

function recreated({ topic, reached }: RecordQueue, end: bigint): Fault {
  return new Fault(
    "topic-gap",
    `The topic ${topic} was deleted and made again: its record ${String(reached)} was to be read next, and it goes on at ${String(end)}.`,
  );
}
