/**
 * Queries: SELECT with joins, WHERE, GROUP BY, HAVING, DISTINCT, ORDER BY and LIMIT, unions of them, and subqueries
 * that may look at the query around them. Names are resolved here, because whether a column may stand where it does
 * depends on the grouping of its own query.
 */
import { sortable, tellSpelling, told } from "./aggregate.js";
import type { Surroundings, Translator } from "./context.js";
import { expression } from "./expression.js";
import { type Tables, columnPath, equalitiesOf, readFrom, relationOf } from "./from.js";
import { decidedColumns, placeName, undecided } from "./grouping.js";
import { isPlainBinary } from "./collation.js";
import {
  type Node,
  Outside,
  fields,
  identifier,
  listOf,
  literalOf,
  outside,
  unnested,
  variant,
} from "./node.js";
import { findColumn } from "./scope.js";
import { type Value, isText, shown, truth } from "./value.js";
import { type OrderItem, type Output, type Query, distinctOn, tail, withoutLimit } from "./query.js";
import { union, unionOrder } from "./union.js";
import { postgresName } from "../safety/identifier.js";

/** Brings an output to the type that it must have; called once a branch for each. */
export type Finish = (output: Value, place: number) => Value;

export interface QueryContext {
  readonly around: Surroundings;
  /** A table or view of the database by its name. */
  readonly named: Tables["named"];
}

const asItIs: Finish = shown;

/** Translates a whole query. `outer` resolves what the query itself does not know. */
export function translateQuery(
  query: unknown,
  context: QueryContext,
  finish: Finish = asItIs,
  outer: Translator | null = null,
): Query {
  const node = fields(query, "a query", ["body", "order_by", "limit_clause"]);
  const [kind, body] = variant(node["body"]);
  if (kind === "Query" && (node["order_by"] ?? null) === null && (node["limit_clause"] ?? null) === null)
    return translateQuery(body, context, finish, outer);
  if (kind === "Select") return translateSelect(body, node, context, finish, outer);
  if (kind !== "SetOperation") return outside(`a query by ${kind}`);
  const { sql, outputs } = union(
    body,
    (side) => translateQuery({ body: side }, context, finish, outer),
    context.around,
  );
  return { sql: sql + tail(node, unionOrder(outputs), outputs.length > 0), outputs, simple: false };
}

interface Grouping {
  /** GROUP BY's expressions by their tree. */
  readonly keys: ReadonlyMap<string, Value>;
  /** Those that are columns, by place. */
  readonly places: ReadonlyMap<string, Value>;
  readonly decided: ReadonlySet<string>;
  /** Decided columns that are shown and so must be named. */
  readonly named: Map<string, string>;
}

