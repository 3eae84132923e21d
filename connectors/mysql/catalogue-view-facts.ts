/**
 * What a view needs beside its query to live on: its columns' types, WITH CHECK OPTION, whose rights it runs with,
 * and whether it can be read at all. A view whose definer is gone or that names what is gone is told by the server's
 * own words when it is prepared; nothing of it is executed.
 */
import { Fault } from "../../src/errors.js";
import type { SourceColumn, SourceObject } from "../../src/model.js";
import { mysqlName } from "../../src/safety/identifier.js";
import { required } from "./catalogue-views.js";
import type { InformationSchema } from "./catalogue-views.js";
import type { Connection } from "./connection.js";
import { viewOpener } from "./locked.js";

/** The objects with their views' facts. */
export async function withViews(
  connection: Connection,
  schema: InformationSchema,
  objects: readonly SourceObject[],
  columns: ReadonlyMap<string, readonly SourceColumn[]>,
): Promise<readonly SourceObject[]> {
  if (!objects.some(({ kind }) => kind === "view")) return objects;
  const rows = await schema.read(
    "VIEWS",
    ["TABLE_NAME", "CHECK_OPTION", "DEFINER", "SECURITY_TYPE"],
    "TABLE_SCHEMA",
  );
  const facts = new Map(rows.map((row) => [required(row.TABLE_NAME, "view name"), row]));
  const out: SourceObject[] = [];
  const patiently = viewOpener(connection);
  for (const object of objects) {
    if (object.kind !== "view") {
      out.push(object);
      continue;
    }
    const row = facts.get(object.name);
    const option = row?.CHECK_OPTION?.toLowerCase();
    // What was locked a moment ago is not waited for again; its text is known, and so is its plan.
    const problem =
      object.busy === undefined
        ? await patiently(() => problemOf(connection, object.name, schema.signal))
        : { busy: object.busy };
    const busy = problem !== null && typeof problem !== "string" ? problem.busy : undefined;
    out.push({
      ...object,
      ...(busy === undefined ? {} : { busy }),
      view: {
        columns: (columns.get(object.name) ?? []).map(asAsked),
        checkOption: option === "local" || option === "cascaded" ? option : "none",
        security: row?.SECURITY_TYPE?.toUpperCase() === "INVOKER" ? "invoker" : "definer",
        definer: row?.DEFINER ?? "",
        problem: typeof problem === "string" ? problem : null,
      },
    });
  }
  return out;
}

/** A view's column goes by its name without the blanks and controls that this begins with; MySQL's own catalogue still shows them. */
function asAsked(column: SourceColumn): SourceColumn {
  const name = column.name.replace(/^[\u0000- \u007f]+/u, "");
  return name === "" ? column : { ...column, name };
}

/** Why the view cannot be read, null where it can. A connection that is lost is no fault of the view's. */
async function problemOf(
  connection: Connection,
  view: string,
  signal: AbortSignal | undefined,
): Promise<string | null> {
  try {
    await connection.query("PREPARE headgate_view FROM ?", [`SELECT * FROM ${mysqlName(view)}`], signal);
    await connection.query("DEALLOCATE PREPARE headgate_view", [], signal);
    return null;
  } catch (error) {
    if (!(error instanceof Fault) || error.retriable || signal?.aborted === true) throw error;
    return error.message.replace(/^A statement failed: the source says: /u, "");
  }
}
