/**
 * Which announced column is which of the plan's. The log is compared with the plan at every announcement: a column
 * that came, went, moved or got another type, character set or labels since the plan was made would be read as
 * something that it is not. Names where the log has them, places where it has none.
 */
import { Fault } from "../../../src/errors.js";
import type { PlanTable } from "../../../src/model.js";
import type { AnnouncedTable } from "./announced.js";
import { differenceOf } from "./column-difference.js";
import type { ImageWorld } from "./world.js";

/** For each of the plan's columns, its place among the announced ones. Throws Fault schema-changed. */
export function placesOf(announced: AnnouncedTable, table: PlanTable, world: ImageWorld): readonly number[] {
  const named = announced.columns.every(({ name }) => name !== null);
  const places: number[] = [];
  let last = -1;
  for (const { column } of table.columns) {
    const place = named
      ? announced.columns.findIndex(({ name }) => name === column.name)
      : column.ordinal - 1;
    const found = announced.columns[place];
    if (found === undefined) throw changed(table, `has no column ${column.name} any more`);
    if (place <= last) throw changed(table, `has its columns in another order: ${column.name}`);
    const difference = differenceOf(found, column, world);
    if (difference !== null) throw changed(table, `has ${difference} in ${column.name}`);
    places.push(place);
    last = place;
  }
  return places;
}

function changed(table: PlanTable, what: string): Fault {
  return new Fault(
    "schema-changed",
    `The source's log says that ${table.source} ${what}, other than the plan.`,
    {
      facts: { table: table.source },
    },
  );
}
