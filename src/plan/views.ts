/**
 * Views: translated where their query is in the declared subset, in an order in which each stands on those before
 * it, with the columns that the source's view has. What is outside is named with the construct that stands in the
 * way; what is near but not provably equal is told, and every view's rows are compared after the copy.
 */
import type { Catalogue, PlanView, SourceObject, SourceView } from "../model.js";
import { postgresName } from "../safety/identifier.js";
import { type TranslatedView, translateView } from "../translate/view.js";
import type { Note } from "../translate/context.js";
import { relationOf } from "../translate/from.js";
import { columnValue, isAltered } from "../translate/scope.js";
import { anyGlobMatches, excludedLines } from "../typemap/glob.js";
import type { DecidedTable, DecisionContext } from "./columns.js";
import { foldName, maxNameBytes } from "./names.js";
import type { PlanRequest } from "./request.js";
import { plannedColumn } from "./planned-column.js";
import type { NamedTable } from "./named-table.js";
import type { Statements } from "./statement.js";
import { targetColumns, typeOf, viewColumn } from "./view-columns.js";

export interface ViewContext extends DecisionContext {
  readonly statements: Statements;
}

/** Target names of the views that travel, by the source's; a view whose name cannot stand is in it under none. */
export function viewNames(
  catalogue: Catalogue,
  request: PlanRequest,
  tables: readonly NamedTable[],
): ReadonlyMap<string, string> {
  const taken = new Set(tables.map(({ target }) => target));
  const names = new Map<string, string>();
  for (const { kind, name } of catalogue.objects) {
    const target = foldName(name, request.names);
    if (kind !== "view" || Buffer.byteLength(target) > maxNameBytes || taken.has(target)) continue;
    if (!anyGlobMatches(request.include, name) || anyGlobMatches(request.exclude, name)) continue;
    taken.add(target);
    names.set(name, target);
  }
  return names;
}

interface Made {
  readonly translated: TranslatedView;
  readonly target: string;
  readonly altered: boolean;
}

/** Adds the statements of the views that can be translated, and a finding for each other one. */
export function planViews(
  tables: readonly DecidedTable[],
  names: ReadonlyMap<string, string>,
  context: ViewContext,
): readonly PlanView[] {
  const { catalogue, request, findings, statements } = context;
  const sources = new Map(
    catalogue.objects.flatMap((object) => (object.kind === "view" ? [[object.name, object]] : [])),
  );
  const done = new Map<string, Made | null>();
  const views: PlanView[] = [];
  const collations = new Set<string>();
  const lost = (name: string, code: string, sentence: string, fix: string): null => {
    findings.add({ code, severity: "warning", object: name, sentence, fix });
    return null;
  };
  const byHand = "Write it by hand on the target, or mend it on the source.";

  const make = (object: SourceObject): Made | null => {
    const { name, view, definition } = object;
    const target = names.get(name);
    if (target === undefined)
      return lost(
        name,
        "view-left-out",
        `The view ${name} is not created: tables.include and tables.exclude leave it out, or its name cannot stand on the target.`,
        "Nothing to do, or mend tables.include.",
      );
    // Told by the inventory already.
    if (object.broken !== undefined) return null;
    if (view === undefined || view.problem !== null)
      return lost(
        name,
        "view-not-read",
        `The view ${name} cannot be read on the source and is not created: ${view?.problem ?? "nothing is known of it"}`,
        "Mend it on the source (its definer, or what it names), or drop it there.",
      );
    const uses = definition.trim() === "" ? "a text that this account may not see (GRANT SHOW VIEW)" : null;
    const cut =
      catalogue.engine === "mariadb" && definition.includes("????")
        ? "characters that the catalogue cannot show"
        : null;
    const types = view.columns.map((column) => typeOf(name, column, context));
    const translated =
      uses !== null || cut !== null
        ? { uses: uses ?? cut ?? "" }
        : translateView({
            definition,
            database: catalogue.database,
            schema: request.schema,
            engine: catalogue.engine,
            named,
            types,
          });
    if ("uses" in translated)
      return lost(
        name,
        "view-not-translated",
        `The view ${name} is not created: it uses ${translated.uses}.`,
        byHand,
      );
    if (translated.outputs.length !== view.columns.length)
      return lost(
        name,
        "view-not-translated",
        `The view ${name} is not created: it uses columns other than the catalogue's.`,
        byHand,
      );
    return { translated, target, altered: translated.notes.includes("policy-changed") };
  };

  const view = (name: string): Made | null => {
    const object = sources.get(name);
    if (object === undefined) return null;
    const known = done.get(name);
    if (known !== undefined) return known;
    done.set(name, null);
    const made = make(object);
    done.set(name, made);
    if (made !== null && object.view !== undefined) {
      for (const sql of made.translated.collations) {
        if (!collations.has(sql))
          statements.add({
            kind: "view",
            table: null,
            object: `collation ${String(collations.size + 1)}`,
            sql,
          });
        collations.add(sql);
      }
      views.push(addView(object, object.view, made, context));
    }
    return made;
  };

  function named(name: string, alias: string): ReturnType<Parameters<typeof translateView>[0]["named"]> {
    const table = tables.find(({ source }) => source.name === name);
    const at = (target: string): string => `${postgresName(request.schema)}.${postgresName(target)}`;
    if (table !== undefined) {
      const columns = table.decided.map(plannedColumn);
      return {
        sql: at(table.target),
        relation: {
          alias,
          columns: new Map(
            columns.map((each) => [
              each.column.name,
              columnValue(each, postgresName(alias), catalogue.engine),
            ]),
          ),
          keys: keysOf(table),
          altered: columns.some(isAltered),
        },
      };
    }
    const made = view(name);
    if (made === null) return null;
    const columns = sources.get(name)?.view?.columns ?? [];
    const columnNames = targetColumns(columns, request.names);
    const outputs = made.translated.outputs.flatMap(({ value }, place) => {
      const own = columns[place]?.name;
      return own === undefined ? [] : [{ name: own, column: columnNames.get(own) ?? own, value }];
    });
    return {
      sql: at(made.target),
      relation: {
        ...relationOf(alias, outputs, made.altered),
        anySpelling: made.translated.notes.includes("spelling-any"),
      },
    };
  }

  for (const name of sources.keys()) view(name);
  tellDefiners(views, sources, context);
  return views;
}