function translateSelect(
  body: unknown,
  tailNode: Node,
  context: QueryContext,
  finish: Finish,
  outer: Translator | null,
): Query {
  const select = fields(body, "SELECT", [
    "distinct",
    "projection",
    "from",
    "selection",
    "group_by",
    "having",
    "flavor",
  ]);
  if ((select["flavor"] ?? "Standard") !== "Standard") return outside("an unusual SELECT");
  const { around } = context;
  const tables: Tables = {
    named: context.named,
    derived: (query, alias) => {
      const made = translateQuery(query, context);
      return {
        sql: made.sql,
        relation: relationOf(
          alias,
          made.outputs.map((output) => ({ ...output, column: output.name })),
          false,
        ),
      };
    },
  };
  const from = readFrom(select["from"], around.database, tables);
  if (from.relations.some(({ altered }) => altered)) around.notes.add("policy-changed");
  if (from.relations.some(({ anySpelling }) => anySpelling === true))
    for (const note of ["spelling-any", "text-compared"] as const) around.notes.add(note);
  const aliases = new Map<string, unknown>();
  let grouping: Grouping | null = null;
  let [depth, aggregates, bare, own] = [0, 0, 0, 0];
  let aliasesCount = false;

  const translator: Translator = {
    around,
    value(node) {
      if (grouping !== null && depth === 0) {
        const key = grouping.keys.get(JSON.stringify(unnested(node)));
        if (key !== undefined) return key;
      }
      const path = columnPath(node, around.database);
      return path === null ? expression(unnested(node), translator) : column(path, node);
    },
    subquery(query) {
      const made = translateQuery(query, context, asItIs, translator);
      const [output, ...more] = made.outputs;
      if (output === undefined || more.length > 0) return outside("a subquery of several columns");
      return { sql: made.sql, output: output.value };
    },
    exists: (query) => `EXISTS (${translateQuery(withoutLimit(query), context, asItIs, translator).sql})`,
    aggregated(what, act) {
      if (depth > 0) return outside(`${what} inside an aggregate`);
      if (!aliasesCount) return outside(`${what} where rows are chosen`);
      const before = own;
      depth += 1;
      try {
        aggregates += 1;
        const made = act();
        if (own === before && outer !== null && what !== "COUNT")
          return outside("an aggregate of the query around a subquery");
        return made;
      } finally {
        depth -= 1;
      }
    },
  };

  /** A bare name is an alias: of columns both servers print the table's name too. */
  const meantBy = (path: readonly string[]): unknown => {
    const [name = ""] = path;
    const meant = path.length === 1 ? aliases.get(name) : undefined;
    return meant !== undefined && columnPath(meant, around.database)?.length !== 1 ? meant : undefined;
  };
  const column = (path: readonly string[], node: unknown): Value => {
    const meant = aliasesCount ? meantBy(path) : undefined;
    if (meant !== undefined) return translator.value(meant);
    const found = findColumn(from.relations, path);
    if (found === null) {
      return outer === null ? outside(`the unknown name ${path.join(".")}`) : outer.value(node);
    }
    own += 1;
    if (depth > 0) return found.value;
    bare += 1;
    if (grouping === null) return found.value;
    const place = placeName(found.relation.alias, found.name);
    const key = grouping.places.get(place);
    if (key !== undefined) return key;
    if (!grouping.decided.has(place)) return undecided(found.relation.alias, found.name);
    grouping.named.set(place, found.value.sql);
    return found.value;
  };

  const fromSql = from.pieces
    .map((piece) => (typeof piece === "string" ? piece : truth(translator.value(piece.condition))))
    .join("");
  const where =
    (select["selection"] ?? null) === null ? "" : `\nWHERE ${truth(translator.value(select["selection"]))}`;

  const items = listOf(select["projection"]).map((item, place) => {
    const [kind, inner] = variant(item);
    if (kind === "ExprWithAlias") {
      const { expr, alias } = fields(inner, "a column", ["expr", "alias"]);
      return { name: identifier(alias), expr };
    }
    if (kind !== "UnnamedExpr") return outside("* instead of columns");
    return { name: columnPath(inner, around.database)?.at(-1) ?? `column${String(place + 1)}`, expr: inner };
  });
  for (const { name, expr } of items) if (!aliases.has(name)) aliases.set(name, expr);

  const [groupKind, groups] = variant(select["group_by"] ?? { Expressions: [[], []] });
  const [keyNodes, modifiers] = listOf(groups).map(listOf);
  if (groupKind !== "Expressions" || (modifiers?.length ?? 0) > 0) return outside("an unusual GROUP BY");
  const keys = (keyNodes ?? []).map((node) => {
    if (literalOf(node) !== null) return outside("GROUP BY a literal");
    const path = columnPath(node, around.database);
    return path === null ? node : (meantBy(path) ?? node);
  });
  const keyValues = keys.map((node) => ({ node, key: translator.value(node) }));
  const by: string[] = [];
  const placeOf = (node: unknown): string | null => {
    const path = columnPath(node, around.database);
    const found = path === null ? null : findColumn(from.relations, path);
    return found === null ? null : placeName(found.relation.alias, found.name);
  };
  aliasesCount = true;
  if (keys.length > 0) {
    const equalities = [
      ...from.equalities,
      ...((select["selection"] ?? null) === null
        ? []
        : equalitiesOf(select["selection"]).map((each) => ({ ...each, optional: null }))),
    ];
    // A text that the other keys decide has one spelling in each group: it needs no collation.
    const firm = decidedColumns(
      keyValues.filter(({ key }) => !isText(key)).map(({ node }) => node),
      from.relations,
      equalities,
      around.database,
    );
    const shownKeys = keyValues.map(({ node, key }) => {
      const place = placeOf(node);
      const plain = place !== null && firm.has(place);
      by.push(plain || key.kind === "enum" ? key.sql : told(key, around));
      if (!plain) tellSpelling(key, around);
      return { node, key: plain ? key : groupedKey(key) };
    });
    grouping = {
      keys: new Map(shownKeys.map(({ node, key }) => [JSON.stringify(unnested(node)), key])),
      places: new Map(
        shownKeys.flatMap(({ node, key }): (readonly [string, Value])[] => {
          const place = placeOf(node);
          return place === null ? [] : [[place, key]];
        }),
      ),
      decided: decidedColumns(keys, from.relations, equalities, around.database),
      named: new Map(),
    };
  }
  bare = 0;

  const distinct = (select["distinct"] ?? null) !== null;
  if (distinct && select["distinct"] !== "Distinct") return outside("an unusual DISTINCT");
  const outputs = items.map(({ name, expr }, place): Output => {
    const made = finish(shown(translator.value(expr)), place);
    return { name, value: made };
  });
  const having =
    (select["having"] ?? null) === null ? "" : `\nHAVING ${truth(translator.value(select["having"]))}`;
  if (having !== "" && keys.length === 0 && aggregates === 0) return outside("HAVING without groups");
  const limited = (tailNode["limit_clause"] ?? null) !== null;
  const order: OrderItem = (expr) => {
    const path = columnPath(expr, around.database);
    const alias = path?.length === 1 ? items.findIndex(({ name }) => name === path[0]) : -1;
    const same = alias >= 0 ? alias : items.findIndex((item) => sameTree(item.expr, expr));
    const output = outputs[same]?.value;
    const ordinal =
      output !== undefined && !isText(output) && output.kind !== "json" && output.kind !== "opaque";
    if (ordinal) return String(same + 1);
    if (distinct) return outside("DISTINCT ordered by a text or by what it does not show");
    const operand = translator.value(same >= 0 ? items[same]?.expr : expr);
    if (limited) {
      // Which rows are shown depends on it.
      if (isText(operand) && !isPlainBinary(operand)) around.notes.add("text-compared");
      return sortable(operand, translator);
    }
    try {
      return sortable(operand, translator);
    } catch (error) {
      // Without a LIMIT an order changes no row: the target's own order of texts will do, and is told.
      if (!(error instanceof Outside)) throw error;
      around.notes.add("text-sorted");
      return operand.sql;
    }
  };
  const end = tail(tailNode, order, true);
  if (keys.length === 0 && aggregates > 0 && bare > 0)
    return outside("a column beside an aggregate without GROUP BY");
  const list = outputs
    .map(({ name, value: output }) => `${output.sql} AS ${postgresName(name)}`)
    .join(",\n  ");
  const named: Grouping | null = grouping;
  by.push(...(named?.named.values() ?? []));
  const group = by.length === 0 ? "" : `\nGROUP BY ${[...new Set(by)].join(", ")}`;
  const fromClause = from.pieces.length === 0 ? "" : `\nFROM ${fromSql}`;
  const on = distinct ? distinctOn(outputs, around) : null;
  const word = on === null ? (distinct ? "DISTINCT " : "") : `DISTINCT ON (${on}) `;
  const sql = `SELECT ${word}${list}${fromClause}${where}${group}${having}`;
  return {
    // DISTINCT ON would have the order begin with its own.
    sql: on === null || end === "" ? sql + end : `SELECT d.* FROM (${sql}) AS d${end}`,
    outputs,
    simple: from.simple && !distinct && by.length === 0 && aggregates === 0 && having === "" && end === "",
  };
}

function sameTree(one: unknown, other: unknown): boolean {
  return JSON.stringify(unnested(one)) === JSON.stringify(unnested(other));
}

/** What a key is outside aggregates: of a text any of the spellings that the group holds. */
function groupedKey(key: Value): Value {
  if (key.kind !== "text" || isPlainBinary(key)) return key;
  return { ...key, sql: `min(${key.sql})`, origin: null, literal: null };
}
