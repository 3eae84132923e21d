/**
 * What has no rows but must be accounted for: views, routines, triggers, events, and MariaDB's sequences. Definitions
 * are as the catalogue shows them to this account; without the right to see one, it is the empty text and the object
 * is still listed.
 */
import type { SourceObject } from "../../src/model.js";
import { required } from "./catalogue-views.js";
import type { InformationSchema } from "./catalogue-views.js";

/** In order of kind and name. */
export async function readObjects(
  schema: InformationSchema,
  sequences: readonly string[],
): Promise<readonly SourceObject[]> {
  const views = await schema.read("VIEWS", ["TABLE_NAME", "VIEW_DEFINITION"], "TABLE_SCHEMA");
  const routines = await schema.read(
    "ROUTINES",
    ["ROUTINE_NAME", "ROUTINE_TYPE", "ROUTINE_DEFINITION"],
    "ROUTINE_SCHEMA",
  );
  const triggers = await schema.read(
    "TRIGGERS",
    ["TRIGGER_NAME", "EVENT_OBJECT_TABLE", "ACTION_TIMING", "EVENT_MANIPULATION", "ACTION_STATEMENT"],
    "TRIGGER_SCHEMA",
  );
  const events = await schema.read("EVENTS", ["EVENT_NAME", "EVENT_DEFINITION"], "EVENT_SCHEMA");
  const objects: SourceObject[] = [
    ...views.map((row) => object("view", row.TABLE_NAME, row.VIEW_DEFINITION)),
    ...routines.map((row) =>
      object(
        row.ROUTINE_TYPE?.toUpperCase() === "FUNCTION" ? "function" : "procedure",
        row.ROUTINE_NAME,
        row.ROUTINE_DEFINITION,
      ),
    ),
    ...triggers.map((row) => ({
      ...object(
        "trigger",
        row.TRIGGER_NAME,
        `${row.ACTION_TIMING ?? ""} ${row.EVENT_MANIPULATION ?? ""} ${row.ACTION_STATEMENT ?? ""}`,
      ),
      on: row.EVENT_OBJECT_TABLE,
    })),
    ...events.map((row) => object("event", row.EVENT_NAME, row.EVENT_DEFINITION)),
    ...sequences.map((name) => object("sequence", name, "")),
  ];
  return objects.sort((one, other) => compare(one.kind, other.kind) || compare(one.name, other.name));
}

function object(kind: SourceObject["kind"], name: string | null, definition: string | null): SourceObject {
  return { kind, name: required(name, `${kind} name`), on: null, definition: definition ?? "" };
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
