/** Records of one topic that have come and were not taken: how many bytes they are, and who wants to know when they become less. */
import { Fault } from "../../src/errors.js";
import type { TopicQueue, TopicRecord, TopicStart } from "./topic.js";

export class RecordQueue implements TopicQueue {
  readonly topic: string;
  /** Offset that comes next; all below it were here. */
  reached: bigint;
  paused = false;
  /** Somebody waits until it holds less. */
  watched = false;
  #records: TopicRecord[] = [];
  #at = 0;
  #bytes = 0;
  readonly #lighter: (queue: RecordQueue) => void;

  constructor({ topic, offset }: TopicStart, lighter: (queue: RecordQueue) => void) {
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
    if (this.paused || this.watched) this.#lighter(this);
  }

  add(record: TopicRecord): void {
    this.#records.push(record);
    this.#bytes += weight(record);
  }
}

function weight({ key, value }: TopicRecord): number {
  return 100 + (key?.length ?? 0) + (value?.length ?? 0);
}
