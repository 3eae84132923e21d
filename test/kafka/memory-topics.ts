/** Topics in memory as a feed's client reads them: what is put into them later comes too. */
import type { TopicClient, TopicQueue, TopicReading, TopicRecord } from "../../connectors/kafka/topic.js";

export class MemoryTopics {
  readonly all: Map<string, TopicRecord[]>;
  /** Offsets below which Kafka has deleted records; 0 where none is named. */
  readonly lows = new Map<string, bigint>();

  constructor(all = new Map<string, TopicRecord[]>()) {
    this.all = all;
  }

  put(topic: string, value: unknown): void {
    const offset = this.#high(topic);
    const record = {
      offset,
      timestamp: 0,
      key: null,
      value: Buffer.from(JSON.stringify(value)),
      headers: {},
    };
    const records = this.all.get(topic) ?? [];
    this.all.set(topic, records);
    records.push(record);
  }

  /** Kafka deletes what stands before the offset. */
  trim(topic: string, low: bigint): void {
    this.lows.set(topic, low);
    this.all.set(
      topic,
      this.#records(topic).filter(({ offset }) => offset >= low),
    );
  }

  get client(): TopicClient {
    const lanes: TopicClient["lanes"] = async (names) =>
      Promise.resolve(
        names.map((topic) => ({
          topic,
          partitions: this.all.has(topic) ? 1 : 0,
          low: this.lows.get(topic) ?? 0n,
          high: this.#high(topic),
        })),
      );
    return {
      lanes,
      ends: async (names) => new Map((await lanes(names)).map(({ topic, high }) => [topic, high])),
      read: async (starts) => Promise.resolve(this.#reading(starts)),
      [Symbol.asyncDispose]: async () => Promise.resolve(),
    };
  }

  #reading(starts: Parameters<TopicClient["read"]>[0]): TopicReading {
    const queues = new Map(starts.map(({ topic, offset }) => [topic, this.#queue(topic, offset)]));
    return {
      queue(topic) {
        const queue = queues.get(topic);
        if (queue === undefined) throw new Error(`${topic} is not read`);
        return queue;
      },
      arrived: async (_, signal) => {
        signal.throwIfAborted();
        return Promise.resolve();
      },
      [Symbol.asyncDispose]: async () => Promise.resolve(),
    };
  }

  #records(topic: string): readonly TopicRecord[] {
    return this.all.get(topic) ?? [];
  }

  #high(topic: string): bigint {
    return (this.#records(topic).at(-1)?.offset ?? -1n) + 1n;
  }

  #queue(topic: string, first: bigint): TopicQueue {
    let next = first;
    let [records, at] = [this.#records(topic), 0];
    const head = (): TopicRecord | null => {
      // Trimmed topics are others.
      if (records !== this.#records(topic)) [records, at] = [this.#records(topic), 0];
      // Kafka leaves numbers out.
      for (let one = records[at]; one !== undefined && one.offset < next; one = records[at]) at += 1;
      return records[at] ?? null;
    };
    const end = (): bigint => this.#high(topic);
    return {
      topic,
      get head() {
        return head();
      },
      take() {
        next = (head()?.offset ?? next) + 1n;
      },
      get reached() {
        return end();
      },
    };
  }
}
