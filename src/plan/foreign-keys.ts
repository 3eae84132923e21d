/**
 * Foreign keys, added NOT VALID after the data and then validated, so that orphans of the source stop one statement
 * and not the copy. A key that the target cannot have (its table stays behind, no unique key under it, types that do
 * not compare) is left out with a finding by name; its rows are asked about all the same where the target can compare them.
 */
import type {
  Catalogue,
  PlanForeignKey,
  PlanLeftKey,
  ReferentialAction,
  SourceForeignKey,
} from "../model.js";
import type { DecidedColumn, DecidedTable } from "./columns.js";
import type { Findings } from "./finding.js";
import type { NameSpace } from "./names.js";
import type { PlannedIndex } from "./indexes.js";
import { postgresName } from "../safety/identifier.js";
import { byTexts } from "./order.js";
import { collationFacts } from "../typemap/collation.js";
import { bareType } from "../typemap/target-type.js";
import { keptEquality, ownEquality, sameEquality } from "./text-equality.js";
import { columnNamed, referenced } from "./ties.js";

/** A table with what is built over it. */
export interface IndexedTable {
  readonly table: DecidedTable;
  readonly indexes: readonly PlannedIndex[];
}

export interface PlannedForeignKey {
  readonly name: string;
  /** Target names. */
  readonly columns: readonly string[];
  readonly referencedTable: string;
  readonly referencedColumns: readonly string[];
  readonly onDelete: ReferentialAction;
  readonly onUpdate: ReferentialAction;
  /** The same in the source's names, as its rows are asked about it. */
  readonly asked: PlanForeignKey;
}

export interface TableForeignKeys {
  readonly built: readonly PlannedForeignKey[];
  readonly left: readonly PlanLeftKey[];
}

/** A table's foreign keys, in name order: those that the target can have, and the others. `constraints` is its namespace. */
export function tableForeignKeys(
  catalogue: Catalogue,
  table: DecidedTable,
  tables: readonly IndexedTable[],
  constraints: NameSpace,
  findings: Findings,
): TableForeignKeys {
  const planned: PlannedForeignKey[] = [];
  const left: PlanLeftKey[] = [];
  for (const key of [...table.source.foreignKeys].sort(byTexts((item) => [item.name]))) {
    const source = referenced(catalogue, key);
    const there = tables.find((candidate) => candidate.table.source === source);
    const other = there?.table;
    const pairs = other === undefined ? [] : columnPairs(key, table, other);
    const why = there === undefined ? absent(catalogue, key) : unbuildable(pairs, key, there.indexes);
    const asked = other === undefined ? null : askedKey(key, other, pairs);
    if (why !== null || other === undefined || asked === null) {
      findings.add({
        code: "foreign-key-not-built",
        severity: "warning",
        object: `${table.source.name}.${key.name}`,
        sentence: `The foreign key ${key.name} of ${table.source.name} is not built: ${why ?? "its table is missing"}.`,
        fix: "Include the referenced table, or keep the rule in the application.",
      });
      left.push(leftKey(key, why ?? "its table is missing", asked, pairs));
      continue;
    }
    planned.push({
      name: constraints.claim(key.name, `foreign ${key.name}`),
      columns: pairs.map(({ child }) => child.target),
      referencedTable: other.target,
      referencedColumns: pairs.map(({ parent }) => parent.target),
      onDelete: key.onDelete,
      onUpdate: key.onUpdate,
      asked,
    });
  }
  for (const { asked } of planned) if (asked.orphans === "keep") tellKept(asked, table, findings);
  return { built: planned, left };
}

/** null where not all of its columns travel. */
function askedKey(key: SourceForeignKey, other: DecidedTable, pairs: readonly Pair[]): PlanForeignKey | null {
  if (pairs.length !== key.columns.length) return null;
  return {
    name: key.name,
    columns: pairs.map(({ child }) => child.column.name),
    referencedTable: other.source.name,
    referencedColumns: pairs.map(({ parent }) => parent.column.name),
    onDelete: key.onDelete,
    onUpdate: key.onUpdate,
    orphans: pairs.some(({ child }) => child.keyPolicy.orphans === "keep") ? "keep" : "refuse",
  };
}

/** Rows are asked about by the target's `=`: where that holds other values equal than the source's, it would accuse rows that are right. */
function leftKey(
  { name }: SourceForeignKey,
  why: string,
  asked: PlanForeignKey | null,
  pairs: readonly Pair[],
): PlanLeftKey {
  const other = pairs.find(({ child, parent }) => !holdsAlike(child) || !holdsAlike(parent));
  const uneven = pairs.find(({ child, parent }) => !compares(child.targetType, parent.targetType));
  if (asked === null || uneven !== undefined) return { name, why, asked: null, onSource: asked };
  return other === undefined
    ? { name, why, asked, onSource: asked }
    : {
        ...{ name, asked: null, onSource: asked },
        why: `${why}, and the target does not hold the same texts of ${other.child.column.name} equal as the source does`,
      };
}

