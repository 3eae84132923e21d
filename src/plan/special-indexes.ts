/**
 * Indexes that PostgreSQL has only something near for. An index over the members of a JSON array becomes a GIN index
 * over the same part of the jsonb; its queries must be written otherwise, and that is told. FULLTEXT and SPATIAL are
 * never built unasked: what they find would differ, so the finding has the statement to start from.
 */
import type { SourceIndex } from "../model.js";
import { postgresLiteral, postgresName } from "../safety/identifier.js";
import type { DecidedTable } from "./columns.js";
import type { Findings } from "./finding.js";
import { withTable } from "./names.js";

/** What to do by hand for an index that is not built. */
export function handmade(index: SourceIndex, table: DecidedTable): string {
  const columns = index.parts.flatMap(
    ({ column }) => table.decided.find((each) => each.column.name === column) ?? [],
  );
  const name = postgresName(withTable(table.target, index.name));
  if (index.kind === "fulltext" && columns.length === index.parts.length) {
    const text = columns.map(({ target }) => `coalesce(${postgresName(target)}, '')`).join(" || ' ' || ");
    return `If the application searches words: CREATE INDEX ${name} ON ${postgresName(table.target)} USING gin (to_tsvector('simple', ${text})); and write MATCH ... AGAINST as to_tsvector('simple', ...) @@ plainto_tsquery('simple', ...).`;
  }
  if (index.kind === "spatial" && columns.length === 1) {
    const [column] = columns;
    return `With PostGIS, over a geometry column: CREATE INDEX ${name} ON ${postgresName(table.target)} USING gist (${postgresName(column?.target ?? "")}); a bytea column has nothing like it.`;
  }
  return "Create what the application needs by hand after the copy.";
}

const arrayCast =
  /^\(?cast\((?:json_extract\()?`((?:[^`]|``)+)`(?:\s*(?:,|->)\s*(?:_\w+)?\s*'(\$[^']*)'\)?)?\s+as\s+[\w() ,]+\s+array\)\)?$/iu;

/** The GIN part of an index over a JSON array's members, null where it is another index or not that simple. */
export function memberIndex(index: SourceIndex, table: DecidedTable, findings: Findings): string | null {
  const [part] = index.parts;
  const match = arrayCast.exec(part?.expression ?? "");
  if (match === null || index.parts.length !== 1 || index.unique) return null;
  const name = match[1]?.replaceAll("``", "`");
  const decided = table.decided.find(({ column }) => column.name === name);
  const path = keysOf(match[2] ?? "$");
  if (decided?.targetType !== "jsonb" || path === null) return null;
  const column = postgresName(decided.target);
  const at = path.length === 0 ? column : `(${column} #> ${postgresLiteral(`{${path.join(",")}}`).trim()})`;
  findings.add({
    code: "index-nearest",
    severity: "info",
    object: `${table.source.name}.${index.name}`,
    sentence: `The index ${index.name} on ${table.source.name} is over the members of a JSON array; it becomes a GIN index, which serves @> and no other question.`,
    fix: `Write x MEMBER OF (...) as ${at} @> to_jsonb(x).`,
  });
  return `${at} jsonb_path_ops`;
}

/** `$.a.b[*]` as its keys; null where a step is no plain key. */
function keysOf(path: string): readonly string[] | null {
  const steps = /^\$((?:\.[A-Za-z_]\w*)*)(?:\[\*\])?$/u.exec(path)?.[1];
  return steps === undefined ? null : steps.split(".").slice(1);
}
