/**
 * Generated columns. On the target they are plain columns that hold the source's own values: that is right whatever
 * their expression means. Where the expression is in the exact subset, its translation is planned beside it as a
 * BEFORE trigger, which keeps the column right for what the application writes after the switch. It is built only
 * once the translation is proven on every row, and like all triggers it sleeps while Headgate itself writes.
 */
import type { PlanGenerated, SourceEngine } from "../model.js";
import { postgresName } from "../safety/identifier.js";
import { type NotTranslated, translateGenerated } from "../translate/view.js";
import type { DecidedColumn, DecidedTable } from "./columns.js";
import type { Findings } from "./finding.js";
import type { NameSpace } from "./names.js";
import { plannedColumn } from "./planned-column.js";
import type { Statements } from "./statement.js";
import { dollarQuote } from "./triggers.js";

export interface GeneratedContext {
  readonly engine: SourceEngine;
  readonly schema: string;
  /** The schema's namespace of functions. */
  readonly functions: NameSpace;
  readonly findings: Findings;
  readonly statements: Statements;
}

/** Adds a finding for each generated column, and the trigger of those whose expression is translated; gives these. */
export function planGenerated(
  tables: readonly DecidedTable[],
  context: GeneratedContext,
): readonly PlanGenerated[] {
  return tables.flatMap((table) =>
    table.decided.flatMap((decided): PlanGenerated[] => {
      const { generated } = decided.column;
      if (generated === null) return [];
      const object = `${table.source.name}.${decided.column.name}`;
      const made = translated(table, decided, context.engine);
      const hindrance = "sql" in made ? inTheWay(table, decided, context.engine) : null;
      const kept = "sql" in made && hindrance === null;
      const why = "sql" in made ? hindrance : `not translated: it uses ${made.uses}`;
      context.findings.add({
        code: "generated-as-plain",
        severity: kept ? "info" : "warning",
        object,
        sentence: `${object} is generated on the source; on the target it is a plain column, filled with the source's values${kept ? ", and a trigger computes it for what is written there later" : ""}: ${generated.expression}${why === null ? "" : ` (${why})`}`,
        fix: kept
          ? "Nothing to do: run proves the expression on every row before it builds the trigger. What a statement gives for the column is replaced, where the source would refuse it."
          : "After the switch the application or a trigger must fill it.",
      });
      if (!("sql" in made)) return [];
      if (kept) addTrigger(table, decided, made.sql, object, context);
      return [{ object, table: table.target, column: decided.target, sql: made.sql }];
    }),
  );
}

function translated(
  table: DecidedTable,
  decided: DecidedColumn,
  engine: SourceEngine,
  usable: (column: DecidedColumn) => boolean = () => true,
): { readonly sql: string } | NotTranslated {
  const { generated } = decided.column;
  if (generated === null) return { uses: "no expression" };
  if (decided.enumType !== null) return { uses: "a native enum" };
  return translateGenerated({
    sql: generated.expression,
    engine,
    // Triggers of one table fire in the order of their names, which nothing ties to what they need of each other.
    columns: table.decided
      .filter((other) => other.column.generated === null && usable(other))
      .map(plannedColumn),
    targetType: decided.targetType,
  });
}

/** Why no trigger can keep a column whose expression is translated; null where one can. */
function inTheWay(table: DecidedTable, decided: DecidedColumn, engine: SourceEngine): string | null {
  // Where a row goes is decided before its triggers fire.
  if (table.partitions?.by.includes(postgresName(decided.target)) === true)
    return "no trigger can fill a column that decides the partition";
  const without = translated(table, decided, engine, ({ column }) => column.onUpdateNow === null);
  return "uses" in without ? "it stands on a column that another trigger sets, ON UPDATE" : null;
}

function addTrigger(
  { source, target: table }: DecidedTable,
  { column, target }: DecidedColumn,
  sql: string,
  object: string,
  { schema, functions, statements }: GeneratedContext,
): void {
  const name = functions.claim(`${table}_${target}_generated`, `generated ${source.name}.${column.name}`);
  const called = `${postgresName(schema)}.${postgresName(name)}`;
  const on = `${postgresName(schema)}.${postgresName(table)}`;
  const body = [
    // A column may be called as a variable of PL/pgSQL is.
    "#variable_conflict use_column",
    "BEGIN",
    `  NEW.${postgresName(target)} := (SELECT ${sql} FROM (SELECT NEW.*) AS written);`,
    "  RETURN NEW;",
    "END",
  ].join("\n");
  const quote = dollarQuote(body, "generated");
  statements.add({
    kind: "trigger",
    table,
    object: `${name} function`,
    sql: `CREATE FUNCTION ${called}() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS ${quote}\n${body}\n${quote}`,
    creates: [{ space: "function", name }],
    undo: `DROP FUNCTION ${called}()`,
    keeps: object,
  });
  statements.add({
    kind: "trigger",
    table,
    object: name,
    sql: `CREATE TRIGGER ${postgresName(name)} BEFORE INSERT OR UPDATE ON ${on} FOR EACH ROW EXECUTE FUNCTION ${called}()`,
    undo: `DROP TRIGGER ${postgresName(name)} ON ${on}`,
    keeps: object,
  });
}
