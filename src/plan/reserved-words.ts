/**
 * Words that PostgreSQL 15 to 18 reserve (pg_get_keywords(), catcode R and T), and the column names that every table
 * has already. Our SQL quotes everything, but people who type a table's name by hand do not, so names that Headgate
 * makes up avoid these, and `check` proposes a rename for tables that are called so.
 */

const words =
  "all analyse analyze and any array as asc asymmetric authorization binary both case cast check collate collation " +
  "column concurrently constraint create cross current_catalog current_date current_role current_schema " +
  "current_time current_timestamp current_user default deferrable desc distinct do else end except false fetch for " +
  "foreign freeze from full grant group having ilike in initially inner intersect into is isnull join lateral " +
  "leading left like limit localtime localtimestamp natural not notnull null offset on only or order outer " +
  "overlaps placing primary references returning right select session_user similar some symmetric system_user " +
  "table tablesample then to trailing true union unique user using variadic verbose when where window with";

const reserved: ReadonlySet<string> = new Set(words.split(" "));

/** Whether the name is a reserved word of PostgreSQL, in any case. */
export function isReservedWord(name: string): boolean {
  return reserved.has(name.toLowerCase());
}

/** Names that no column can have: 42701 "conflicts with a system column name". */
export const systemColumns: ReadonlySet<string> = new Set([
  "tableoid",
  "xmin",
  "cmin",
  "xmax",
  "cmax",
  "ctid",
]);
