/**
 * A feed that loses a change when a test tells it to, between the source's log and the stream: nothing of ours sees
 * it again, no checkpoint waits for it and no key of it is dirty. Only whoever compares the rows can know.
 */
import type { PlanTable } from "../../../src/model.js";
import type { ChangeFeed, ChangeSink } from "../../../src/stream-port.js";

export class LossyFeed {
  #losing: { readonly table: string; readonly told: () => void } | null = null;

  /** As a setting of live.ts has it. */
  readonly between = (feed: ChangeFeed): ChangeFeed => ({
    read: (from, sink, options) => feed.read(from, this.#lossy(sink), options),
    holds: (later, earlier) => feed.holds(later, earlier),
    retention: (position) => feed.retention(position),
    [Symbol.asyncDispose]: () => feed[Symbol.asyncDispose](),
  });

  /** The table's next change is lost; resolves when it was. */
  async lose(table: string, act: () => Promise<unknown>): Promise<void> {
    const lost = new Promise<void>((told) => {
      this.#losing = { table, told };
    });
    await act();
    await lost;
  }

  #lossy(sink: ChangeSink): ChangeSink {
    return {
      begin: (transaction) => sink.begin(transaction),
      wants: (table) => sink.wants(table),
      change: (images, ...change) => {
        if (!this.#isLost(images.table)) sink.change(images, ...change);
      },
      truncate: (table) => sink.truncate(table),
      endsUnseen: () => sink.endsUnseen(),
      awaits: () => sink.awaits?.() ?? false,
      marker: (lane, id, note) => sink.marker(lane, id, note),
      commit: (position) => sink.commit(position),
      schemaChange: (change, position) => sink.schemaChange(change, position),
      idle: (position) => sink.idle(position),
      full: () => sink.full(),
      drained: () => sink.drained(),
    };
  }

  #isLost({ source }: PlanTable): boolean {
    const losing = this.#losing;
    if (losing?.table !== source) return false;
    this.#losing = null;
    losing.told();
    return true;
  }
}
