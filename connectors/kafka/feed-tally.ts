/** What a feed over Kafka has met beside changes, added up for status: nobody has to read a log to know that rows were read again. */
import type { FeedCount } from "./feed-options.js";

export class FeedTally {
  readonly #counts = new Map<string, number>();

  add(count: FeedCount): void {
    switch (count.kind) {
      case "repeated":
        this.#plus("records repeated", count.records);
        return;
      case "snapshot":
        this.#plus("records of a snapshot of Debezium's", count.records);
        return;
      case "reread":
        this.#plus(`rows read again: ${count.table}`, count.rows);
        return;
      case "asked":
        this.#plus("questions to the source's log", 1);
    }
  }

  counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }

  #plus(what: string, times: number): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + times);
  }
}
