/**
 * Asks a schema registry for a schema by its number, as Confluent's has it at /schemas/ids; Apicurio's answers so under
 * a path of its own. Which of the two it is shows at the first answer.
 */
import { unreadable } from "./unreadable.js";
import { ask, placeOf } from "./http.js";
import type { HttpServer } from "./http.js";
import type { FetchSchema } from "./schema-book.js";

const paths = ["/schemas/ids/", "/apis/ccompat/v7/schemas/ids/"] as const;

/** Faults: event-unreadable where the registry does not know the schema, and those of `ask`. */
export function schemaFetcher(server: HttpServer, signal: AbortSignal): FetchSchema {
  let known: string | null = null;
  return async (id) => {
    for (const path of known === null ? paths : [known]) {
      const { status, text } = await ask(server, "GET", `${path}${String(id)}`, signal);
      const schema = status === 200 ? schemaIn(text) : null;
      if (schema === null) continue;
      known = path;
      return schema;
    }
    throw unreadable(`${placeOf(server)} does not know schema ${String(id)}, which the record names.`);
  };
}

/** The schema of an answer; null where there is none, or it is no Avro. */
function schemaIn(answer: string): string | null {
  try {
    const found: unknown = JSON.parse(answer);
    if (typeof found !== "object" || found === null || !("schema" in found)) return null;
    if ("schemaType" in found && found.schemaType !== "AVRO") return null;
    return typeof found.schema === "string" ? found.schema : null;
  } catch {
    return null;
  }
}