function keysOf({ source }: DecidedTable): readonly (readonly string[])[] {
  return source.indexes
    .filter(({ unique, primary }) => unique || primary)
    .map(({ parts }) => parts)
    .filter((parts) =>
      parts.every(
        ({ column, prefix }) =>
          prefix === null && source.columns.some(({ name, nullable }) => name === column && !nullable),
      ),
    )
    .map((parts) => parts.flatMap(({ column }) => column ?? []));
}

const notes: Readonly<Record<Note, string>> = {
  "spelling-any":
    "shows one of several texts that its collation holds equal, and either server takes any of them",
  "text-compared": "compares texts by an ICU collation, which is near the source's and not the same",
  "text-sorted": "sorts texts in the target's order",
  "text-cased": "changes the case of letters by ICU's rules",
  "like-accents": "has a LIKE that ignores case as on the source but not accents",
  "concat-unordered": "joins texts in no order (GROUP_CONCAT without ORDER BY), and so does the target",
  "time-dependent": "depends on the present time",
  "policy-changed": "reads tables whose values a policy may change",
};

/** What can make a view show other rows than the source's, on rows that both hold equal. */
const mayDiffer: ReadonlySet<Note> = new Set(["text-compared", "spelling-any", "text-cased", "like-accents"]);

function addView(object: SourceObject, facts: SourceView, made: Made, context: ViewContext): PlanView {
  const { request, findings, statements } = context;
  const { translated, target } = made;
  const name = `${postgresName(request.schema)}.${postgresName(target)}`;
  const columnNames = targetColumns(facts.columns, request.names);
  const listed = facts.columns.map((column) => postgresName(columnNames.get(column.name) ?? column.name));
  const invoker = facts.security === "invoker" ? " WITH (security_invoker = true)" : "";
  const { simple } = translated;
  const option =
    facts.checkOption !== "none" && simple ? `\nWITH ${facts.checkOption.toUpperCase()} CHECK OPTION` : "";
  if (facts.checkOption !== "none" && !simple)
    findings.add({
      code: "check-option-left-out",
      severity: "warning",
      object: object.name,
      sentence: `The view ${object.name} is created without its WITH CHECK OPTION, which PostgreSQL has for simple views only.`,
      fix: "Let the application check what it writes through the view.",
    });
  const statement = statements.add({
    kind: "view",
    table: null,
    object: target,
    creates: [{ space: "relation", name: target }],
    sql: `CREATE VIEW ${name} (${listed.join(", ")})${invoker} AS\n${translated.sql}${option}`,
  });
  const apart = translated.notes.some((note) => mayDiffer.has(note));
  const told = translated.notes.map((note) => notes[note]);
  if (told.length > 0)
    findings.add({
      code: "view-near",
      severity: apart ? "warning" : "info",
      object: object.name,
      sentence: `The view ${object.name} is created; it ${told.join("; it ")}.`,
      fix: apart
        ? "Nothing to do if a difference is no harm: run --until copied compares its rows and ends with exit code 2 where they differ. Else leave the view out, and write it by hand on the target."
        : "Nothing to do: run compares its rows with the source's and says where they differ.",
      ...(apart ? { propose: excludedLines(object.name) } : {}),
    });
  const uncompared = translated.notes.includes("time-dependent")
    ? "it depends on the present time"
    : translated.notes.includes("policy-changed")
      ? "a policy may change values that it reads"
      : null;
  return {
    source: object.name,
    target,
    statement,
    columns: facts.columns.map((column, place) => viewColumn(column, place, made, columnNames, context)),
    uncompared,
    ...(translated.notes.includes("spelling-any") ? { anySpelling: true as const } : {}),
  };
}

function tellDefiners(
  views: readonly PlanView[],
  sources: ReadonlyMap<string, SourceObject>,
  { findings, catalogue }: ViewContext,
): void {
  const definers = new Set(
    views.flatMap(({ source }) => {
      const facts = sources.get(source)?.view;
      return facts?.security === "definer" ? [facts.definer] : [];
    }),
  );
  if (definers.size === 0) return;
  findings.add({
    code: "view-definers",
    severity: "info",
    object: catalogue.database,
    sentence: `Views that run with the rights of ${[...definers].sort().join(", ")} on the source run with those of their owner on the target, the account of target.url; views with SQL SECURITY INVOKER keep the reader's.`,
    fix: "ALTER VIEW ... OWNER TO the role that is meant.",
    count: definers.size,
  });
}
