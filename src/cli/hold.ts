/**
 * `run --hold TABLE[:FROM-TO]`: what a run leaves alone, as the command line says it and as a person is told what
 * is left. Tables by the source's names; ranges by the numbers that the ledger gives them, in key order from 0.
 */
import { Fault } from "../errors.js";
import type { Hold, PlanTable } from "../model.js";
import type { LedgerView } from "../port.js";
import { holdText } from "../snapshot/holds.js";

/** Reads the flags. A text that is a table's whole name is that table, whatever stands in it. */
export function readHolds(flags: readonly string[], tables: readonly PlanTable[]): readonly Hold[] {
  const names = new Set(tables.map((table) => table.source));
  const holds = flags.map((flag): Hold => {
    if (names.has(flag)) return { table: flag, first: 0, last: null };
    const [, table, from, to] = /^(.+):(\d{1,9})(?:-(\d{1,9}))?$/su.exec(flag) ?? [];
    if (table === undefined || from === undefined)
      throw new Fault(
        "usage",
        `--hold ${JSON.stringify(flag)} is neither a table of the plan nor TABLE:RANGE or TABLE:FROM-TO.`,
        { next: "headgate plan" },
      );
    if (!names.has(table))
      throw new Fault("usage", `--hold: the plan has no table ${JSON.stringify(table)}.`);
    const [first, last] = [Number(from), Number(to ?? from)];
    if (last < first)
      throw new Fault("usage", `--hold ${flag}: ${String(last)} comes before ${String(first)}.`);
    return { table, first, last };
  });
  return apart(holds);
}

/** Holds of one table that touch or overlap become one, so that no range is counted twice. */
function apart(holds: readonly Hold[]): readonly Hold[] {
  const end = (hold: Hold): number => hold.last ?? Infinity;
  const sorted = [...holds].sort((a, b) =>
    a.table < b.table ? -1 : a.table > b.table ? 1 : a.first - b.first,
  );
  const out: Hold[] = [];
  for (const hold of sorted) {
    const before = out.at(-1);
    if (before?.table === hold.table && hold.first <= end(before) + 1) {
      out.pop();
      out.push({ ...before, last: end(hold) > end(before) ? hold.last : before.last });
    } else out.push(hold);
  }
  return out;
}

/** Whether ranges are left that somebody holds back. */
export function holdsBack(view: LedgerView): boolean {
  return view.tables.some((table) => table.rangesHeld > 0);
}

/** Per table, what of it is held back and how many ranges that are. */
export function heldBody(view: LedgerView): readonly { table: string; ranges: number; holds: string[] }[] {
  return view.tables
    .filter((table) => table.rangesHeld > 0)
    .map(({ table, rangesHeld }) => ({
      table,
      ranges: rangesHeld,
      holds: view.holds.filter((hold) => hold.table === table).map(holdText),
    }));
}

/** The same in sentences. */
export function heldLines(view: LedgerView): string[] {
  return heldBody(view).map(
    ({ table, ranges, holds }) =>
      `held back: ${String(ranges)} ${ranges === 1 ? "range" : "ranges"} of ${table} (--hold ${holds.join(" --hold ")})`,
  );
}
