/**
 * Indexes over expressions. One is built where each of its expressions is in the exact subset (docs/translation.md)
 * and PostgreSQL sees it as depending on the row alone. A unique one also needs the target to hold two values equal
 * exactly where the source does; a rule that is nearly the source's would let in or keep out other rows.
 */
import type { IndexPart, PlanIndex, SourceEngine, SourceIndex } from "../model.js";
import { isAltered } from "../translate/scope.js";
import type { PlannedColumn } from "../translate/value.js";
import { type NotTranslated, translateIndexed } from "../translate/view.js";
import { collationFacts } from "../typemap/collation.js";
import type { DecidedTable } from "./columns.js";
import { entriesOf, find, spellPart } from "./index-parts.js";
import { plannedColumn } from "./planned-column.js";
import { isText, keptEquality, ownEquality, sameEquality } from "./text-equality.js";

type Entry = PlanIndex["parts"][number];

interface Part {
  readonly sql: string;
  readonly entry: Entry;
}

export interface ExpressionIndex {
  readonly parts: readonly string[];
  readonly entries: readonly Entry[];
}

/** Whether a part of it is an expression. */
export function isOverExpression(index: SourceIndex): boolean {
  return index.kind === "btree" && index.parts.some(({ column }) => column === null);
}

/** What it becomes, or what it uses that has no proven like. */
export function expressionIndex(
  index: SourceIndex,
  table: DecidedTable,
  engine: SourceEngine,
): ExpressionIndex | NotTranslated {
  const columns = entriesOf(index, table, index.unique, false);
  const made: Part[] = [];
  for (const [place, part] of index.parts.entries()) {
    const entry = columns[place];
    const own =
      part.expression === null || entry === undefined
        ? columnPart(part, entry, index.unique, table)
        : expressionPart(part.expression, index.unique, table, engine);
    if ("uses" in own) return own;
    made.push({ ...own, sql: `${own.sql}${part.descending ? " DESC" : ""}` });
  }
  return { parts: made.map(({ sql }) => sql), entries: made.map(({ entry }) => entry) };
}

function columnPart(
  part: IndexPart,
  entry: Entry | undefined,
  unique: boolean,
  table: DecidedTable,
): Part | NotTranslated {
  const decided = find(part, table);
  if (decided === undefined || entry === undefined)
    return { uses: `the column ${part.column ?? "?"}, which does not travel` };
  if (decided.targetType === "json")
    return { uses: `${decided.column.name}, which is json and has no order` };
  const { collation } = decided.column;
  if (
    unique &&
    isText(decided) &&
    (collationFacts(collation ?? "") === null || !sameEquality(ownEquality(decided), keptEquality(decided)))
  )
    return { uses: `text that ${collation ?? "its collation"} holds equal and PostgreSQL does not` };
  return { sql: spellPart(part, table, entry), entry };
}

function expressionPart(
  expression: string,
  unique: boolean,
  table: DecidedTable,
  engine: SourceEngine,
): Part | NotTranslated {
  const all = table.decided.map(plannedColumn);
  const translated = (columns: readonly PlannedColumn[]): ReturnType<typeof translateIndexed> =>
    translateIndexed({ sql: expression, engine, columns, exact: unique });
  const made = translated(all);
  if ("uses" in made) return made;
  // Values that a policy changes may become one, and nothing asked the source about that.
  if (unique && "uses" in translated(all.filter((column) => !isAltered(column))))
    return { uses: "a column whose values a policy may change" };
  const entry = {
    column: "",
    prefix: null,
    hashed: false,
    expression: { source: expression, long: made.long },
  };
  return { sql: `(${made.sql})`, entry };
}
