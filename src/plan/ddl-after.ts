/**
 * The second half of the target's DDL, in the order of design.md's decision 5: the key of each table and the indexes
 * that are not unique; past the join the unique ones, checks and foreign keys; then identities past the largest
 * value, triggers, statistics. Each statement stands alone, so that any of them can run beside the others of its kind.
 */
import type { Catalogue, PlanLeftKey, ReferentialAction } from "../model.js";
import { postgresLiteral, postgresName } from "../safety/identifier.js";
import { type PlannedCheck, tableChecks } from "./checks.js";
import type { DecidedColumn, DecidedTable } from "./columns.js";
import { commentLiteral } from "./ddl-before.js";
import type { Findings } from "./finding.js";
import { type PlannedForeignKey, tableForeignKeys, violationsSql } from "./foreign-keys.js";
import { type PlannedIndex, tableIndexes } from "./indexes.js";
import { type NameSpace, nameSpace } from "./names.js";
import type { Statements } from "./statement.js";
import { updateTrigger } from "./triggers.js";

export interface AfterContext {
  readonly catalogue: Catalogue;
  readonly schema: string;
  readonly names: "keep" | "lower";
  readonly relations: NameSpace;
  readonly findings: Findings;
  readonly statements: Statements;
}

/** What the second half builds over one table. */
export interface BuiltTable {
  readonly table: DecidedTable;
  readonly indexes: readonly PlannedIndex[];
  readonly checks: readonly PlannedCheck[];
  readonly foreign: readonly PlannedForeignKey[];
  readonly left: readonly PlanLeftKey[];
}

/** Adds every statement of the second half, tables in plan order within each kind, and tells what they build. */
export function ddlAfter(tables: readonly DecidedTable[], context: AfterContext): readonly BuiltTable[] {
  const { schema, findings, statements } = context;
  const indexed = tables.map((table) => ({
    table,
    indexes: tableIndexes(table, { ...context, engine: context.catalogue.engine }),
  }));
  const parts = indexed.map(({ table, indexes }) => {
    const named = indexes
      .filter(({ kind }) => kind === "primary" || kind === "unique")
      .map(({ name }) => name);
    const constraints = nameSpace(named, context.names);
    const checks = tableChecks(table, constraints, context.catalogue.engine, findings);
    const keys = tableForeignKeys(context.catalogue, table, indexed, constraints, findings);
    const name = `${postgresName(schema)}.${postgresName(table.target)}`;
    return { table, name, indexes, checks, foreign: keys.built, left: keys.left };
  });
  for (const { table, name, indexes } of parts)
    for (const index of indexes) if (index.key) addIndex(index, table, name, context);
  for (const { table, name, indexes } of parts)
    for (const index of indexes)
      if (!index.key && (index.kind === "index" || index.kind === "gin"))
        addIndex(index, table, name, context);
  for (const { table, name, indexes } of parts)
    for (const index of indexes)
      if (!index.key && index.kind !== "index" && index.kind !== "gin") addIndex(index, table, name, context);
  for (const { table, indexes } of parts) for (const index of indexes) indexComment(index, table, context);
  for (const { table, name, checks } of parts) {
    if (checks.length === 0) continue;
    const added = checks.map(
      (check) =>
        `ADD CONSTRAINT ${postgresName(check.name)} CHECK (${check.sql})${check.valid ? "" : " NOT VALID"}`,
    );
    const own = checks.flatMap((check) => check.own ?? []);
    statements.add({
      kind: "check",
      table: table.target,
      sql: `ALTER TABLE ${name}\n  ${added.join(",\n  ")}`,
      drop: `ALTER TABLE ${name} ${checks.map((check) => `DROP CONSTRAINT IF EXISTS ${postgresName(check.name)}`).join(", ")}`,
      ...(own.length === 0 ? {} : { own }),
    });
  }
  for (const { table, name, foreign } of parts)
    for (const key of foreign)
      statements.add({
        kind: "foreign",
        table: table.target,
        object: key.name,
        sql: `ALTER TABLE ${name} ADD CONSTRAINT ${postgresName(key.name)} ${foreignKeySql(key, schema)} NOT VALID`,
        undo: `ALTER TABLE ${name} DROP CONSTRAINT IF EXISTS ${postgresName(key.name)}`,
      });
  for (const { table, name, foreign } of parts)
    for (const key of foreign) {
      if (key.asked.orphans === "keep") continue;
      statements.add({
        kind: "validate",
        table: table.target,
        object: key.name,
        sql: `ALTER TABLE ${name} VALIDATE CONSTRAINT ${postgresName(key.name)}`,
        violations: violationsSql(key, table, name, schema),
      });
    }
  for (const { table, name } of parts)
    for (const decided of table.decided)
      if (decided.identity !== null)
        statements.add({
          kind: "identity",
          table: table.target,
          object: decided.target,
          sql: identitySql(decided, name, table.source.autoIncrement),
        });
  const functions = nameSpace([], context.names);
  for (const { table } of parts) updateTrigger(table, schema, functions, findings, statements);
  for (const { table, name } of parts)
    statements.add({ kind: "analyze", table: table.target, sql: `ANALYZE ${name}` });
  return parts;
}

