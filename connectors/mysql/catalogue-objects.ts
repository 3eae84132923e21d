/**
 * What has no rows but must be accounted for: views, routines, triggers, events, and MariaDB's sequences, with the
 * account whose rights each runs with. Definitions are as the catalogue shows them to this account; without the right
 * to see one, it is the empty text, the object is still listed and told as hidden. Every view is opened once, for no
 * row, because only that tells whether the server itself can still use it; one whose tables somebody has locked is told as such.
 */
import { Fault } from "../../src/errors.js";
import type { SourceObject } from "../../src/model.js";
import { mysqlName } from "../../src/safety/identifier.js";
import { readAccountNames } from "./catalogue-accounts.js";
import { readSequences } from "./catalogue-sequences.js";
import { required } from "./catalogue-views.js";
import type { InformationSchema } from "./catalogue-views.js";
import type { Connection } from "./connection.js";
import { viewOpener } from "./locked.js";

/** In order of kind and name. */
export async function readObjects(
  connection: Connection,
  schema: InformationSchema,
  sequences: readonly string[],
): Promise<readonly SourceObject[]> {
  const accounts = await readAccountNames(connection, schema.signal);
  const objects: SourceObject[] = [
    ...(await readViews(connection, schema)),
    ...(await readRoutines(schema)),
    ...(await readTriggers(schema)),
    ...(await readEvents(schema)),
    ...(await readSequences(connection, sequences, schema.signal)),
  ].map((object) => known(object, accounts));
  return objects.sort((one, other) => compare(one.kind, other.kind) || compare(one.name, other.name));
}

/** Whether the definer exists, where the accounts could be read. */
function known(object: SourceObject, accounts: ReadonlySet<string> | null): SourceObject {
  if (object.runs === undefined || object.runs.exists !== null || accounts === null) return object;
  return { ...object, runs: { ...object.runs, exists: accounts.has(object.runs.definer) } };
}

/** "The user specified as a definer does not exist", and "references invalid table(s) ... or lack rights". */
const noDefiner = 1449;
const invalidView = 1356;
/** What the server says of a broken definer to an account that is no administrator. */
const denied = 1045;

async function readViews(connection: Connection, schema: InformationSchema): Promise<SourceObject[]> {
  const rows = await schema.read(
    "VIEWS",
    ["TABLE_NAME", "VIEW_DEFINITION", "DEFINER", "SECURITY_TYPE"],
    "TABLE_SCHEMA",
  );
  const views: SourceObject[] = [];
  const patiently = viewOpener(connection);
  for (const row of rows) {
    // Without SHOW VIEW the text is empty.
    const view = object("view", row.TABLE_NAME, row.VIEW_DEFINITION === "" ? null : row.VIEW_DEFINITION, row);
    const refused = await patiently(() => refusal(connection, view.name, schema.signal));
    if (refused !== null && "busy" in refused) {
      views.push({ ...view, busy: refused.busy });
      continue;
    }
    const gone = refused?.number === noDefiner;
    views.push({
      ...view,
      ...(view.runs === undefined || !gone ? {} : { runs: { ...view.runs, exists: false } }),
      ...(refused === null || refused.number === noDefiner ? {} : { broken: refused.text }),
    });
  }
  return views;
}

/** What the server says when the view is opened for no row; null when it opens. */
async function refusal(
  connection: Connection,
  view: string,
  signal: AbortSignal | undefined,
): Promise<{ readonly number: number; readonly text: string } | null> {
  try {
    // Its columns reach nobody: the driver ends the connection over a column that is called __proto__.
    const all = `SELECT * FROM ${mysqlName(view)} LIMIT 0`;
    await connection.query(`SELECT 1 FROM (${all}) AS part`, [], signal);
    return null;
  } catch (error) {
    if (!(error instanceof Fault) || error.retriable) throw error;
    const number = Number(error.facts["errno"]);
    if (![noDefiner, invalidView, denied].includes(number)) return { number, text: error.message };
    const text =
      number === invalidView
        ? "it refers to a table, column or function that is gone, or its definer may not use one"
        : "its definer is gone, or may not read what the view reads";
    return { number, text };
  }
}

