/**
 * Which ranges there are and which are left. Tables are split one after the other, biggest first, ahead of the
 * workers, who may lease from a table as soon as all its bounds are in the ledger. Counts are kept per lane, so
 * that a lane is joined the moment its last range is committed.
 */
import type { Hold, PlanTable, Range } from "../model.js";
import type { Ledger, LedgerView, Source } from "../port.js";
import { throwIfStopped } from "../stop.js";
import { isExactCut } from "./copy.js";
import type { OnEvent } from "./event.js";
import { demandHolds, heldOf } from "./holds.js";
import type { MomentHook } from "./moments.js";

export class RangeBook {
  /** Tables whose bounds are all recorded and that may have open ranges. */
  readonly ready = new Map<string, PlanTable>();
  /** Tables whose bounds are still to be read, biggest first. */
  readonly unsplit: PlanTable[] = [];
  readonly #tables: readonly PlanTable[];
  /** Tables that are copied in sets, not by whoever is free. */
  readonly #apart: ReadonlySet<string>;
  readonly #left = new Map<string, number>();
  readonly #lanes = new Map<string, { tables: number; ranges: number; held: number }>();
  #holds: readonly Hold[] = [];

  /** From the plan and what the ledger has of it. Biggest tables first, as the ledger ranks them. */
  constructor(tables: readonly PlanTable[], view: LedgerView, apart: ReadonlySet<string> = new Set()) {
    this.#apart = apart;
    this.#tables = [...tables].sort((a, b) => b.estimatedBytes - a.estimatedBytes);
    this.refresh(view);
  }

  /** Counts again from the ledger: what a lost connection left in doubt is settled there. */
  refresh(view: LedgerView): void {
    this.ready.clear();
    this.unsplit.length = 0;
    this.#left.clear();
    this.#lanes.clear();
    this.#holds = view.holds;
    const known = new Map(view.tables.map((table) => [table.table, table]));
    for (const table of this.#tables) {
      const progress = known.get(table.source);
      if (progress?.split === true)
        this.#add(table, progress.ranges - progress.rangesDone, progress.rangesHeld);
      else {
        this.unsplit.push(table);
        this.#lane(table).tables += 1;
      }
    }
  }

  /** The bounds of an unsplit table are recorded now. */
  split(table: PlanTable, ranges: number): void {
    this.unsplit.splice(this.unsplit.indexOf(table), 1);
    this.#lane(table).tables -= 1;
    this.#add(table, ranges, heldOf(this.#holds, table.source, ranges));
  }

  /** One range of the table is committed; true when it was the last of its lane. */
  done(table: PlanTable): boolean {
    const left = (this.#left.get(table.source) ?? 0) - 1;
    this.#left.set(table.source, left);
    if (left <= 0) this.ready.delete(table.source);
    this.#lane(table).ranges -= 1;
    return this.complete(table.lane);
  }

  /** Whether a lane has no range left, none held back and none still to come. */
  complete(lane: string): boolean {
    const counts = this.#lanes.get(lane);
    return counts === undefined || (counts.tables === 0 && counts.ranges === 0 && counts.held === 0);
  }

  /** Whether nothing is left in any lane but what is held back. */
  get finished(): boolean {
    return [...this.#lanes.values()].every(({ tables, ranges }) => tables === 0 && ranges === 0);
  }

  /** `left` ranges are not done, `held` of them not to be. */
  #add(table: PlanTable, left: number, held: number): void {
    this.#lane(table).held += held;
    const open = left - held;
    if (open === 0) return;
    if (!this.#apart.has(table.source)) this.ready.set(table.source, table);
    this.#left.set(table.source, open);
    this.#lane(table).ranges += open;
  }

  #lane(table: PlanTable): { tables: number; ranges: number; held: number } {
    const found = this.#lanes.get(table.lane) ?? { tables: 0, ranges: 0, held: 0 };
    this.#lanes.set(table.lane, found);
    return found;
  }
}

export interface SplitTools {
  readonly source: Source;
  readonly ledger: Ledger;
  readonly rangeRows: number;
  readonly holds: readonly Hold[];
  readonly onEvent: OnEvent;
  readonly moment: MomentHook;
}

/** Splits one table and records its bounds; returns how many ranges it has. */
export async function splitTable(tools: SplitTools, table: PlanTable, signal: AbortSignal): Promise<number> {
  const ranges: Range[] = [];
  if (isExactCut(table)) ranges.push({ table: table.source, number: 0, lower: null, upper: null });
  else
    for await (const range of tools.source.split(table, tools.rangeRows, signal)) {
      throwIfStopped(signal);
      ranges.push(range);
    }
  demandHolds(tools.holds, table.source, ranges.length);
  await tools.moment("split:read");
  await tools.ledger.addRanges(table.source, ranges);
  await tools.moment("split:recorded");
  tools.onEvent({ kind: "split", table: table.source, ranges: ranges.length });
  return ranges.length;
}
