/**
 * Topics that are not read because nobody has made them yet: a table that was never changed has none where each table
 * has its own. The end of a transaction with the first change tells that one is needed; whoever reads opens the topics
 * anew then. One that does not come is gone with what was in it.
 */
import { Fault } from "../../../src/errors.js";
import type { Count } from "./by-topic.js";

export interface AbsentParts {
  /** Their names, by `database.table`. */
  readonly topics: ReadonlyMap<string, string>;
  readonly isThere: (topic: string) => Promise<boolean>;
  readonly now: () => number;
  /** Resolves after a moment. */
  readonly rest: () => Promise<void>;
  readonly patienceMs: number;
}

export class Absent {
  readonly #parts: AbsentParts;

  constructor(parts: AbsentParts) {
    this.#parts = parts;
  }

  /** Faults: connection-lost (retriable) where a topic is to be read that has come, events-dropped where it does not come. */
  async demandNone(counts: readonly Count[]): Promise<void> {
    const { topics, isThere, now, rest, patienceMs } = this.#parts;
    for (const [table, count] of counts) {
      const topic = topics.get(table);
      if (topic === undefined || count === 0) continue;
      const facts = { table, topic };
      const begun = now();
      while (!(await isThere(topic))) {
        if (now() - begun > patienceMs)
          throw new Fault(
            "events-dropped",
            `A transaction has ${String(count)} changes of ${table}, and there is no topic ${topic} that has them.`,
            { facts },
          );
        await rest();
      }
      throw new Fault(
        "connection-lost",
        `The first change of ${table} has made the topic ${topic}, so the topics are read anew.`,
        { facts },
      );
    }
  }
}