async function readRoutines(schema: InformationSchema): Promise<SourceObject[]> {
  const rows = await schema.read(
    "ROUTINES",
    [
      "ROUTINE_NAME",
      "ROUTINE_TYPE",
      "ROUTINE_DEFINITION",
      "DEFINER",
      "SECURITY_TYPE",
      "DTD_IDENTIFIER",
      "IS_DETERMINISTIC",
      "SQL_DATA_ACCESS",
    ],
    "ROUTINE_SCHEMA",
  );
  return rows.map((row) => {
    const made = row.ROUTINE_TYPE?.toUpperCase() === "FUNCTION" ? "function" : "procedure";
    const head = [
      ...(made === "function" && row.DTD_IDENTIFIER !== null ? [`returns ${row.DTD_IDENTIFIER}`] : []),
      ...(row.IS_DETERMINISTIC === "YES" ? ["deterministic"] : []),
      (row.SQL_DATA_ACCESS ?? "").toLowerCase(),
    ];
    return {
      ...object(made, row.ROUTINE_NAME, row.ROUTINE_DEFINITION, row),
      head: head.filter((part) => part !== "").join(", "),
    };
  });
}

async function readTriggers(schema: InformationSchema): Promise<SourceObject[]> {
  const rows = await schema.read(
    "TRIGGERS",
    [
      "TRIGGER_NAME",
      "EVENT_OBJECT_TABLE",
      "ACTION_TIMING",
      "EVENT_MANIPULATION",
      "ACTION_STATEMENT",
      "DEFINER",
    ],
    "TRIGGER_SCHEMA",
  );
  return rows.map((row) => {
    const head = `${row.ACTION_TIMING ?? ""} ${row.EVENT_MANIPULATION ?? ""}`;
    return {
      ...object("trigger", row.TRIGGER_NAME, `${head} ${row.ACTION_STATEMENT ?? ""}`, row),
      on: row.EVENT_OBJECT_TABLE,
      head: head.toLowerCase(),
      hidden: row.ACTION_STATEMENT === null,
    };
  });
}

async function readEvents(schema: InformationSchema): Promise<SourceObject[]> {
  const rows = await schema.read(
    "EVENTS",
    [
      "EVENT_NAME",
      "EVENT_DEFINITION",
      "DEFINER",
      "EVENT_TYPE",
      "EXECUTE_AT",
      "INTERVAL_VALUE",
      "INTERVAL_FIELD",
      "STATUS",
    ],
    "EVENT_SCHEMA",
  );
  return rows.map((row) => {
    const when =
      row.EVENT_TYPE === "RECURRING"
        ? `every ${row.INTERVAL_VALUE ?? "?"} ${(row.INTERVAL_FIELD ?? "").toLowerCase()}`
        : `once, at ${row.EXECUTE_AT ?? "?"}`;
    return {
      ...object("event", row.EVENT_NAME, row.EVENT_DEFINITION, row),
      head: `${when}, ${(row.STATUS ?? "").toLowerCase()}`,
    };
  });
}

function object(
  kind: SourceObject["kind"],
  name: string | null,
  definition: string | null,
  rights: { readonly DEFINER: string | null; readonly SECURITY_TYPE?: string | null },
): SourceObject {
  return {
    kind,
    name: required(name, `${kind} name`),
    on: null,
    definition: definition ?? "",
    hidden: definition === null,
    ...(rights.DEFINER === null || rights.DEFINER === ""
      ? {}
      : {
          runs: {
            definer: rights.DEFINER,
            exists: null,
            // Triggers and events always run with their definer's rights.
            security: rights.SECURITY_TYPE?.toUpperCase() === "INVOKER" ? "invoker" : "definer",
          },
        }),
  };
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
