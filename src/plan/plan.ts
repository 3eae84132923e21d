/**
 * From a catalogue and a config to the plan that every later part follows: which tables, what each column becomes,
 * the DDL before and after the data, lanes, and everything that could not be carried over as it is. Pure: the same
 * catalogue and request give the same plan to the byte (design.md, decision 17).
 */
import type { Catalogue, Plan, PlanColumn, PlanTable, SourceIndex } from "../model.js";
import { builtInRules, userRules } from "../typemap/rules.js";
import { type DecidedTable, type DecisionContext, decideTable } from "./columns.js";
import { type BuiltTable, ddlAfter } from "./ddl-after.js";
import { ddlBefore } from "./ddl-before.js";
import { collectFindings } from "./finding.js";
import { askedFor, fingerprint } from "./fingerprint.js";
import { tellIdleRules } from "./idle.js";
import { planGenerated } from "./generated.js";
import { tellInventory } from "./inventory.js";
import { type Lanes, assignLanes } from "./lanes.js";
import type { NamedTable } from "./named-table.js";
import { nameSpace } from "./names.js";
import { takeInventory } from "./objects/inventory.js";
import { byCodeUnit } from "./order.js";
import { collectPairs, notePairs } from "./pair.js";
import { keepPartitions } from "./partitions.js";
import type { PlanRequest } from "./request.js";
import { selectTables } from "./select.js";
import { type PlannedSequence, planSequences, sequencesAfter } from "./sequences.js";
import { collectStatements } from "./statement.js";
import { bytewise, isText, ownEquality, sameEquality } from "./text-equality.js";
import { findTies } from "./ties.js";
import { unifyTies } from "./unify.js";
import { tellWidth } from "./width.js";
import { planViews, viewNames } from "./views.js";

export type { PlanRequest } from "./request.js";

/** Makes the plan. Throws Fault type-pair where columns have no target type with a codec, config-invalid where lanes overlap. */
export function plan(catalogue: Catalogue, request: PlanRequest): Plan {
  const findings = collectFindings();
  const rules = [...userRules(request.rules), ...builtInRules()];
  const named = selectTables(catalogue, request, findings);
  const ties = findTies(catalogue);
  tellIdleRules(catalogue, request, ties, findings);
  const views = viewNames(catalogue, request, named);
  const targets = [...named.map(({ target }) => target), ...views.values()];
  const sequences = planSequences(catalogue, request, targets, findings);
  const relations = nameSpace([...targets, ...sequences.map(({ target }) => target)], request.names);
  const context: DecisionContext = { catalogue, request, rules, ties, relations, findings };
  const decided = unifyTies(decide(named, context), ties, findings);
  const tables = keepPartitions(decided, request, relations, findings);
  const lanes = assignLanes(catalogue, tables, request.lanes, findings);
  const bare = tables.map((table) => planTable(table, lanes));
  const pairs = collectPairs();
  for (const table of bare) notePairs(table.source, table.columns, catalogue.engine, pairs);
  pairs.require();
  const { before, after, built, views: created } = statements(tables, sequences, views, context);
  const planned = bare.map((table): PlanTable => ({ ...table, ...builtOver(table, built) }));
  tellWidth(tables, findings);
  const generated = planGenerated(tables, catalogue.engine, findings);
  tellInventory(tables, request, findings);
  const inventory = takeInventory(catalogue, request.schema, findings);
  return {
    version: 1,
    migration: request.migration,
    database: catalogue.database,
    schema: request.schema,
    fingerprint: fingerprint(catalogue, tables, request, rules),
    asked: askedFor(request, rules),
    lanes: lanes.names,
    tables: planned,
    leftOut: leftOut(catalogue, named),
    before,
    after,
    views: created,
    generated,
    sequences: sequences.map(({ source, target }) => ({ source, target })),
    findings: findings.sorted(),
    inventory,
  };
}

