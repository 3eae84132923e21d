/**
 * Each column's decision: the rules give its type, the policies what may be changed in it, and this file settles
 * what follows from both. NULLs that a policy makes need a column that takes them; bytes instead of text need bytea;
 * an AUTO_INCREMENT column counts on as an identity; a native enum needs labels that PostgreSQL takes. Columns that
 * foreign keys tie together are brought to one type, the widest, by unify.ts afterwards.
 */
import type { Catalogue, ColumnPolicy, PlanKey, SourceColumn, SourceTable } from "../model.js";
import { type Resolution, resolve } from "../typemap/explain.js";
import type { ColumnFacts } from "../typemap/match.js";
import { type KeyPolicy, columnPolicy, keyPolicy } from "../typemap/policy.js";
import type { KeptCollation, NamedRule } from "../typemap/rule.js";
import type { Findings } from "./finding.js";
import { chooseKey } from "./keys.js";
import { type NameSpace, maxNameBytes } from "./names.js";
import type { PlanRequest } from "./request.js";
import { isReservedWord } from "./reserved-words.js";
import type { NamedTable } from "./named-table.js";
import type { Pairs } from "./pair.js";
import { type Ties, columnNamed } from "./ties.js";

export interface DecidedColumn {
  readonly column: SourceColumn;
  readonly target: string;
  readonly targetType: string;
  readonly rule: string;
  readonly nullable: boolean;
  readonly policy: ColumnPolicy;
  readonly keyPolicy: KeyPolicy;
  readonly identity: "identity" | "serial" | null;
  /** A named check of the grammar or SQL with {column}, null for none. */
  readonly check: string | null;
  /** keep, drop, or SQL. */
  readonly default: string;
  /** Bare name of the native enum type, null when there is none. */
  readonly enumType: string | null;
  /** What is kept of the source's collation. */
  readonly collation: KeptCollation;
}

/** A table's partitions, as DDL says them. */
export interface KeptPartitions {
  /** What follows PARTITION BY. */
  readonly by: string;
  readonly parts: readonly {
    /** On the target. */
    readonly name: string;
    /** What follows PARTITION OF parent. */
    readonly values: string;
  }[];
}

export interface DecidedTable extends NamedTable {
  readonly key: PlanKey | null;
  readonly decided: readonly DecidedColumn[];
  /** Where the table keeps its partitions. */
  readonly partitions?: KeptPartitions;
}

export interface DecisionContext {
  readonly catalogue: Catalogue;
  readonly request: PlanRequest;
  readonly rules: readonly NamedRule[];
  readonly ties: Ties;
  readonly relations: NameSpace;
  readonly findings: Findings;
}

/** What rules may ask about one column. */
export function columnFacts(
  catalogue: Catalogue,
  ties: Ties,
  table: SourceTable,
  column: SourceColumn,
): ColumnFacts {
  const inIndex = (wanted: (index: SourceTable["indexes"][number]) => boolean): boolean =>
    table.indexes.some((index) => wanted(index) && index.parts.some((part) => part.column === column.name));
  return {
    engine: catalogue.engine,
    table: table.name,
    storage: table.engine,
    column,
    keys: {
      primary: inIndex((index) => index.primary),
      unique: inIndex((index) => index.unique),
      foreign: table.foreignKeys.some((key) =>
        key.columns.some((name) => columnNamed(table, name) === column.name),
      ),
      auto: ties.counts(table.name, column.name),
    },
  };
}

/** Decides every column of a table. Where the rules give one no type, `pairs` has the reason and the table lacks it. */
export function decideTable(named: NamedTable, context: DecisionContext, pairs: Pairs): DecidedTable {
  const key = chooseKey(named.source, named.columns);
  const decided = named.columns.flatMap(
    (column) =>
      pairs.attempt(named.source.name, column.name, () => decideColumn(named, column, key, context)) ?? [],
  );
  return { ...named, key, decided };
}

function decideColumn(
  named: NamedTable,
  column: SourceColumn,
  key: PlanKey | null,
  context: DecisionContext,
): DecidedColumn {
  const facts = columnFacts(context.catalogue, context.ties, named.source, column);
  const resolution = resolve(context.rules, facts);
  const object = `${named.source.name}.${column.name}`;
  const target = named.columnNames.get(column.name) ?? column.name;
  const inKey = facts.keys.primary || (key?.columns.includes(column.name) ?? false);
  const policy = heldPolicy(columnPolicy(context.request.policies, facts), column, inKey, object, context);
  const enumType =
    resolution.targetType === "enum" ? nativeEnum(named, column, target, policy, object, context) : null;
  const targetType = settledType(resolution, policy, enumType, object, context);
  return {
    column,
    target,
    targetType,
    rule: resolution.rule,
    nullable: column.nullable || makesNulls(policy),
    policy,
    keyPolicy: keyPolicy(context.request.policies, facts),
    identity: column.autoIncrement ? identityOf(resolution, targetType, object, context.findings) : null,
    check: resolution.targetType === "enum" ? (enumType === null ? "labels" : null) : resolution.check,
    default: resolution.default,
    enumType,
    collation: resolution.collation,
  };
}

