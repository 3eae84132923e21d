/** What a translated query is, and what stands after its rows are chosen: DISTINCT over texts, ORDER BY, LIMIT. */
import { direction, tellSpelling, told } from "./aggregate.js";
import { isPlainBinary } from "./collation.js";
import type { Surroundings } from "./context.js";
import { type Node, fields, listOf, literalOf, nodeOf, outside, variant } from "./node.js";
import type { Value } from "./value.js";

export interface Output {
  readonly name: string;
  readonly value: Value;
}

export interface Query {
  readonly sql: string;
  readonly outputs: readonly Output[];
  /** Rows of one table or view, chosen and nothing else. */
  readonly simple: boolean;
}

/**
 * What DISTINCT has to be told where texts are equal by a collation: null where plain DISTINCT is right. The row
 * that is shown for equal ones is any of them, as on the source.
 */
export function distinctOn(outputs: readonly Output[], around: Surroundings): string | null {
  const special = ({ value: each }: Output): boolean => each.kind === "text" && !isPlainBinary(each);
  if (!outputs.some(special)) return null;
  for (const { value } of outputs) tellSpelling(value, around);
  return outputs.map((each) => (special(each) ? told(each.value, around) : each.value.sql)).join(", ");
}

export type OrderItem = (expr: unknown) => string;

/** ORDER BY and LIMIT. */
export function tail(node: Node, item: OrderItem, sorted: boolean): string {
  const order = node["order_by"] ?? null;
  let sql = "";
  if (order !== null) {
    const [kind, items] = variant(fields(order, "ORDER BY", ["kind"])["kind"]);
    if (kind !== "Expressions") return outside("an unusual ORDER BY");
    const parts = listOf(items).flatMap((each) => {
      const { expr, options } = fields(each, "ORDER BY", ["expr", "options"]);
      // ORDER BY NULL asks for no order.
      return literalOf(expr)?.[0] === "Null" ? [] : [item(expr) + direction(options)];
    });
    if (parts.length > 0) sql += `\nORDER BY ${parts.join(", ")}`;
  }
  const limit = node["limit_clause"] ?? null;
  if (limit === null) return sql;
  if (sql === "" || !sorted) return outside("LIMIT without an order, which shows any rows");
  const [kind, body] = variant(limit);
  const clause = nodeOf(body, "LIMIT");
  const number = (of: unknown): string => {
    const literal = literalOf(of);
    return literal?.[0] === "Number" && /^\d+$/.test(literal[1])
      ? literal[1]
      : outside("a LIMIT that is no number");
  };
  const offset = clause["offset"] ?? null;
  const from = offset === null ? null : kind === "LimitOffset" ? nodeOf(offset, "OFFSET")["value"] : offset;
  return `${sql}\nLIMIT ${number(clause["limit"])}${from === null ? "" : ` OFFSET ${number(from)}`}`;
}

/** MariaDB adds a LIMIT to what only has to exist. */
export function withoutLimit(query: unknown): unknown {
  const node = nodeOf(query, "a query");
  const limit = node["limit_clause"] ?? null;
  if (limit === null) return query;
  const [kind, body] = variant(limit);
  const clause = nodeOf(body, "LIMIT");
  const some = literalOf(clause["limit"])?.[1] === "1" && (clause["offset"] ?? null) === null;
  return kind === "LimitOffset" && some ? { ...node, limit_clause: null } : query;
}
