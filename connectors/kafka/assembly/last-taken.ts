/**
 * The transaction that was handed over last, where nobody but its end said how many changes it has. An end that counts too
 * few, since the topic of transactions has lost a beginning, leaves changes behind that look like repeats: they are none where
 * they stand past the last one that was taken, or in a topic that the end counted nothing of.
 */
import { Fault } from "../../../src/errors.js";
import type { RowHead } from "./row-head.js";
import { compare, placeOf } from "./share.js";
import type { Share } from "./share.js";

export class LastTaken {
  #id = "";
  /** By topic. */
  #shares: ReadonlyMap<string, Share> = new Map();

  /** The source's log was not asked about it. */
  unsure(id: string, shares: ReadonlyMap<string, Share>): void {
    this.#id = id;
    this.#shares = shares;
  }

  sure(): void {
    this.#id = "";
  }

  /** The row is of a transaction that is met. Fault events-dropped. */
  demandRepeat(topic: string, head: RowHead): void {
    const { event, target } = head;
    if (event.transaction === null || event.transaction.id !== this.#id) return;
    const last = this.#shares.get(topic)?.last ?? null;
    const place = placeOf(head);
    // Another server's log, after a failover, has it elsewhere.
    if (last !== null && (place.file !== last.file || compare(place, last) <= 0)) return;
    throw new Fault(
      "events-dropped",
      `The end of the transaction ${this.#id} counts fewer changes of ${target.name} than the topic ${topic} has, and what it counts was applied.`,
      {
        next: `headgate recopy ${target.kind === "table" ? target.table.source : "the tables of the transaction"}, then headgate run.`,
        facts: { transaction: this.#id, table: target.name, topic },
      },
    );
  }
}