/** Every column of every table. Where one has no type, nothing can be planned, and what else would be refused is told with it. */
function decide(named: readonly NamedTable[], context: DecisionContext): readonly DecidedTable[] {
  const pairs = collectPairs();
  const tables = named.map((table) => decideTable(table, context, pairs));
  if (pairs.some())
    for (const { source, decided } of tables) {
      const columns = decided.map((each) => ({ ...each, source: each.column.name }));
      notePairs(source.name, columns, context.catalogue.engine, pairs);
    }
  pairs.require();
  return tables;
}

function leftOut({ tables }: Catalogue, named: ReturnType<typeof selectTables>): readonly string[] {
  const travel = new Set(named.map(({ source }) => source.name));
  return tables.flatMap(({ name }) => (travel.has(name) ? [] : [name])).sort(byCodeUnit);
}

function planTable(table: DecidedTable, lanes: Lanes): PlanTable {
  return {
    source: table.source.name,
    target: table.target,
    lane: lanes.of(table.source.name),
    key: table.key,
    columns: table.decided.map((decided): PlanColumn => {
      const equality = ownEquality(decided);
      return {
        column: decided.column,
        source: decided.column.name,
        target: decided.target,
        sourceType: decided.column.columnType,
        targetType: decided.targetType,
        rule: decided.rule,
        nullable: decided.nullable,
        policy: decided.policy,
        identity: decided.identity,
        ...(decided.enumType === null ? {} : { nativeEnum: true }),
        ...(decided.enumType !== null || decided.check === "labels" || decided.check === "members"
          ? { heldToLabels: true }
          : {}),
        ...(equality === null || sameEquality(equality, bytewise) ? {} : { equality }),
        ...(table.source.indexes.some((index) => isSortedBy(index, decided.column.name))
          ? { indexed: true }
          : {}),
        ...(decided.collation === "c" && isText(decided) ? { sortedBy: "C" as const } : {}),
      };
    }),
    estimatedRows: table.source.estimatedRows,
    estimatedBytes: table.source.dataBytes,
    exactCut: table.key === null,
    ...(table.partitions === undefined ? {} : { partitioned: true }),
  };
}

/** An index over the beginnings of texts puts nothing in order: reading along it would sort the table. */
function isSortedBy({ kind, parts: [first] }: SourceIndex, column: string): boolean {
  return kind === "btree" && first?.column === column && first.prefix === null;
}

function builtOver(
  { source }: PlanTable,
  built: readonly BuiltTable[],
): Pick<PlanTable, "indexes" | "foreignKeys" | "leftKeys" | "checks"> {
  const own = built.find(({ table }) => table.source.name === source);
  const checks = (own?.checks ?? []).flatMap(({ name, asked, rule }) =>
    asked === null ? [] : [{ name, source: asked, rule }],
  );
  return {
    ...(checks.length === 0 ? {} : { checks }),
    // A GIN index has no entries that could clash or be too long.
    indexes: (own?.indexes ?? [])
      .filter(({ kind }) => kind !== "gin")
      .map((index) => ({
        source: index.source.name,
        target: index.name,
        unique: index.kind !== "index",
        ...(index.duplicate === undefined ? {} : { beside: true }),
        parts: index.entries,
      })),
    foreignKeys: (own?.foreign ?? []).map(({ asked }) => asked),
    ...(own === undefined || own.left.length === 0 ? {} : { leftKeys: own.left }),
  };
}

function statements(
  tables: readonly DecidedTable[],
  sequences: readonly PlannedSequence[],
  viewsByName: ReadonlyMap<string, string>,
  context: DecisionContext,
): Required<Pick<Plan, "before" | "after" | "views">> & { readonly built: readonly BuiltTable[] } {
  const { catalogue, request, relations, findings } = context;
  const { schema, names } = request;
  const { database, engine } = catalogue;
  const taken = new Set<string>();
  const before = collectStatements(schema, taken);
  ddlBefore(tables, { database, schema, engine, sequences, relations, findings, statements: before });
  const after = collectStatements(schema, taken);
  const built = ddlAfter(tables, { catalogue, schema, names, relations, findings, statements: after });
  sequencesAfter(sequences, schema, after);
  const views = planViews(tables, viewsByName, { ...context, statements: after });
  return { before: before.list, after: after.list, built, views };
}
