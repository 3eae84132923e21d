/**
 * The rows of one topic, as they lie in it: what is none of the feed's (tombstones, snapshots, other tables) and what is
 * met already (a connector that starts again repeats whole stretches) is passed over.
 */
import { Fault } from "../../../src/errors.js";
import type { BookStanding, LogPlace } from "../../../src/stream-port.js";
import type { FeedCount } from "../feed-options.js";
import type { DebeziumRecord, RecordReader } from "../record.js";
import type { TopicQueue } from "../topic.js";
import { readAt } from "../unreadable.js";
import type { LastTaken } from "./last-taken.js";
import { unproven } from "./proof.js";
import type { Proof } from "./proof.js";
import type { RowHead } from "./row-head.js";
import type { RowTargets } from "./targets.js";

export interface RowsParts {
  readonly queue: TopicQueue;
  readonly records: RecordReader;
  readonly targets: RowTargets;
  readonly standing: BookStanding;
  readonly onCount: (count: FeedCount) => void;
  readonly last: LastTaken;
  readonly proof: Proof | null;
  /** Kafka may have deleted records that were not taken. */
  readonly trimmed: boolean;
}

export class Rows {
  /** Offset of the last record that was taken; null before the first. */
  taken: bigint | null = null;
  readonly #parts: RowsParts;
  #head: RowHead | null = null;
  /** A GTID that is not met yet. */
  #fresh = "";
  #proof: Proof | null;
  #waiting: Promise<void> | null = null;

  constructor(parts: RowsParts) {
    this.#parts = parts;
    this.#proof = parts.proof;
  }

  get topic(): string {
    return this.#parts.queue.topic;
  }

  get trimmed(): boolean {
    return this.#parts.trimmed;
  }

  get reached(): bigint {
    return this.#parts.queue.reached;
  }

  /** The first row that is wanted; null where none has come. */
  get head(): RowHead | null {
    if (this.#head !== null) {
      if (!this.#isMet(this.#head.at)) return this.#head;
      this.#parts.last.demandRepeat(this.topic, this.#head);
      this.#repeated();
    }
    const { queue, records, targets } = this.#parts;
    this.#waiting = null;
    for (let record = queue.head; record !== null; record = queue.head) {
      const { value } = record;
      if (this.#proof !== null && this.#proof.offset !== null && this.#proof.offset !== record.offset) {
        if (this.taken === null)
          throw unproven(this.topic, this.#proof.why(`offset ${String(record.offset)}`));
        this.#proof = null;
      }
      if (value === null) {
        this.#drop();
        continue;
      }
      this.#waiting = records.prepare(value);
      if (this.#waiting !== null) return null;
      const event = readAt(this.topic, record.offset, () => records.record(value));
      const target = targets.of(event.db, event.table);
      if (isSnapshot(event)) {
        this.#parts.onCount({ kind: "snapshot", records: 1 });
        this.#drop();
      } else if (target === null || event.op === "m") this.#drop();
      else {
        const at = { gtid: event.gtid, file: event.file, offset: String(event.pos) };
        const head = { event, record, value, target, at };
        // A transaction that goes on stands where it began.
        const goesOn = at.gtid !== null && at.gtid === this.#fresh;
        const isMet = this.#isMet(at);
        if (isMet) this.#parts.last.demandRepeat(this.topic, head);
        if (!goesOn && this.#parts.standing.misplaced(at)) throw misplaced(at, this.#parts.standing);
        if (isMet) {
          this.#proof = null;
          this.#repeated();
        } else {
          if (this.#proof !== null)
            throw unproven(this.topic, this.#proof.why(`the transaction ${event.gtid ?? ""}`));
          this.#head = head;
          return head;
        }
      }
    }
    return null;
  }

  /** Takes the head away. */
  take(): void {
    this.#drop();
  }

  /** What was fresh may be met now. */
  forget(): void {
    this.#fresh = "";
  }

  get waiting(): Promise<void> | null {
    return this.#waiting;
  }

  #isMet(at: LogPlace): boolean {
    if (at.gtid !== null && at.gtid === this.#fresh) return false;
    if (this.#parts.standing.has(at)) return true;
    this.#fresh = at.gtid ?? "";
    return false;
  }

  #repeated(): void {
    this.#parts.onCount({ kind: "repeated", records: 1 });
    this.#drop();
  }

  #drop(): void {
    const { queue } = this.#parts;
    this.taken = queue.head?.offset ?? this.taken;
    this.#head = null;
    queue.take();
  }
}

/** Rows of a snapshot are the copy's business, which reads the source itself. */
function isSnapshot({ op, snapshot }: DebeziumRecord): boolean {
  return op === "r" || (snapshot !== null && snapshot !== "false");
}

/** A number that was given away again, or another server's files. Whoever knows which server answers tells these apart. */
function misplaced(at: LogPlace, standing: BookStanding): Fault {
  const { file, offset } = standing.position();
  const [place, applied] = [`${at.file}:${at.offset}`, `${file}:${offset}`];
  const how = standing.has(at)
    ? "is applied by its number, and stands behind"
    : "is new by its number, and stands before";
  return new Fault(
    "position-unknown",
    `The transaction ${at.gtid ?? ""} (${place}) ${how} all that is applied (${applied}): the source's log was begun anew (RESET BINARY LOGS AND GTIDS, RESET MASTER), or the connector reads another server now.`,
    { facts: { misplaced: at.gtid, place, applied } },
  );
}
