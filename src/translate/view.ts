/**
 * The doors of the translation: a view's query with the types that its columns must have, and an expression of one
 * table for CHECKs, generated columns and defaults. Whatever is outside the declared subset (docs/translation.md)
 * comes back as a reason that names the construct, never as something nearly right.
 */
import type { SourceEngine } from "../model.js";
import { bareType } from "../typemap/target-type.js";
import { collationSql, compared } from "./collation.js";
import type { Note, Surroundings } from "./context.js";
import { expression } from "./expression.js";
import { columnPath } from "./from.js";
import { Outside, listOf, nodeOf, objectName, outside, unnested, variant } from "./node.js";
import { parseExpression, parseQuery } from "./parser.js";
import { type Relation, columnValue, findColumn } from "./scope.js";
import type { Output } from "./query.js";
import { translateQuery } from "./select.js";
import { type PlannedColumn, type Value, exact, isText, shown, spoken, truth } from "./value.js";
import type { Translator } from "./context.js";

/** A reason completes "it uses ...". */
export interface NotTranslated {
  readonly uses: string;
}

export interface TranslatedView {
  readonly sql: string;
  readonly outputs: readonly Output[];
  /** Rows of one table, as PostgreSQL's WITH CHECK OPTION wants it. */
  readonly simple: boolean;
  readonly notes: readonly Note[];
  /** Statements that must have run before. */
  readonly collations: readonly string[];
}

export interface ViewRequest {
  readonly definition: string;
  readonly database: string;
  readonly schema: string;
  readonly engine: SourceEngine;
  /** A table or an already translated view; null where there is none that could be named. */
  readonly named: (
    name: string,
    alias: string,
  ) => { readonly sql: string; readonly relation: Relation } | null;
  /** The target type of each column that is more than a column of a table, as the type map decides it. */
  readonly types: readonly string[];
}

export function translateView(request: ViewRequest): TranslatedView | NotTranslated {
  const around: Surroundings = {
    engine: request.engine,
    database: request.database,
    strict: false,
    schema: request.schema,
    collations: new Set(),
    notes: new Set(),
  };
  return attempt(() => {
    const { sql, outputs, simple } = translateQuery(
      parseQuery(request.definition),
      {
        around,
        named: (name, alias) => request.named(name, alias) ?? outside(`${name}, which is not on the target`),
      },
      (output, place) => finished(output, request.types[place] ?? "text"),
    );
    return {
      sql,
      outputs,
      simple,
      notes: [...around.notes].sort(),
      collations: [...around.collations].sort().map((name) => collationSql(name, request.schema)),
    };
  });
}

/** An output as its column's type. A table's column that nothing was done to keeps its own. */
function finished(output: Value, targetType: string): Value {
  if (output.origin !== null) {
    // The computing form of some columns is a cast of the column.
    const { targetType: own, nativeEnum } = output.origin;
    const bare =
      bareType(own) === "real" || nativeEnum
        ? output.sql.replace(/::(?:double precision|text)$/, "")
        : output.sql;
    return { ...output, sql: bare, pg: bareType(own), type: own };
  }
  const bare = bareType(targetType);
  const made = (sql: string): Value => ({ ...output, sql, pg: bare, type: targetType });
  const wrong = (): never => outside(`${spoken(output)} in a column of ${targetType}`);
  switch (bare) {
    case "smallint":
    case "integer":
    case "bigint":
    case "numeric":
      if (
        output.kind !== "int" &&
        output.kind !== "decimal" &&
        output.kind !== "bool" &&
        output.kind !== "null"
      )
        return wrong();
      return made(`${exact(output).sql}::${targetType}`);
    case "boolean":
      return made(truth(output));
    case "real":
    case "double precision":
      return output.kind === "double" || output.kind === "null"
        ? made(`${output.sql}::${targetType}`)
        : wrong();
    case "text":
    case "character varying":
      if (output.kind !== "text" && output.kind !== "enum" && output.kind !== "null") return wrong();
      // The declared length is the source's guess; a cast to it would cut in silence.
      return {
        ...output,
        sql: output.kind === "text" ? output.sql : `${output.sql}::text`,
        pg: "text",
        type: "text",
      };
    case "date":
      return output.kind === "date" || output.kind === "null" ? made(`${output.sql}::date`) : wrong();
    case "timestamp without time zone":
      return output.kind === "datetime" || output.kind === "null"
        ? made(`${output.sql}::${targetType}`)
        : wrong();
    case "timestamp with time zone":
      return output.kind === "instant" || output.kind === "null"
        ? made(`${output.sql}::${targetType}`)
        : wrong();
    case "interval":
      return output.kind === "time" || output.kind === "null" ? made(`${output.sql}::interval`) : wrong();
    case "bytea":
      return output.kind === "bytes" || output.kind === "null" ? made(`${output.sql}::bytea`) : wrong();
    case "jsonb":
      return output.kind === "json" || output.kind === "null" ? made(`${output.sql}::jsonb`) : wrong();
    default:
      return wrong();
  }
}

