/**
 * Whether a date that arrives as NULL may have been a zero date. Rows that can be read again by a key are read again, whatever
 * the server says of itself, since each session may have a sql_mode of its own. Of a table without one no row could be, and every
 * NULL would stop the stream: there the server's own sql_mode decides, and what a session did against it is the next
 * verification's to find.
 */
import type { PlanTable, ServerFacts } from "../../src/model.js";
import type { EventSettings } from "./event-settings.js";

export function settingsOf(
  settings: EventSettings,
  { settings: server }: Pick<ServerFacts, "settings">,
): (table: PlanTable) => EventSettings {
  const without = { ...settings, zeroDates: false };
  const refused = refusesZeroDates(server["sql_mode"] ?? "");
  return ({ key, columns }) =>
    refused && key === null && columns.every(({ policy }) => policy.zeroDate !== "-infinity")
      ? without
      : settings;
}

function refusesZeroDates(mode: string): boolean {
  const modes = new Set(mode.toUpperCase().split(","));
  const strict = modes.has("STRICT_TRANS_TABLES") || modes.has("STRICT_ALL_TABLES");
  return strict && modes.has("NO_ZERO_DATE") && modes.has("NO_ZERO_IN_DATE");
}
