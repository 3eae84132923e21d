/**
 * The fields of one table in one form: for each of the plan's columns how it is written, and when it is in doubt.
 */
import { Fault } from "../../../src/errors.js";
import type { PlanTable, SourceEngine } from "../../../src/model.js";
import type { AvroNode } from "../avro-schema.js";
import type { EventSettings } from "../event-settings.js";
import type { FieldSchema, ImageForm } from "../image-form.js";
import { unreadable } from "../unreadable.js";
import { avroPlace } from "./avro-walk.js";
import { avroPrimitives } from "./avro-primitives.js";
import { carriedAs } from "./carried.js";
import { doubtOf, doubtsOf } from "./doubt.js";
import type { Doubt } from "./doubt.js";
import type { Primitives, WriteField } from "./field.js";
import { jsonPrimitives } from "./json-primitives.js";
import { otherColumns } from "./other-columns.js";
import { momentReader } from "./temporal.js";
import { fieldWriter } from "./write-field.js";

export interface TableField {
  readonly write: WriteField;
  /** null where no value is ever in doubt. */
  readonly doubt: Doubt | null;
  /** Runs it, and names table and column where the bytes are no value. */
  guarded<Result>(table: PlanTable, act: () => Result): Result;
}

export function tableFields(
  form: ImageForm,
  table: PlanTable,
  engine: SourceEngine,
  settings: EventSettings,
): readonly TableField[] {
  const nodes = form.kind === "avro" ? nodesOf(table, form.row.fields) : null;
  return table.columns.map((planned, place) => {
    const { column } = planned;
    const node = nodes?.[place] ?? null;
    let schema: FieldSchema | null = null;
    if (node !== null) schema = node.schema;
    else if (form.kind === "json" && form.fields !== null) {
      schema = form.fields.get(planned.source) ?? null;
      if (schema === null) throw otherColumns(table);
    }
    const primitives: Primitives = node === null ? jsonPrimitives : avroPrimitives(node.value);
    const carried = carriedAs(column, settings, schema);
    const defaults = (form.kind === "avro" || settings.nullsAsDefaults) && schema?.hasDefault !== false;
    const reasons = doubtsOf(planned, engine, settings, defaults);
    return {
      write: fieldWriter(planned, carried, primitives, engine),
      doubt: doubtOf(planned, reasons, primitives, momentReader(column, carried, primitives, engine)),
      guarded: (owner, act) => guarded(owner.source, planned.source, act),
    };
  });
}

function guarded<Result>(table: string, column: string, act: () => Result): Result {
  try {
    return act();
  } catch (error) {
    if (error instanceof Fault && error.code === "log-refused")
      throw unreadable(`A change event of ${table} has in ${column} ${error.message}.`, error);
    throw error;
  }
}

interface FieldNode {
  /** Without the union that lets it be NULL. */
  readonly value: AvroNode;
  readonly schema: FieldSchema;
}

function nodesOf(
  table: PlanTable,
  fields: readonly { readonly name: string; readonly node: AvroNode; readonly hasDefault: boolean }[],
): readonly (FieldNode | null)[] {
  const nodes: (FieldNode | null)[] = table.columns.map(() => null);
  for (const { name, node, hasDefault } of fields) {
    const value = node.kind === "union" ? node.branches.find(({ kind }) => kind !== "null") : node;
    if (value === undefined || (node.kind === "union" && node.branches.length > 2))
      throw unreadable(
        `The Avro schema of ${table.source} has a field ${name} that no column is written by.`,
      );
    nodes[avroPlace(table, name)] = { value, schema: { ...schemaOf(value), hasDefault } };
  }
  return nodes;
}

function schemaOf(node: AvroNode): Omit<FieldSchema, "hasDefault"> {
  switch (node.kind) {
    case "record":
      return { type: "struct", name: node.meaning, scale: null };
    case "array":
      return { type: "array", name: node.meaning, scale: null };
    case "map":
    case "fixed":
    case "union":
      return { type: node.kind, name: null, scale: null };
    default:
      return { type: node.kind, name: node.meaning, scale: node.decimalScale };
  }
}