function makesNulls(policy: ColumnPolicy): boolean {
  return policy.zeroDate === "null" || policy.enumZero === "null";
}

/** A key takes no NULLs, so a policy that makes some cannot hold there; elsewhere NOT NULL gives way, and that is told. */
function heldPolicy(
  policy: ColumnPolicy,
  column: SourceColumn,
  inKey: boolean,
  object: string,
  context: DecisionContext,
): ColumnPolicy {
  if (!makesNulls(policy) || column.nullable) return policy;
  if (inKey) {
    context.findings.add({
      code: "policy-not-on-key",
      severity: "warning",
      object,
      sentence: `A policy would turn values of ${object} into NULL, but it is part of the table's key; such values are refused instead.`,
      fix: "Mend the values on the source, or use zeroDate: -infinity or enumZero: keep for this column.",
    });
    const refuse = "refuse";
    return {
      ...policy,
      zeroDate: policy.zeroDate === "null" ? refuse : policy.zeroDate,
      enumZero: policy.enumZero === "null" ? refuse : policy.enumZero,
    };
  }
  context.findings.add({
    code: "not-null-relaxed",
    severity: "info",
    object,
    sentence: `${object} is NOT NULL on the source; the target takes NULL, because a policy turns some values into it.`,
    fix: "Nothing to do, or choose a policy that makes no NULLs.",
  });
  return policy;
}

function settledType(
  resolution: Resolution,
  policy: ColumnPolicy,
  enumType: string | null,
  object: string,
  context: DecisionContext,
): string {
  if (resolution.targetType === "enum")
    return enumType === null ? "text" : spelledType(enumType, context.request.schema);
  const text = resolution.targetType === "text" || resolution.targetType.startsWith("character");
  if (policy.nul !== "bytea" || !text) return resolution.targetType;
  context.findings.add({
    code: "text-as-bytes",
    severity: "info",
    object,
    sentence: `${object} becomes bytea: its policy keeps U+0000, which no text of PostgreSQL can hold.`,
    fix: "Nothing to do, or use nul: strip.",
  });
  return "bytea";
}

/** A type's name as format_type() prints it: quoted where it must be, with its schema unless that is public. */
function spelledType(name: string, schema: string): string {
  const quoted = (part: string): string =>
    /^[a-z_][a-z0-9_]*$/.test(part) && !isReservedWord(part) ? part : `"${part.replaceAll('"', '""')}"`;
  return schema === "public" ? quoted(name) : `${quoted(schema)}.${quoted(name)}`;
}

function nativeEnum(
  named: NamedTable,
  column: SourceColumn,
  target: string,
  policy: ColumnPolicy,
  object: string,
  context: DecisionContext,
): string | null {
  const labels = targetLabels(column, policy);
  const why =
    column.type !== "enum"
      ? `${column.columnType} is no enum`
      : labels.some((label) => Buffer.byteLength(label) > maxNameBytes || label.includes("\0"))
        ? "a label has more than PostgreSQL's 63 bytes, or U+0000"
        : null;
  if (why === null)
    return context.relations.claim(`${named.target}_${target}`, `type ${named.source.name} ${column.name}`);
  context.findings.add({
    code: "enum-as-text",
    severity: "warning",
    object,
    sentence: `${object} becomes text with a CHECK instead of a native enum: ${why}.`,
    fix: "Nothing to do, or take the rule's type: enum back for this column.",
  });
  return null;
}

/** The labels that the target must take: enum index 0 is kept as the empty text where the policy says so. */
export function targetLabels(column: SourceColumn, policy: ColumnPolicy): readonly string[] {
  return policy.enumZero === "keep" && !column.labels.includes("") ? [...column.labels, ""] : column.labels;
}

function identityOf(
  resolution: Resolution,
  targetType: string,
  object: string,
  findings: Findings,
): "identity" | "serial" | null {
  if (resolution.identity === "none") return null;
  if (["smallint", "integer", "bigint"].includes(targetType)) return resolution.identity;
  findings.add({
    code: "identity-left-out",
    severity: "warning",
    object,
    sentence: `${object} counts by AUTO_INCREMENT, but ${targetType} cannot be an identity; new rows need a value of their own.`,
    fix: "Map it to smallint, integer or bigint.",
  });
  return null;
}
