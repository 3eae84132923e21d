/** What foreign keys do by themselves, and whether the source's log tells of it. */
import type { ReferentialAction, ServerFacts } from "../model.js";

/**
 * Whether the log carries what foreign keys do to child rows. The server is asked, never its version: only where the
 * setting exists and is OFF does the server itself, and not InnoDB below the log, follow them (design.md, decision 6).
 */
export function logsCascades({ engine, settings }: ServerFacts): boolean {
  return engine === "mysql" && settings["innodb_native_foreign_keys"]?.toUpperCase() === "OFF";
}

/** Whether an action changes child rows. */
export function acts(action: ReferentialAction): boolean {
  return action === "cascade" || action === "set null" || action === "set default";
}
