/**
 * The keys and indexes of one table. Names are per table on the source and per schema on the target; a prefix becomes
 * an expression over the value's beginning; what PostgreSQL has no equal for (fulltext, spatial, expressions
 * that are not proven) is named in a finding and not built. Duplicates are built: dropping one is the owner's decision.
 */
import type { PlanIndex, SourceIndex } from "../model.js";
import { postgresName } from "../safety/identifier.js";
import { bareType } from "../typemap/target-type.js";
import type { DecidedColumn, DecidedTable } from "./columns.js";
import { type ExpressionIndex, expressionIndex, isOverExpression } from "./expression-index.js";
import type { Findings } from "./finding.js";
import { counted, entriesOf, find, maxEntryBytes, partBytes, quoted, spell } from "./index-parts.js";
import { type IndexContext, keptIndex } from "./kept-index.js";
import { withTable } from "./names.js";
import { byTexts } from "./order.js";
import { handmade, memberIndex } from "./special-indexes.js";
import { ownEquality } from "./text-equality.js";

export interface PlannedIndex {
  readonly source: SourceIndex;
  readonly name: string;
  /** primary and unique are constraints; unique-index where a constraint cannot say it (prefix, descending). */
  readonly kind: "primary" | "unique" | "unique-index" | "index" | "gin";
  /** Each part as it stands between the parentheses. */
  readonly parts: readonly string[];
  /** The same parts as the source's values are asked about them. */
  readonly entries: PlanIndex["parts"];
  /** It tells the table's rows apart, so it is built first. */
  readonly key: boolean;
  /** What it means when two rows are equal under an index that stands beside the source's own. */
  readonly duplicate?: string;
}

/** Keys first, then by name; last those that stand beside them. */
export function tableIndexes(table: DecidedTable, context: IndexContext): readonly PlannedIndex[] {
  const sorted = [...table.source.indexes].sort(
    byTexts((index) => [index.primary ? "0" : table.key?.index === index.name ? "1" : "2", index.name]),
  );
  const planned = sorted.flatMap((index) => planIndex(index, table, context));
  return [...planned, ...planned.flatMap((index) => kept(index, table, context))];
}

/** What the source's collations hold equal beyond the index itself. A prefixed primary key is built twice, and kept once. */
function kept(index: PlannedIndex, table: DecidedTable, context: IndexContext): readonly PlannedIndex[] {
  const { source } = index;
  if (index.kind === "index" || index.kind === "gin" || (source.primary && index.kind !== "primary"))
    return [];
  const found = keptIndex(source, index.name, table, context);
  return found === null ? [] : [{ source, kind: "unique-index", key: false, ...found }];
}

function planIndex(index: SourceIndex, table: DecidedTable, context: IndexContext): readonly PlannedIndex[] {
  const { relations, findings } = context;
  const object = `${table.source.name}.${index.name}`;
  const member = memberIndex(index, table, findings);
  if (member !== null) {
    const name = relations.claim(
      withTable(table.target, index.name),
      `index ${table.source.name} ${index.name}`,
    );
    return [{ source: index, name, kind: "gin", parts: [member], entries: [], key: false }];
  }
  const made = isOverExpression(index) ? expressionIndex(index, table, context.engine) : null;
  const why =
    made === null
      ? unbuildable(index, table)
      : "uses" in made
        ? `it uses ${made.uses}, whose like on the target is not proven (${expressionsOf(index)})`
        : null;
  if (why !== null) {
    findings.add({
      code: "index-not-built",
      severity: "warning",
      object,
      sentence: `The index ${index.name} on ${table.source.name} is not built: ${why}.`,
      fix: handmade(index, table),
    });
    return [];
  }
  if (made !== null && "parts" in made) return overExpression(index, table, made, context);
  const key = index.primary || table.key?.index === index.name;
  if (key) tellKeyPolicy(index, table, object, findings);
  else if (decidedParts(index, table).some(({ keyPolicy }) => keyPolicy.longIndex === "leave-out")) {
    findings.add({
      code: "index-left-out",
      severity: "warning",
      object,
      sentence: `The index ${index.name} on ${table.source.name} is not built, as its policy longIndex says${index.unique ? "; nothing on the target keeps its values unique" : ""}.`,
      fix: "Create what the application needs by hand after the copy.",
    });
    return [];
  }
  tellOddities(index, table, object, findings);
  const identity = `index ${table.source.name} ${index.name}`;
  const prefixed = index.parts.some((part) => part.prefix !== null);
  if (index.primary) {
    const name = relations.claim(`${table.target}_pkey`, identity);
    const whole = index.parts.map((part) => quoted(part, table));
    const all = index.parts.map((part) => {
      const decided = find(part, table);
      const own = decided === undefined ? null : ownEquality(decided);
      return { column: part.column ?? "", prefix: null, hashed: false, ...counted(own) };
    });
    const primary: PlannedIndex = { source: index, name, kind: "primary", parts: whole, entries: all, key };
    if (!prefixed) return [primary];
    // A primary key over a prefix is stricter than one over the whole value.
    const extra = relations.claim(`${table.target}_pkey_prefix`, `${identity} prefix`);
    const entries = entriesOf(index, table, true, key);
    const parts = spell(index, table, entries);
    return [primary, { source: index, name: extra, kind: "unique-index", parts, entries, key: false }];
  }
  const name = relations.claim(withTable(table.target, index.name), identity);
  const entries = entriesOf(index, table, index.unique, key);
  const hashed = entries.some((entry) => entry.hashed);
  const plain = !hashed && index.parts.every((part) => part.prefix === null && !part.descending);
  const kind = index.unique ? (plain ? "unique" : "unique-index") : "index";
  return [{ source: index, name, kind, parts: spell(index, table, entries), entries, key }];
}

