/**
 * What the feed asks of a Kafka client, types only: which topics there are, their records from an offset on, and where
 * they end. Each topic has one partition, and a reader that no other takes part in. Only committed records come; offsets
 * may leave numbers out for what Kafka keeps for itself, and for nothing else.
 */

/** One record as the topic has it. */
export interface TopicRecord {
  readonly offset: bigint;
  /** Milliseconds since 1970 by the broker's or the producer's clock. */
  readonly timestamp: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, unknown>>;
}

export interface TopicState {
  readonly topic: string;
  /** 0 where there is no such topic. */
  readonly partitions: number;
  /** Offset of the first record that is still there, and the one after the last. */
  readonly low: bigint;
  readonly high: bigint;
}

export interface TopicStart {
  readonly topic: string;
  readonly offset: bigint;
}

/** Records of one topic that have come and were not taken. */
export interface TopicQueue {
  readonly topic: string;
  /** The first of them; null where none is here. */
  readonly head: TopicRecord | null;
  /** Takes the first away. */
  take(): void;
  /** All below it were here: where the reading of this topic stands. */
  readonly reached: bigint;
}

/** Topics that are being read. A topic whose queue holds enough is not asked for more. */
export interface TopicReading extends AsyncDisposable {
  queue(topic: string): TopicQueue;
  /** Resolves when a record has come since the last call, or `ms` have passed; throws what ended the reading. */
  arrived(ms: number, signal: AbortSignal): Promise<void>;
}

/** Faults: connection-lost (retriable), topic-refused (no such topic, partitions added), topic-gap (an offset is left out or gone), server-unreachable, login-refused. */
export interface TopicClient extends AsyncDisposable {
  /** How the topics stand now. */
  lanes(topics: readonly string[]): Promise<readonly TopicState[]>;
  /** Reads them from these offsets on. Fault topic-gap where one is below `low` or past `high`. */
  read(starts: readonly TopicStart[], signal: AbortSignal): Promise<TopicReading>;
  /** Offsets past the last records now, by topic. */
  ends(topics: readonly string[]): Promise<ReadonlyMap<string, bigint>>;
}
