/**
 * The topic of transactions as a list of those that have ended, in commit order: the master order of the feed. A connector
 * that starts again in the middle of a transaction may begin it again and count what is left of it only, so the beginnings
 * that stand in a row before an end are counted.
 */
import { Fault } from "../../../src/errors.js";
import type { BookStanding, LogPlace } from "../../../src/stream-port.js";
import type { RecordReader } from "../record.js";
import type { TopicQueue } from "../topic.js";
import { readAt } from "../unreadable.js";
import { unproven } from "./proof.js";
import type { Proof } from "./proof.js";

export interface Ended {
  readonly id: string;
  readonly at: LogPlace;
  /** How often it was begun; the counts are of the last time. */
  readonly begun: number;
  readonly events: number;
  readonly tables: readonly { readonly table: string; readonly events: number }[];
  readonly committedAt: number | null;
  readonly offset: bigint;
}

/** How far ahead ends are looked at. */
const mostAhead = 1000;

export class Marks {
  /** Offset of the last end that was taken; null before the first. */
  taken: bigint | null = null;
  readonly #queue: TopicQueue;
  readonly #records: RecordReader;
  readonly #standing: BookStanding;
  #proof: Proof | null;
  #ended: Ended[] = [];
  #at = 0;
  #open: { readonly id: string; begun: number } | null = null;
  #waiting: Promise<void> | null = null;

  /** `proof`: beginnings and ends may be gone before the first that is left, so that one must be met. */
  constructor(queue: TopicQueue, records: RecordReader, standing: BookStanding, proof: Proof | null = null) {
    this.#proof = proof?.offset === null ? proof : null;
    this.#queue = queue;
    this.#records = records;
    this.#standing = standing;
  }

  /** The first end that was not taken; null where none has come. */
  get head(): Ended | null {
    if (this.#ended.length - this.#at < mostAhead / 2) this.#pump();
    return this.#ended[this.#at] ?? null;
  }

  /** Ends that have come, from the head on. */
  get ahead(): readonly Ended[] {
    return this.#ended.slice(this.#at);
  }

  take(): void {
    const head = this.#ended[this.#at];
    if (head === undefined) throw new Fault("bug", "The end of a transaction was taken that is not there.");
    this.taken = head.offset;
    if (++this.#at < mostAhead) return;
    this.#ended = this.#ended.slice(this.#at);
    this.#at = 0;
  }

  /** Resolves when a schema is there that the next record needs; null where none is missing. */
  get waiting(): Promise<void> | null {
    return this.#waiting;
  }

  /** Offset up to which everything was here. */
  get reached(): bigint {
    return this.#queue.reached;
  }

  #pump(): void {
    this.#waiting = null;
    for (let record = this.#queue.head; record !== null; record = this.#queue.head) {
      if (this.#ended.length - this.#at >= mostAhead) return;
      const { value, offset } = record;
      if (value !== null) {
        this.#waiting = this.#records.prepare(value);
        if (this.#waiting !== null) return;
        const { status, id, ts, events, tables } = readAt(this.#queue.topic, offset, () =>
          this.#records.transaction(value),
        );
        const at = { gtid: id, file: "", offset: "" };
        if (this.#proof !== null && !this.#standing.has(at))
          throw unproven(this.#queue.topic, this.#proof.why(`the transaction ${id}`));
        this.#proof = null;
        if (status === "BEGIN")
          if (this.#open?.id === id) this.#open.begun++;
          else this.#open = { id, begun: 1 };
        else {
          const begun = this.#open?.id === id ? this.#open.begun : 0;
          // Started again in the middle of what it had ended, a connector ends it again and does not begin it.
          if (begun === 0 && !this.#standing.has(at) && !this.#ended.some((one) => one.id === id))
            throw withoutBegin(this.#queue.topic, id);
          if (this.#open?.id === id) this.#open = null;
          const committedAt = ts > 0 ? ts : null;
          this.#ended.push({ id, at, begun, events: events ?? 0, tables, committedAt, offset });
        }
      }
      this.#queue.take();
    }
  }
}

function withoutBegin(topic: string, id: string): Fault {
  return new Fault(
    "topic-gap",
    `The topic ${topic} has the end of the transaction ${id} and not its beginning: records before it are gone.`,
    { facts: { topic, transaction: id } },
  );
}