/** Built as the translation says. Whoever wants it used must write its expression as the target has it. */
function overExpression(
  index: SourceIndex,
  table: DecidedTable,
  made: ExpressionIndex,
  { relations, findings }: IndexContext,
): readonly PlannedIndex[] {
  const object = `${table.source.name}.${index.name}`;
  tellOddities(index, table, object, findings);
  findings.add({
    code: "index-over-expression",
    severity: "info",
    object,
    sentence: `The index ${index.name} on ${table.source.name} is over an expression (${expressionsOf(index)}); it is built over the same in the target's words: ${made.parts.join(", ")}.`,
    fix: "Queries that are to use it must have the expression in these words.",
  });
  const name = relations.claim(
    withTable(table.target, index.name),
    `index ${table.source.name} ${index.name}`,
  );
  const kind = index.unique ? "unique-index" : "index";
  return [{ source: index, name, kind, parts: made.parts, entries: made.entries, key: false }];
}

function expressionsOf(index: SourceIndex): string {
  return index.parts.flatMap(({ expression }) => expression ?? []).join(", ");
}

/** A key's entries must be the values themselves: rows are found and matched by them. */
function tellKeyPolicy(index: SourceIndex, table: DecidedTable, object: string, findings: Findings): void {
  if (decidedParts(index, table).every(({ keyPolicy }) => keyPolicy.longIndex === "refuse")) return;
  findings.add({
    code: "policy-not-on-key",
    severity: "warning",
    object,
    sentence: `The policy longIndex does not hold for ${index.name} of ${table.source.name}, which tells the table's rows apart: it is built over the values themselves.`,
    fix: "Mend the values on the source if any is too long.",
  });
}

function decidedParts(index: SourceIndex, table: DecidedTable): readonly DecidedColumn[] {
  return index.parts.flatMap((part) => find(part, table) ?? []);
}

function unbuildable(index: SourceIndex, table: DecidedTable): string | null {
  if (index.kind === "fulltext") return "FULLTEXT has no equal, and the near thing finds other words";
  if (index.kind === "spatial") return "SPATIAL needs PostGIS";
  for (const part of index.parts) {
    const decided = find(part, table);
    if (decided === undefined) return `its column ${part.column} does not travel`;
    if (decided.targetType === "json") return `${part.column} is json, which has no order`;
  }
  return null;
}

function tellOddities(index: SourceIndex, table: DecidedTable, object: string, findings: Findings): void {
  if (!index.visible)
    findings.add({
      code: "index-invisible",
      severity: "info",
      object,
      sentence: `The index ${index.name} on ${table.source.name} is invisible on the source; the target has no such state and will use it.`,
      fix: "Nothing to do, or drop it on the target after the copy.",
    });
  if (index.withoutOverlaps === true) tellOverlaps(index, table, object, findings);
  if (index.primary && index.parts.some((part) => part.descending))
    findings.add({
      code: "index-order-lost",
      severity: "info",
      object,
      sentence: `The primary key of ${table.source.name} is descending; a primary key of PostgreSQL is ascending, and is read backwards instead.`,
      fix: "Nothing to do.",
    });
  const bytes = index.parts.reduce((sum, part) => sum + partBytes(part, table, index.unique), 0);
  if (bytes > maxEntryBytes)
    findings.add({
      code: "index-value-too-long",
      severity: "warning",
      object,
      sentence: `Values of the index ${index.name} on ${table.source.name} may have ${String(bytes)} bytes; PostgreSQL's index entries end at ${String(maxEntryBytes)}, and a longer value stops the build.`,
      fix: "Nothing to do while no value is that long; else index the beginning or a hash of it by hand.",
    });
}

const ranges: Readonly<Record<string, string>> = {
  date: "daterange",
  "timestamp without time zone": "tsrange",
  "timestamp with time zone": "tstzrange",
};

/** What the key says beside being unique needs an extension, which only an administrator adds; so it is told, with the SQL. */
function tellOverlaps(index: SourceIndex, table: DecidedTable, object: string, findings: Findings): void {
  const [end, start] = index.parts.slice(-2);
  const others = index.parts.slice(0, -2).map((part) => `${quoted(part, table)} WITH =`);
  const range = start === undefined ? undefined : ranges[bareType(find(start, table)?.targetType ?? "")];
  const period =
    start === undefined || end === undefined || range === undefined
      ? null
      : `${range}(${quoted(start, table)}, ${quoted(end, table)}) WITH &&`;
  findings.add({
    code: "overlaps-not-prevented",
    severity: "warning",
    object,
    sentence: `The key ${index.name} on ${table.source.name} forbids periods that overlap; on the target it forbids equal ones only.`,
    fix:
      period === null
        ? "Forbid them on the target by a trigger."
        : `After the copy: CREATE EXTENSION IF NOT EXISTS btree_gist; ALTER TABLE ${postgresName(table.target)} ADD EXCLUDE USING gist (${[...others, period].join(", ")});`,
  });
}
