/**
 * Where ORDER BY will differ. MySQL sorts text by its collation, the target by its own; nobody can say it better than
 * the two servers with texts of this very database. For each collation of the source a few columns are read in its
 * order and put into the target's: some rows of each, and along an index its first and last texts. Two neighbours that
 * change places make the finding, told by their rows' keys. Where none do, that is what was looked at, and no proof.
 */
import type { Finding, Plan, PlanColumn, PlanTable } from "../model.js";
import { Fault } from "../errors.js";
import type { OrderedText, Source, Target, TextsOf } from "../port.js";

/** Texts at a time of one column, and columns of one collation with an index and without, that are looked at. */
const textsRead = 400;
const columnsRead = 5;

/** Types whose ORDER BY is the collation's, and whose values are not too long to be put in order by the hundred. */
const shortTexts = new Set(["char", "varchar", "tinytext", "text"]);

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
    for (const place of looked(places)) {
      const { table, column } = place;
      const found = await compared(source, target, place, signal);
      if (found instanceof Fault) findings.push(notCompared(place, found));
      if (found === null || found instanceof Fault) continue;
      findings.push({
        code: "sort-order",
        severity: "info",
        object: plan.database,
        sentence: `Texts under ${collation} come in another order on the target: ${table.source}.${column.source} of these two rows, for example, changes places under ORDER BY. ${columnsOf(places)} this collation; of each that was looked at, some rows and the ends of its index were.`,
        fix: "Look at what the application shows or pages through in this order; a query can name its collation there (ORDER BY ... COLLATE).",
        count: places.length,
        sampleKeys: found,
      });
      break;
    }
  return findings;
}

/** Indexed columns come first: queries sort by them. */
function looked(places: readonly Place[]): readonly Place[] {
  const isIndexed = ({ column }: Place): boolean => column.indexed === true;
  return [
    ...places.filter(isIndexed).slice(0, columnsRead),
    ...places.filter((place) => !isIndexed(place)).slice(0, columnsRead),
  ];
}

function columnsOf(places: readonly Place[]): string {
  const indexed = places.filter(({ column }) => column.indexed === true).length;
  return places.length === 1
    ? `1 column, ${indexed === 1 ? "indexed" : "without an index"}, has`
    : `${String(places.length)} columns, ${String(indexed)} of them indexed, have`;
}

/** Columns whose texts the target sorts by another rule than the source's collation. */
function byCollation(plan: Plan): ReadonlyMap<string, readonly Place[]> {
  const found = new Map<string, Place[]>();
  for (const table of plan.tables)
    for (const column of table.columns) {
      const { collation } = column.column;
      const sorted = column.indexed === true || shortTexts.has(column.column.type);
      if (collation === null || !sorted || column.equality?.by === "icu") continue;
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
  const looks: readonly TextsOf[] = column.indexed === true ? ["rows", "first", "last"] : ["rows"];
  try {
    for (const which of looks) {
      const texts = await source.inOrder(table, column, which, textsRead, signal);
      // Empty, or locked: nothing else would be seen.
      if (texts.length === 0) return null;
      const found = await changed(target, texts, column);
      if (found !== null) return found;
    }
  } catch (error) {
    if (signal.aborted || !(error instanceof Fault)) throw error;
    if (error.code !== "source-refused" && error.code !== "target-refused") throw error;
    return error;
  }
  return null;
}

async function changed(
  target: Places,
  texts: readonly OrderedText[],
  column: PlanColumn,
): Promise<readonly string[] | null> {
  if (texts.length < 2) return null;
  const places = await target.places(
    texts.map(({ text }) => text),
    column.sortedBy ?? null,
  );
  const at = texts.findIndex((_, index) => (places[index] ?? 0) > (places[index + 1] ?? Infinity));
  if (at < 0) return null;
  return [texts[at], texts[at + 1]].flatMap((one) =>
    one === undefined || one.key === null ? [] : [one.key],
  );
}
