/**
 * One reading of topics over kafkajs. The library takes an offset that is gone for its own affair: it jumps, to the first
 * record that is left or to the end, and says nothing. So each batch must begin where the one before it ended; where it
 * does not, the topic is looked at: numbers that only Kafka's own records had are let pass, everything else is a stop.
 * A topic whose queue holds enough is paused, so that memory has a bound however far the topics are apart.
 */
import type { Batch, Consumer, Kafka } from "kafkajs";
import { Fault } from "../../src/errors.js";
import { eitherOf, stopReason, throwIfStopped } from "../../src/stop.js";
import { kafkaFault } from "./kafka-fault.js";
import type { TopicQueue, TopicReading, TopicRecord, TopicStart, TopicState } from "./topic.js";

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

class Queue implements TopicQueue {
  readonly topic: string;
  /** Offset that comes next; all below it were here. */
  reached: bigint;
  paused = false;
  #records: TopicRecord[] = [];
  #at = 0;
  #bytes = 0;
  readonly #lighter: (queue: Queue) => void;

  constructor({ topic, offset }: TopicStart, lighter: (queue: Queue) => void) {
    this.topic = topic;
    this.reached = offset;
    this.#lighter = lighter;
  }

  get head(): TopicRecord | null {
    return this.#records[this.#at] ?? null;
  }

  get bytes(): number {
    return this.#bytes;
  }

  take(): void {
    const record = this.#records[this.#at];
    if (record === undefined)
      throw new Fault("bug", `A record of ${this.topic} was taken that is not there.`);
    this.#bytes -= weight(record);
    this.#at++;
    // What was taken is let go of at once where a batch is through, and now and then within a long queue.
    if (this.#at === this.#records.length) {
      this.#records = [];
      this.#at = 0;
    } else if (this.#at > 4096) {
      this.#records = this.#records.slice(this.#at);
      this.#at = 0;
    }
    if (this.paused) this.#lighter(this);
  }

  add(record: TopicRecord): void {
    this.#records.push(record);
    this.#bytes += weight(record);
  }
}

function weight({ key, value }: TopicRecord): number {
  return 100 + (key?.length ?? 0) + (value?.length ?? 0);
}

class Reading implements TopicReading {
  readonly #options: ReadingOptions;
  readonly #consumer: Consumer;
  readonly #queues: ReadonlyMap<string, Queue>;
  #fault: Fault | null = null;
  #wake: (() => void) | null = null;
  #news = false;
  #counted: number;
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
        new Queue(start, (queue) => {
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
      this.#end(kafkaFault(payload.error, "Reading the topics"));
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
          this.#end(kafkaFault(error, "Reading the topics"));
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
    if (queue.bytes > this.#options.queueBytes && !queue.paused) {
      queue.paused = true;
      this.#consumer.pause([{ topic, partitions: [0] }]);
    }
    this.#ring();
  }

  /** Offsets were left out: by Kafka's own records, or because they are gone. */
  async #pass(queue: Queue, first: bigint): Promise<void> {
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

  #lighter(queue: Queue): void {
    if (queue.bytes > this.#options.queueBytes / 2 || this.#closing !== null) return;
    queue.paused = false;
    this.#consumer.resume([{ topic: queue.topic, partitions: [0] }]);
  }

  #end(fault: Fault): void {
    this.#fault ??= fault;
    this.#ring();
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

function recreated({ topic, reached }: Queue, end: bigint): Fault {
  return new Fault(
    "topic-gap",
    `The topic ${topic} was deleted and made again: its record ${String(reached)} was to be read next, and it goes on at ${String(end)}.`,
  );
}
