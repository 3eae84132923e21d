/** Counts what the stream wrote, per table, since the engine began. */
import type { AppliedRows } from "./engine-status.js";

export class Tally {
  readonly #tables = new Map<string, AppliedRows>();

  add({ table, inserts, updates, deletes, truncates }: AppliedRows): void {
    const before = this.#tables.get(table);
    this.#tables.set(table, {
      table,
      inserts: (before?.inserts ?? 0) + inserts,
      updates: (before?.updates ?? 0) + updates,
      deletes: (before?.deletes ?? 0) + deletes,
      truncates: (before?.truncates ?? 0) + truncates,
    });
  }

  /** In the order in which they were first written to. */
  rows(): readonly AppliedRows[] {
    return [...this.#tables.values()];
  }
}
