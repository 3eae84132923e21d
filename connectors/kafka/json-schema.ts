/**
 * The schema that Connect's JSON converter puts before a payload: of the envelope only the fields of a row are of use.
 */
import type { FieldSchema, JsonForm } from "./image-form.js";
import { plainJson } from "./image-form.js";
import { unreadable } from "./unreadable.js";

/** Throws Fault event-unreadable. Of a record that has no images the form says nothing. */
export function readJsonSchema(text: string): JsonForm {
  let schema: unknown;
  try {
    schema = JSON.parse(text);
  } catch (error) {
    throw unreadable("The record's schema is no JSON.", error);
  }
  const image = fieldsOf(schema).find((field) => part(field, "field") === "after");
  if (image === undefined) return plainJson;
  const fields = new Map<string, FieldSchema>();
  for (const field of fieldsOf(image)) {
    const name = part(field, "field");
    const type = part(field, "type");
    if (typeof name !== "string" || typeof type !== "string")
      throw unreadable("The record's schema has a field without a name or a type.");
    const meaning = part(field, "name");
    const scale = part(part(field, "parameters"), "scale");
    const standsFor = part(field, "default");
    fields.set(name, {
      type,
      name: typeof meaning === "string" ? meaning : null,
      scale: typeof scale === "string" ? Number(scale) : null,
      hasDefault: standsFor !== undefined && standsFor !== null,
    });
  }
  return { kind: "json", fields };
}

function fieldsOf(schema: unknown): readonly unknown[] {
  const fields = part(schema, "fields");
  return Array.isArray(fields) ? fields : [];
}

function part(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  return Object.entries(value).find(([key]) => key === name)?.[1];
}
