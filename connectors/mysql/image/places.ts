/**
 * Which announced column is which of the plan's. The log is compared with the plan at every announcement: a column
 * that came, went, moved or got another type, character set or labels since the plan was made would be read as
 * something that it is not. A column's place in the log is its place in the table; its name, where the log has it,
 * must be the same too.
 */
import { Fault, recopying } from "../../../src/errors.js";
import type { PlanTable } from "../../../src/model.js";
import type { AnnouncedColumn, AnnouncedTable } from "./announced-column.js";
import { differenceOf } from "./column-difference.js";
import { logTypes } from "./log-type.js";
import type { ImageWorld } from "./world.js";

/** For each of the plan's columns, its place among the announced ones. Throws Fault schema-changed. */
export function placesOf(announced: AnnouncedTable, table: PlanTable, world: ImageWorld): readonly number[] {
  let last = 0;
  const places = table.columns.map(({ column }) => {
    const place = column.ordinal - 1;
    const found = announced.columns[place];
    if (found === undefined) throw changed(table, `it has no column ${column.name} any more`);
    const difference = differenceOf(found, column, world);
    if (difference !== null) throw changed(table, `its column ${column.name} has ${difference}`);
    last = Math.max(last, column.ordinal);
    return place;
  });
  // Places that the plan leaves out among its own are passed over; columns behind them all are new.
  const period = world.periods.get(table.source);
  const hashes = world.hashes.get(table.source) ?? 0;
  const added = announced.columns.find(
    (column, place) =>
      place >= last &&
      place !== period?.start &&
      place !== period?.end &&
      !isHash(column, place >= announced.columns.length - hashes),
  );
  if (added !== undefined) throw changed(table, `it has a column more, ${added.name ?? "behind the others"}`);
  return places;
}

/**
 * The hash of a long unique key, which MariaDB keeps behind all other columns and does not show. Where the log has no
 * names, it can be nothing else only where the catalogue has such a key.
 */
function isHash({ name, type }: AnnouncedColumn, expected: boolean): boolean {
  return expected && type === logTypes.longlong && (name === null || /^DB_ROW_HASH_\d+$/u.test(name));
}

export function changed(table: PlanTable, what: string): Fault {
  return new Fault(
    "schema-changed",
    `${table.source} is not the table of the plan in the source's log: ${what}.`,
    { next: recopying(table.source), facts: { table: table.source } },
  );
}
