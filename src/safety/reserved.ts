/**
 * Names that Headgate makes or takes as a parameter: one shape, and none of PostgreSQL's reserved words, so that a
 * name means the same in our quoted SQL and in the SQL that people will type by hand for years. Source names are
 * not held to this; they are taken over quoted, or renamed. The list is pg_get_keywords() of PostgreSQL 18 with
 * catcode R and T (a world test compares it with the server's own).
 */

const shape = /^[a-zA-Z_][a-zA-Z0-9_]{0,62}$/u;

const reserved: ReadonlySet<string> = new Set(
  `all analyse analyze and any array as asc asymmetric authorization binary both case cast check collate collation
  column concurrently constraint create cross current_catalog current_date current_role current_schema current_time
  current_timestamp current_user default deferrable desc distinct do else end except false fetch for foreign freeze
  from full grant group having ilike in initially inner intersect into is isnull join lateral leading left like limit
  localtime localtimestamp natural not notnull null offset on only or order outer overlaps placing primary references
  returning right select session_user similar some symmetric system_user table tablesample then to trailing true union
  unique user using variadic verbose when where window with`.split(/\s+/u),
);

/** Whether PostgreSQL reserves the word, in whatever case it is written. */
export function isReserved(name: string): boolean {
  return reserved.has(name.toLowerCase());
}

export function reservedWords(): readonly string[] {
  return [...reserved];
}

/** What is wrong with a name that Headgate is to create, or null. Completes "NAME ...". */
export function createdNameProblem(name: string): string | null {
  if (!shape.test(name)) return "is not letters, digits and _ (63 at most, no digit first)";
  if (isReserved(name)) return "is a reserved word of PostgreSQL";
  return null;
}