/** Whether the target's `=` holds the same values equal as the source's. */
function holdsAlike(decided: DecidedColumn): boolean {
  const { column, targetType } = decided;
  const bytes = bareType(targetType) === "bytea" && column.collation !== null;
  if (bytes && collationFacts(column.collation)?.tells !== "bytes") return false;
  return sameEquality(ownEquality(decided), keptEquality(decided));
}

const numbers = new Set(["smallint", "integer", "bigint", "numeric"]);
const texts = new Set(["text", "character varying"]);

/** Whether PostgreSQL has an exact `=` of the two types. */
function compares(child: string, parent: string): boolean {
  const [a, b] = [bareType(child), bareType(parent)];
  return a === b || [numbers, texts].some((alike) => alike.has(a) && alike.has(b));
}

function tellKept(key: PlanForeignKey, table: DecidedTable, findings: Findings): void {
  findings.add({
    code: "foreign-key-not-validated",
    severity: "info",
    object: `${table.source.name}.${key.name}`,
    sentence: `The foreign key ${key.name} of ${table.source.name} stays NOT VALID, as its policy orphans: keep says: it holds for rows that are written from then on, and the target does not vouch for those that were copied.`,
    fix: "Mend the rows, take the policy back, or VALIDATE the key by hand later.",
  });
}

interface Pair {
  readonly child: DecidedColumn;
  readonly parent: DecidedColumn;
}

function columnPairs(key: SourceForeignKey, table: DecidedTable, other: DecidedTable): readonly Pair[] {
  return key.columns.flatMap((name, place) => {
    const child = decidedNamed(table, name);
    const parent = decidedNamed(other, key.referencedColumns[place] ?? "");
    return child === undefined || parent === undefined ? [] : [{ child, parent }];
  });
}

function decidedNamed(table: DecidedTable, name: string): DecidedColumn | undefined {
  const spelled = columnNamed(table.source, name);
  return table.decided.find(({ column }) => column.name === spelled);
}

function absent(catalogue: Catalogue, key: SourceForeignKey): string {
  const database = key.referencedDatabase;
  return database !== null && database !== catalogue.database
    ? `it leaves the database (${database}.${key.referencedTable})`
    : `${key.referencedTable} does not travel`;
}

function unbuildable(
  pairs: readonly Pair[],
  key: SourceForeignKey,
  indexes: readonly PlannedIndex[],
): string | null {
  if (pairs.length !== key.columns.length) return "one of its columns does not travel";
  const wanted = pairs.map(({ parent }) => parent.column.name).sort();
  // As it is built: one over a hash or the beginning of a value, or one that a policy leaves out, is none.
  const unique = indexes.some(
    ({ kind, entries, duplicate }) =>
      kind !== "index" &&
      kind !== "gin" &&
      duplicate === undefined &&
      entries.every(
        ({ hashed, prefix, expression }) => !hashed && prefix === null && expression === undefined,
      ) &&
      entries
        .map(({ column }) => column)
        .sort()
        .join("\0") === wanted.join("\0"),
  );
  if (!unique)
    return `${key.referencedTable} has no unique key over exactly (${key.referencedColumns.join(", ")}), which PostgreSQL wants`;
  const uneven = pairs.find(({ child, parent }) => child.targetType !== parent.targetType);
  return uneven === undefined
    ? null
    : `${uneven.child.column.name} is ${uneven.child.targetType} and ${uneven.parent.column.name} is ${uneven.parent.targetType} on the target`;
}

/** Rows without a parent: how many there are, and the keys of the first five (the foreign key's own values where the table has no key). */
export function violationsSql(
  key: PlannedForeignKey,
  table: DecidedTable,
  name: string,
  schema: string,
): string {
  const inKey = table.key === null ? [] : table.key.columns.map((each) => decidedNamed(table, each)?.target);
  const told = inKey.filter((column) => column !== undefined);
  const list = (told.length === 0 ? key.columns : told).map((column) => `c.${postgresName(column)}::text`);
  const pairs = key.columns.map((column, place) => ({
    child: `c.${postgresName(column)}`,
    parent: `p.${postgresName(key.referencedColumns[place] ?? "")}`,
  }));
  const other = `${postgresName(schema)}.${postgresName(key.referencedTable)}`;
  return (
    `SELECT (count(*) OVER ())::text AS rows, concat_ws(', ', ${list.join(", ")}) AS key FROM ${name} AS c\n` +
    `WHERE ${pairs.map(({ child }) => `${child} IS NOT NULL`).join(" AND ")}\n` +
    `  AND NOT EXISTS (SELECT FROM ${other} AS p WHERE ${pairs.map(({ child, parent }) => `${parent} = ${child}`).join(" AND ")})\n` +
    `ORDER BY 2 LIMIT 5`
  );
}
