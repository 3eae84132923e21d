/**
 * Where ORDER BY will differ. MySQL sorts text by its collation, the target by its own; nobody can say it better than
 * the two servers with texts of this very database. For each collation of the source a few indexed columns are read in
 * its order and put into the target's; two neighbours that change places make the finding, told by their rows' keys.
 */
import type { Finding, Plan, PlanColumn, PlanTable } from "../model.js";
import { Fault } from "../errors.js";
import type { OrderedText, Source, Target } from "../port.js";

/** Texts of one column, and columns of one collation, that are looked at before it counts as the same. */
const textsRead = 400;
const columnsRead = 5;

type Orders = Pick<Source, "inOrder">;
type Places = Pick<Target, "places">;

interface Place {
  readonly table: PlanTable;
  readonly column: PlanColumn;
}

/** One note for each collation of the source whose order the target's differs from, with an example. */
export async function sortOrderFindings(
  source: Orders,
  target: Places,
  plan: Plan,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const [collation, places] of byCollation(plan))
    for (const place of places.slice(0, columnsRead)) {
      const { table, column } = place;
      const found = await compared(source, target, place, signal);
      if (found instanceof Fault) findings.push(notCompared(place, found));
      if (found === null || found instanceof Fault) continue;
      findings.push({
        code: "sort-order",
        severity: "info",
        object: plan.database,
        sentence: `Texts under ${collation} come in another order on the target: ${table.source}.${column.source} of these two rows, for example, changes places under ORDER BY. ${String(places.length)} indexed columns have this collation.`,
        fix: "Look at what the application shows or pages through in this order; a query can name its collation there (ORDER BY ... COLLATE).",
        count: places.length,
        sampleKeys: found,
      });
      break;
    }
  return findings;
}

/** Text columns that an index sorts, those that begin one first; the key's are among them. */
function byCollation(plan: Plan): ReadonlyMap<string, readonly Place[]> {
  const found = new Map<string, Place[]>();
  for (const table of plan.tables)
    for (const column of table.columns) {
      const { collation } = column.column;
      const sorted = column.indexed === true && column.equality?.by !== "icu";
      if (collation === null || !sorted) continue;
      found.set(collation, [...(found.get(collation) ?? []), { table, column }]);
    }
  return found;
}

/** What a server would not do is said: silence would read as "the same order". */
function notCompared({ table, column }: Place, { message }: Fault): Finding {
  return {
    code: "sort-order-not-compared",
    severity: "info",
    object: `${table.source}.${column.source}`,
    sentence: `Whether texts of ${table.source}.${column.source} come in another order on the target is not known: ${message}`,
    fix: "Look at what the application shows or pages through in this order.",
    count: 1,
    sampleKeys: [],
  };
}

/** Keys of two neighbours that change places; null when none of those read do; the fault of a server that refuses. */
async function compared(
  source: Orders,
  target: Places,
  { table, column }: Place,
  signal: AbortSignal,
): Promise<readonly string[] | Fault | null> {
  let texts: readonly OrderedText[];
  let places: readonly number[];
  try {
    texts = await source.inOrder(table, column, textsRead, signal);
    if (texts.length < 2) return null;
    places = await target.places(
      texts.map(({ text }) => text),
      column.sortedBy ?? null,
    );
  } catch (error) {
    if (signal.aborted || !(error instanceof Fault)) throw error;
    if (error.code !== "source-refused" && error.code !== "target-refused") throw error;
    return error;
  }
  const at = texts.findIndex((_, index) => (places[index] ?? 0) > (places[index + 1] ?? Infinity));
  if (at < 0) return null;
  return [texts[at], texts[at + 1]].flatMap((one) =>
    one === undefined || one.key === null ? [] : [one.key],
  );
}