function addIndex(
  index: PlannedIndex,
  table: DecidedTable,
  name: string,
  { schema, statements }: AfterContext,
): void {
  const parts = index.parts.join(", ");
  const called = postgresName(index.name);
  const add = (kind: "primary" | "unique" | "index", sql: string, undo?: string): void => {
    statements.add({
      kind,
      table: table.target,
      object: index.name,
      sql,
      creates: [{ space: "relation", name: index.name }],
      ...(undo === undefined || index.key ? {} : { undo }),
      ...(kind === "index" ? { drop: `DROP INDEX IF EXISTS ${postgresName(schema)}.${called}` } : {}),
      ...(index.duplicate === undefined ? {} : { duplicate: index.duplicate }),
    });
  };
  switch (index.kind) {
    case "primary":
      add("primary", `ALTER TABLE ${name} ADD CONSTRAINT ${called} PRIMARY KEY (${parts})`);
      break;
    case "unique":
      add(
        "unique",
        `ALTER TABLE ${name} ADD CONSTRAINT ${called} UNIQUE (${parts})`,
        `ALTER TABLE ${name} DROP CONSTRAINT IF EXISTS ${called}`,
      );
      break;
    case "unique-index":
      add(
        "unique",
        `CREATE UNIQUE INDEX ${called} ON ${name} (${parts})`,
        `DROP INDEX IF EXISTS ${postgresName(schema)}.${called}`,
      );
      break;
    case "index":
      add("index", `CREATE INDEX ${called} ON ${name} (${parts})`);
      break;
    case "gin":
      add("index", `CREATE INDEX ${called} ON ${name} USING gin (${parts})`);
      break;
  }
}

function indexComment(index: PlannedIndex, table: DecidedTable, { schema, statements }: AfterContext): void {
  if (index.source.comment === "" || index.duplicate !== undefined) return;
  statements.add({
    kind: "comment",
    table: table.target,
    object: index.name,
    sql: `COMMENT ON INDEX ${postgresName(schema)}.${postgresName(index.name)} IS ${commentLiteral(index.source.comment)}`,
  });
}

const actions: Readonly<Record<ReferentialAction, string>> = {
  restrict: "RESTRICT",
  "no action": "NO ACTION",
  cascade: "CASCADE",
  "set null": "SET NULL",
  "set default": "SET DEFAULT",
};

function foreignKeySql(key: PlannedForeignKey, schema: string): string {
  const columns = key.columns.map(postgresName).join(", ");
  const there = key.referencedColumns.map(postgresName).join(", ");
  const other = `${postgresName(schema)}.${postgresName(key.referencedTable)}`;
  return `FOREIGN KEY (${columns}) REFERENCES ${other} (${there}) ON DELETE ${actions[key.onDelete]} ON UPDATE ${actions[key.onUpdate]}`;
}

const largest: Readonly<Record<string, bigint>> = {
  smallint: 32767n,
  integer: 2147483647n,
  bigint: 9223372036854775807n,
};

/**
 * The next value is past the largest in the table and past what the source has handed out. An empty table and one of
 * negative values only begin at 1: setval takes nothing smaller, and is told that 1 is not used yet.
 */
function identitySql(decided: DecidedColumn, table: string, autoIncrement: string | null): string {
  const limit = largest[decided.targetType] ?? 0n;
  const used = autoIncrement === null ? 0n : BigInt(autoIncrement) - 1n;
  const floor = used < 0n ? 0n : used > limit ? limit : used;
  const column = postgresName(decided.target);
  const sequence = `pg_get_serial_sequence(${postgresLiteral(table).trim()}, ${postgresLiteral(decided.target).trim()})`;
  return (
    `SELECT setval(${sequence}, greatest(used, 1), used >= 1)\n` +
    `FROM (SELECT greatest(max(${column}), ${floor.toString()})::bigint AS used FROM ${table}) AS rows_now`
  );
}
