/**
 * The hazards' own statements on the source, one session for all, and what each of them made there: by that a
 * finding is known to be its. A hazard whose statements fail is told, and what it made so far is still its own.
 */
import type { SourceDatabase } from "../source-database.js";
import type { Owners } from "./finding.js";
import type { Hazard } from "./folder.js";

export interface Made {
  /** Tables, views, routines, triggers and events. */
  readonly owners: Owners;
  /** Tables alone, to the hazard that made them. */
  readonly tables: ReadonlyMap<string, string>;
  readonly failures: ReadonlyMap<string, string>;
}

const everything = [
  ["TABLE_NAME", "TABLES", "TABLE_SCHEMA", "TABLE_TYPE"],
  ["ROUTINE_NAME", "ROUTINES", "ROUTINE_SCHEMA", "'routine'"],
  ["TRIGGER_NAME", "TRIGGERS", "TRIGGER_SCHEMA", "'trigger'"],
  ["EVENT_NAME", "EVENTS", "EVENT_SCHEMA", "'event'"],
].map(
  ([name, view, schema, kind]) =>
    `SELECT ${name} AS n, ${kind} AS k FROM information_schema.${view} WHERE ${schema} = DATABASE()`,
);

/** Each hazard begins with these settings, whatever the one before it set. */
const session =
  "SET SESSION sql_mode = '', time_zone = '+00:00', foreign_key_checks = 1, unique_checks = 1, character_set_client = utf8mb4, character_set_connection = utf8mb4";

export async function made(source: SourceDatabase, hazards: readonly Hazard[]): Promise<Made> {
  const owners = new Map<string, string>();
  const tables = new Map<string, string>();
  const failures = new Map<string, string>();
  for (const { name, source: statements } of hazards) {
    await source.sql(session);
    for (const statement of statements) {
      const refused = await obey(source, statement);
      if (refused === null) continue;
      failures.set(name, `source.sql: ${refused}: ${statement.slice(0, 200)}`);
      break;
    }
    for (const query of everything)
      for (const [object, kind] of await source.sql(query)) {
        if (typeof object !== "string" || owners.has(object)) continue;
        owners.set(object, name);
        if (kind === "BASE TABLE" || kind === "SYSTEM VERSIONED") tables.set(object, name);
      }
  }
  return { owners, tables, failures };
}

async function obey(source: SourceDatabase, statement: string): Promise<string | null> {
  try {
    await source.sql(statement);
    return null;
  } catch (error) {
    if (error instanceof Error && "sqlState" in error) return error.message;
    throw error;
  }
}