export interface ExpressionRequest {
  readonly sql: string;
  readonly engine: SourceEngine;
  /** The table's columns, by which names are found; none for a default. */
  readonly columns: readonly PlannedColumn[];
}

function provenOnly(engine: SourceEngine): Surroundings {
  return { engine, database: "", strict: true, schema: "", collations: new Set(), notes: new Set() };
}

/** An expression of one row, on proof only. */
export function translateExpression(request: ExpressionRequest): Value | NotTranslated {
  const around = provenOnly(request.engine);
  const relation: Relation = {
    alias: "",
    columns: new Map(
      request.columns.map((each) => [each.column.name, columnValue(each, "", request.engine)]),
    ),
    keys: [],
    altered: false,
  };
  const translator: Translator = {
    around,
    value(node) {
      const path = columnPath(node, "");
      if (path === null) return expression(node, translator);
      const found = findColumn([relation], path.slice(-1));
      return found === null ? outside(`the unknown name ${path.join(".")}`) : found.value;
    },
    subquery: () => outside("a subquery"),
    exists: () => outside("a subquery"),
    aggregated: (what) => outside(what),
  };
  return attempt(() => translator.value(parseExpression(request.sql)));
}

/** The same as a condition. */
export function translateCondition(request: ExpressionRequest): { readonly sql: string } | NotTranslated {
  return attempt(() => {
    const made = translateExpression(request);
    if ("uses" in made) return made;
    return made.immutable ? { sql: truth(made) } : outside("what depends on the session");
  });
}

/** A default: an expression of no row, as the column's type. It may depend on the present. */
export function translateDefault(
  request: Omit<ExpressionRequest, "columns"> & { readonly targetType: string },
): { readonly sql: string } | NotTranslated {
  return attempt(() => {
    const made = translateExpression({ ...request, columns: [] });
    if ("uses" in made) return made;
    // The source too reads a wall clock as the session's when it stores an instant.
    const instant = made.kind === "datetime" && bareType(request.targetType) === "timestamp with time zone";
    return {
      sql: instant ? `${made.sql}::${request.targetType}` : finished(shown(made), request.targetType).sql,
    };
  });
}

/** A generated column's expression as the column's type. PostgreSQL stores only what depends on the row alone. */
export function translateGenerated(
  request: ExpressionRequest & { readonly targetType: string },
): { readonly sql: string } | NotTranslated {
  return attempt(() => {
    const made = translateExpression(request);
    if ("uses" in made) return made;
    if (!made.immutable) return outside("what depends on the session");
    const { sql } = finished({ ...shown(made), origin: null }, request.targetType);
    // A text past its length is cut by the source where it is not strict, and refused where it is.
    const sized =
      bareType(request.targetType) === "character varying" ? `${sql}::${request.targetType}` : sql;
    return { sql: sized };
  });
}

/**
 * What an index over the expression holds. PostgreSQL indexes only what depends on the row alone. `exact`: two entries
 * must be equal exactly where the source's are. `long` tells texts and bytes, which may not fit into an entry.
 */
export function translateIndexed(
  request: ExpressionRequest & { readonly exact: boolean },
): { readonly sql: string; readonly long: boolean } | NotTranslated {
  return attempt(() => {
    const made = translateExpression(request);
    if ("uses" in made) return made;
    if (!made.immutable) return outside("what depends on the session");
    if (made.kind === "null" || made.kind === "opaque" || made.kind === "json")
      return outside(`${spoken(made)} as an entry of an index`);
    const entry = shown(made);
    const long = isText(entry) || entry.kind === "bytes";
    if (!request.exact || !isText(entry)) return { sql: entry.sql, long };
    return { sql: compared(entry, entry.collation, provenOnly(request.engine), "equal"), long };
  });
}

/** The column of an expression that is json_valid(column) and nothing else. */
export function jsonValidOf(sql: string): string | null {
  const found = attempt(() => {
    const [kind, body] = variant(unnested(parseExpression(sql)));
    if (kind !== "Function") return null;
    const { name, args } = nodeOf(body, "a function");
    if (objectName(name).join(".").toLowerCase() !== "json_valid") return null;
    const [argument, ...more] = listOf(nodeOf(variant(args)[1], "a function")["args"]);
    const path = more.length > 0 ? null : columnPath(variant(variant(argument)[1])[1], "");
    return path?.at(-1) ?? null;
  });
  return typeof found === "string" ? found : null;
}

function attempt<T>(act: () => T): T | NotTranslated {
  try {
    return act();
  } catch (error) {
    if (error instanceof Outside) return { uses: error.construct };
    throw error;
  }
}
