/**
 * ON UPDATE CURRENT_TIMESTAMP as a BEFORE UPDATE trigger: a column is set when the statement left it alone and
 * changed something else, which is MySQL's own rule but for a statement that assigns the old value on purpose. The
 * trigger does not fire for the apply of a stream (session_replication_role = replica), whose rows carry the value.
 */
import { postgresName } from "../safety/identifier.js";
import type { DecidedTable } from "./columns.js";
import { now } from "./defaults.js";
import type { Findings } from "./finding.js";
import type { NameSpace } from "./names.js";
import type { Statements } from "./statement.js";

/** Adds function and trigger of a table that has such columns. `functions` is the schema's namespace of functions. */
export function updateTrigger(
  table: DecidedTable,
  schema: string,
  functions: NameSpace,
  findings: Findings,
  statements: Statements,
): void {
  const lines: string[] = [];
  for (const decided of table.decided) {
    const fsp = decided.column.onUpdateNow;
    if (fsp === null) continue;
    const value = now(decided, fsp);
    if ("why" in value) {
      findings.add({
        code: "on-update-not-built",
        severity: "warning",
        object: `${table.source.name}.${decided.column.name}`,
        sentence: `ON UPDATE CURRENT_TIMESTAMP of ${table.source.name}.${decided.column.name} is left out: ${value.why}.`,
        fix: "Set the column in the application, or map it to a timestamp.",
      });
      continue;
    }
    const column = postgresName(decided.target);
    // *<> compares whole rows as stored, for columns of any type; = would not exist for some.
    lines.push(
      `  IF changed AND NEW.${column} IS NOT DISTINCT FROM OLD.${column} THEN`,
      `    NEW.${column} := ${value.sql};`,
      "  END IF;",
    );
  }
  if (lines.length === 0) return;
  const name = functions.claim(`${table.target}_on_update`, `on update ${table.source.name}`);
  const called = `${postgresName(schema)}.${postgresName(name)}`;
  const body = [
    "DECLARE",
    "  changed boolean := NEW *<> OLD;",
    "BEGIN",
    ...lines,
    "  RETURN NEW;",
    "END",
  ].join("\n");
  const quote = dollarQuote(body);
  statements.add({
    kind: "trigger",
    table: table.target,
    object: `${name} function`,
    sql: `CREATE FUNCTION ${called}() RETURNS trigger LANGUAGE plpgsql AS ${quote}\n${body}\n${quote}`,
    creates: [{ space: "function", name }],
    undo: `DROP FUNCTION IF EXISTS ${called}()`,
  });
  statements.add({
    kind: "trigger",
    table: table.target,
    object: name,
    sql: `CREATE TRIGGER ${postgresName(name)} BEFORE UPDATE ON ${postgresName(schema)}.${postgresName(table.target)} FOR EACH ROW EXECUTE FUNCTION ${called}()`,
    undo: `DROP TRIGGER IF EXISTS ${postgresName(name)} ON ${postgresName(schema)}.${postgresName(table.target)}`,
  });
}

/** A dollar quote that the body, which holds names of the source, does not contain. */
function dollarQuote(body: string): string {
  let tag = "$on_update$";
  for (let number = 1; body.includes(tag); number += 1) tag = `$on_update_${String(number)}$`;
  return tag;
}
