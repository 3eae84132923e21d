/**
 * FROM: tables, views and subqueries, joined. Gathers the relations in order and what the join conditions say about
 * which columns are equal, for grouping.ts.
 */
import { postgresName } from "../safety/identifier.js";
import {
  type Node,
  fields,
  identifier,
  listOf,
  nodeOf,
  objectName,
  outside,
  unnested,
  variant,
} from "./node.js";
import type { Relation } from "./scope.js";
import type { Value } from "./value.js";

/** An equality of two columns, as tree nodes. */
export interface Equality {
  readonly left: unknown;
  readonly right: unknown;
  /** The relation that this condition of an outer join may leave NULL; null of an inner one. */
  readonly optional: string | null;
}

/** A join condition, to be translated once all names are known. */
type Piece = string | { readonly condition: unknown };

export interface From {
  readonly pieces: readonly Piece[];
  readonly relations: readonly Relation[];
  readonly equalities: readonly Equality[];
  /** One table or view. */
  readonly simple: boolean;
}

/** What stands behind a name in FROM. */
export interface Tables {
  named(name: string, alias: string): { readonly sql: string; readonly relation: Relation };
  derived(query: unknown, alias: string): { readonly sql: string; readonly relation: Relation };
}

export function readFrom(from: unknown, database: string, tables: Tables): From {
  let derived = false;
  const pieces: Piece[] = [];
  const relations: Relation[] = [];
  const equalities: Equality[] = [];
  const add = (sql: string, relation: Relation): void => {
    if (relations.some((other) => other.alias === relation.alias))
      outside(`two tables called ${relation.alias}`);
    relations.push(relation);
    pieces.push(sql);
  };

  const joined = (body: unknown): void => {
    const node = fields(body, "FROM", ["relation", "joins"]);
    factor(node["relation"]);
    for (const each of listOf(node["joins"])) {
      const join = fields(each, "a join", ["relation", "join_operator", "global"]);
      const [kind, constraint] = variant(join["join_operator"]);
      const word = joinWord(kind);
      const on = conditionOf(constraint);
      const before = relations.length;
      if (word === "LEFT JOIN" && on === null) outside("an outer join without a condition");
      pieces.push(on === null ? " CROSS JOIN " : ` ${word} `);
      factor(join["relation"]);
      if (on === null) continue;
      pieces.push(" ON ", { condition: on });
      const [added, ...others] = relations.slice(before);
      const single = added !== undefined && others.length === 0;
      if (word === "JOIN") for (const each of equalitiesOf(on)) equalities.push({ ...each, optional: null });
      // Of an outer join any other condition decides too whether there is a row, so then nothing is known.
      if (word === "LEFT JOIN" && single && conjuncts(on) === equalitiesOf(on).length)
        for (const each of equalitiesOf(on)) equalities.push({ ...each, optional: added.alias });
    }
  };

  const factor = (relation: unknown): void => {
    const [kind, body] = variant(relation);
    if (kind === "Table") {
      const table = fields(body, "a table", ["name", "alias", "with_ordinality"]);
      const path = objectName(table["name"]);
      const name = path.at(-1) ?? "";
      if (path.length === 2 && path[0] !== database) outside(`the database ${String(path[0])}`);
      if (path.length > 2) outside("a table of another database");
      const alias = aliasOf(table["alias"]) ?? name;
      const { sql, relation: made } = tables.named(name, alias);
      add(`${sql} AS ${postgresName(alias)}`, made);
    } else if (kind === "NestedJoin") {
      const nested = fields(body, "a join", ["table_with_joins"]);
      const { joins } = nodeOf(nested["table_with_joins"], "a join");
      const bare = listOf(joins).length === 0;
      if (!bare) pieces.push("(");
      joined(nested["table_with_joins"]);
      if (!bare) pieces.push(")");
    } else if (kind === "Derived") {
      derived = true;
      const inner = fields(body, "a subquery", ["subquery", "alias"]);
      const alias = aliasOf(inner["alias"]) ?? outside("a subquery without a name");
      const { sql, relation: made } = tables.derived(inner["subquery"], alias);
      add(`(${sql}) AS ${postgresName(alias)}`, made);
    } else outside(`FROM ${kind}`);
  };

  listOf(from).forEach((each, place) => {
    if (place > 0) pieces.push(" CROSS JOIN ");
    joined(each);
  });
  return { pieces, relations, equalities, simple: relations.length === 1 && !derived };
}

function joinWord(kind: string): "JOIN" | "LEFT JOIN" | "RIGHT JOIN" {
  switch (kind) {
    case "Join":
    case "Inner":
    case "CrossJoin":
    case "StraightJoin":
      return "JOIN";
    case "Left":
    case "LeftOuter":
      return "LEFT JOIN";
    case "Right":
    case "RightOuter":
      return "RIGHT JOIN";
    default:
      return outside(`a ${kind} join`);
  }
}

function conditionOf(constraint: unknown): unknown {
  if (constraint === null || constraint === "None") return null;
  const [kind, body] = variant(constraint);
  return kind === "On" ? body : outside(`a join by ${kind.toUpperCase()}`);
}

function aliasOf(alias: unknown): string | null {
  if (alias === null || alias === undefined) return null;
  return identifier(fields(alias, "an alias", ["name", "explicit"])["name"]);
}

/** The equalities that all must hold for the condition to. */
export function equalitiesOf(condition: unknown): { readonly left: unknown; readonly right: unknown }[] {
  const [kind, body] = variant(unnested(condition));
  if (kind !== "BinaryOp") return [];
  const { op, left, right } = nodeOf(body, "an operator");
  if (op === "And") return [...equalitiesOf(left), ...equalitiesOf(right)];
  return op === "Eq" ? [{ left: unnested(left), right: unnested(right) }] : [];
}

function conjuncts(condition: unknown): number {
  const [kind, body] = variant(unnested(condition));
  if (kind !== "BinaryOp") return 1;
  const { op, left, right } = nodeOf(body, "an operator");
  return op === "And" ? conjuncts(left) + conjuncts(right) : 1;
}

/** The path of a column's name: column, or table and column; null for any other node. */
export function columnPath(node: unknown, database: string): readonly string[] | null {
  const inner: Node = nodeOf(unnested(node), "an expression");
  if ("Identifier" in inner) return [identifier(inner["Identifier"])];
  if (!("CompoundIdentifier" in inner)) return null;
  const parts = listOf(inner["CompoundIdentifier"]).map(identifier);
  if (parts.length > 3 || (parts.length === 3 && parts[0] !== database))
    return outside("a column of another database");
  return parts.slice(-2);
}

/** A relation over an already translated query: its outputs by name. */
export function relationOf(
  alias: string,
  outputs: readonly { readonly name: string; readonly column: string; readonly value: Value }[],
  altered: boolean,
): Relation {
  const columns = outputs.map(({ name, column, value }): [string, Value] => {
    const own = `${postgresName(alias)}.${postgresName(column)}`;
    // Computed with as a double, and as text.
    const cast =
      value.pg === "real" ? "::double precision" : value.origin?.nativeEnum === true ? "::text" : "";
    const pg = value.pg === "real" ? "double precision" : value.pg;
    return [name, { ...value, sql: own + cast, pg, raw: null, literal: null, immutable: true }];
  });
  return { alias, columns: new Map(columns), keys: [], altered };
}
