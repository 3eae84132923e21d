/** UNION of queries: columns of one type on both sides, equal rows by the collation that both texts follow, its own ORDER BY. */
import { madeCollation } from "./collation.js";
import type { Surroundings } from "./context.js";
import { columnPath } from "./from.js";
import { fields, outside, variant } from "./node.js";
import { type OrderItem, type Output, type Query, distinctOn } from "./query.js";
import { postgresName } from "../safety/identifier.js";

/** `translated`: one branch, which is no union itself. */
export function union(body: unknown, translated: (side: unknown) => Query, around: Surroundings): Query {
  const node = fields(body, "a union", ["left", "op", "set_quantifier", "right"]);
  const all = node["set_quantifier"] === "All";
  if (
    node["op"] !== "Union" ||
    !(all || node["set_quantifier"] === "None" || node["set_quantifier"] === "Distinct")
  )
    return outside(`a query by ${String(node["op"]).toLowerCase()}`);
  const branch = (side: unknown): Query => {
    const [kind, inner] = variant(side);
    if (kind === "SetOperation") return union(inner, translated, around);
    const made = translated(side);
    return kind === "Query" ? { ...made, sql: `(${made.sql})` } : made;
  };
  const [left, right] = [branch(node["left"]), branch(node["right"])];
  left.outputs.forEach((output, place) => {
    const other = right.outputs[place]?.value;
    if (other === undefined || other.kind !== output.value.kind || other.pg !== output.value.pg)
      outside("a union of different types");
  });
  // Of each side a text may follow another collation: then only what shows it can be said.
  const named = left.outputs.map(({ name, value: output }, place): Output => {
    const other = right.outputs[place]?.value ?? output;
    return {
      name,
      value: {
        ...output,
        sql: `u.${postgresName(name)}`,
        collation: madeCollation([output, other]),
        padded: output.padded || other.padded,
      },
    };
  });
  const on = all ? null : distinctOn(named, around);
  const both = `${left.sql}\nUNION ${all || on !== null ? "ALL " : ""}${right.sql}`;
  return {
    sql: on === null ? both : `SELECT DISTINCT ON (${on}) u.* FROM (${both}) AS u`,
    outputs: left.outputs.map(({ name, value: output }) => ({
      name,
      value: { ...output, origin: null, unordered: null },
    })),
    simple: false,
  };
}

export function unionOrder(outputs: readonly Output[]): OrderItem {
  return (expr) => {
    const path = columnPath(expr, "");
    const place = path === null ? -1 : outputs.findIndex(({ name }) => name === path.at(-1));
    const output = outputs[place];
    return output === undefined || output.value.kind === "enum"
      ? outside("the ORDER BY of a union by other than its columns")
      : String(place + 1);
  };
}
