/** Statements that change tables, from the topic that the connector writes them to, until the feed has come to their place. */
import type { BookStanding, LogPlace, PositionBook } from "../../../src/stream-port.js";
import type { RecordReader, SchemaChangeRecord } from "../record.js";
import type { TopicQueue } from "../topic.js";
import { readAt } from "../unreadable.js";

export interface Statement {
  readonly at: LogPlace;
  readonly record: SchemaChangeRecord;
  readonly offset: bigint;
}

export class Statements {
  readonly #queue: TopicQueue;
  readonly #records: RecordReader;
  readonly #book: PositionBook;
  readonly #standing: BookStanding;
  #waiting: Statement[] = [];
  #last: bigint | null = null;

  constructor(queue: TopicQueue, records: RecordReader, book: PositionBook, standing: BookStanding) {
    this.#queue = queue;
    this.#records = records;
    this.#book = book;
    this.#standing = standing;
  }

  /** Offset of the last record that nothing waits for any more. */
  get taken(): bigint | null {
    const [first] = this.#waiting;
    if (first === undefined) return this.#last;
    return first.offset > 0n ? first.offset - 1n : null;
  }

  /** Resolves when the schema of the next record is there; null where none is missing. */
  pump(): Promise<void> | null {
    for (let record = this.#queue.head; record !== null; record = this.#queue.head) {
      const { value, offset } = record;
      if (value !== null) {
        const waiting = this.#records.prepare(value);
        if (waiting !== null) return waiting;
        const change = readAt(this.#queue.topic, offset, () => this.#records.schemaChange(value));
        const at = { gtid: change.gtid, file: change.file, offset: String(change.pos) };
        // What the tables looked like when the connector began is no change.
        const streamed = change.snapshot === null || change.snapshot === "false";
        if (streamed && change.gtid !== null && !this.#standing.has(at))
          this.#waiting.push({ at, record: change, offset });
      }
      this.#last = offset;
      this.#queue.take();
    }
    return null;
  }

  /** The first of them that stands before `at`; it stays until `done`. */
  before(at: LogPlace): Statement | null {
    this.#waiting = this.#waiting.filter((one) => !this.#standing.has(one.at));
    return this.#waiting.find((one) => this.#book.precedes(one.at, at)) ?? null;
  }

  /** Whether one waits of another server's sequence, of which no number tells whether it stands before `at`. */
  unordered(at: LogPlace): boolean {
    return this.#waiting.some((one) => !this.#book.ordered(one.at, at) && !this.#standing.has(one.at));
  }

  /** All statements of one transaction: DROP TABLE a, b comes as two. */
  of(at: LogPlace): readonly Statement[] {
    return this.#waiting.filter((one) => one.at.gtid === at.gtid);
  }
}
