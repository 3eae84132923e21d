/** The delivery of a move in sentences: what the journal has measured of it, with the names of both servers. */
import { measuredIn } from "../cutover/delivered.js";
import { deliverySentences } from "../cutover/delivery.js";
import type { JournalEntry } from "../cutover-port.js";
import type { Inspection } from "../migration.js";
import type { ServerFacts } from "../model.js";

const names = { mysql: "MySQL", mariadb: "MariaDB", postgres: "PostgreSQL" } as const;

/** None before a cutover has proven anything. */
export function delivered(
  entries: readonly JournalEntry[],
  { source, target, plan }: Pick<Inspection, "source" | "target" | "plan">,
): readonly string[] {
  const measured = measuredIn(entries);
  if (measured === null) return [];
  const { migration, tables } = plan;
  return deliverySentences({
    ...{ migration, from: named(source), to: named(target), tables: tables.length },
    ...measured,
  });
}

function named({ engine, version }: ServerFacts): string {
  return `${names[engine]} ${version}`;
}
