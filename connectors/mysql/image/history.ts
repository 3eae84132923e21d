/**
 * MariaDB's system versioning as the log shows it. A row of such a table carries the moments when its version began
 * and ended, and a version that has ended stays in the table as history: an UPDATE logs the new version and an insert
 * of the old one, a DELETE is an update that sets the end. The copy has current rows only, so who reads the log must
 * know which images are history. The end of a current row is the last moment that there is.
 */
import type { PlanTable } from "../../../src/model.js";
import type { AnnouncedTable } from "./announced-column.js";
import { logTypes } from "./log-type.js";
import { changed } from "./places.js";
import type { ImageWorld } from "./world.js";

/** By moments: 2038, or 2106 from MariaDB 11.5 on. By transactions: none that is there yet. */
const current: readonly Buffer[] = ["7fffffff0f423f", "ffffffff0f423f", "ffffffffffffffff"].map((hex) =>
  Buffer.from(hex, "hex"),
);

/** Place of the column that says whether an image is history; null for a table that has none. */
export function historyPlace(announced: AnnouncedTable, table: PlanTable, world: ImageWorld): number | null {
  const period = world.periods.get(table.source);
  if (period === undefined) return null;
  const types: readonly (number | undefined)[] = [
    logTypes.timestamp,
    logTypes.oldTimestamp,
    logTypes.longlong,
  ];
  if (!types.includes(announced.columns[period.end]?.type))
    throw changed(table, "its row period stands elsewhere");
  return period.end;
}

/** Whether the end of a version in these bytes is one that has come. */
export function hasEnded(bytes: Buffer, at: number, length: number): boolean {
  return !current.some((moment) => moment.length === length && moment.compare(bytes, at, at + length) === 0);
}
