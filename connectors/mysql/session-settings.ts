/**
 * The session that types.md rule 2 asks for, set on every connection and not taken from the server's defaults: another
 * sql_mode, zone or character set would change what the very same statement returns.
 */

export const session = [
  "SET NAMES utf8mb4",
  "SET SESSION time_zone = '+00:00', sql_mode = 'NO_ENGINE_SUBSTITUTION', group_concat_max_len = 1048576, sql_quote_show_create = 1, completion_type = 'NO_CHAIN', " +
    // A limit of the server's own would end a catalogue query early, and the rest would not exist for us.
    "sql_select_limit = 18446744073709551615, sql_big_selects = 1, autocommit = 1",
];
/** Set only where the server knows the variable. */
export const sessionWhereKnown: readonly (readonly [variable: string, value: string])[] = [
  // Without it AUTO_INCREMENT and row estimates are up to a day old (8.0 and later).
  ["information_schema_stats_expiry", "0"],
  // Else a generated invisible primary key is hidden, and a table looks as if it had no key (8.0.30 and later).
  ["show_gipk_in_create_table_and_information_schema", "ON"],
  // Ours to bound, not the server's default: a limit for dashboards must not cut a catalogue query in half.
  ["max_execution_time", "0"],
  // A moment in the past would be read instead of what the rows are now.
  ["system_versioning_asof", "DEFAULT"],
];
