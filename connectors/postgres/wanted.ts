/**
 * Rows of one table as a statement: all of them, those of a range, or those with given keys. Bounds come as the source's
 * texts and keys as tuples; both go as parameters of the target column's own type, so that the key's index serves.
 */
import { Fault } from "../../src/errors.js";
import type { PlanColumn, PlanTable, Range } from "../../src/model.js";
import type { RowSample, TargetQuery, Wanted } from "../../src/verify-port.js";
import { wantedKey } from "./apply/statements.js";
import type { ColumnShape, ColumnShapes } from "./apply/shape.js";
import { arraySlices } from "./apply/tuples.js";
import { inSample } from "./digest.js";
import type { TupleStatement } from "./tuple-rows.js";

interface Condition {
  readonly sql: string;
  readonly values: readonly (Buffer | string)[];
}

const everything: Condition = { sql: "", values: [] };

/** A statement for all keys at once, or a row could come twice: where a collation holds two of them equal. */
const inOneGo = { rows: Infinity, bytes: Infinity };

/** The table as `t`, and which of its rows. */
export function rowsFrom(
  table: PlanTable,
  wanted: Wanted,
  shapes: ColumnShapes,
  sample?: RowSample,
  beside?: string,
): Condition {
  const where =
    wanted.kind === "keys"
      ? withKeys(table, shapes, wanted.keys)
      : wanted.kind === "range"
        ? within(table, shapes, wanted.range)
        : everything;
  const all = [
    where.sql,
    sample === undefined ? "" : inSample(sample),
    beside === undefined ? "" : `(${beside})`,
  ].filter((sql) => sql !== "");
  return {
    sql: `${shapes.name} AS t${all.length === 0 ? "" : ` WHERE ${all.join(" AND ")}`}`,
    values: where.values,
  };
}

export function rowsStatement({ wanted, ...query }: TargetQuery, shapes: ColumnShapes): TupleStatement {
  const { table } = query;
  const from = rowsFrom(table, wanted, shapes, query.sample, query.where);
  const names = query.columns.map((place) => `t.${at(shapes, place).name}`);
  const order = query.ordered ? shapes.key.map((place) => `t.${at(shapes, place).name}`) : [];
  if (query.ordered && order.length === 0) throw withoutKey(table);
  return {
    sql: [
      `SELECT ${names.join(", ")} FROM ${from.sql}`,
      ...(order.length === 0 ? [] : [`ORDER BY ${order.join(", ")}`]),
    ].join(" "),
    values: from.values,
    fields: names.length,
    doing: `reading ${table.target}`,
  };
}

/**
 * `IN` and no join: a row that two of the keys are equal to is there once. The keys need the column's own collation said:
 * else PostgreSQL tells them apart by the database's, before it joins them by the column's.
 */
function withKeys(
  table: PlanTable,
  shapes: ColumnShapes,
  keys: Parameters<typeof arraySlices>[0],
): Condition {
  if (shapes.key.length === 0) throw withoutKey(table);
  if (keys.rows === 0) return { sql: "false", values: [] };
  const [slice] = arraySlices(keys, shapes.key.length, wantedKey(shapes), inOneGo);
  const names = shapes.key.map((place) => `t.${at(shapes, place).name}`);
  const arrays = shapes.key.map((place, i) => `$${String(i + 1)}::${at(shapes, place).type}[]`);
  const given = shapes.key.map((_, i) => `c${String(i)}`);
  const collated = shapes.key.map((place, i) => {
    const { collation } = at(shapes, place);
    return `c${String(i)}${collation === null ? "" : ` COLLATE ${collation}`}`;
  });
  return {
    sql: `(${names.join(", ")}) IN (SELECT ${collated.join(", ")} FROM unnest(${arrays.join(", ")}) AS s (${given.join(", ")}))`,
    values: slice?.arrays ?? [],
  };
}

/**
 * lower <= key < upper, by the first columns of the key, as many as the bound has. Compared as rows, which an index over them
 * serves. A row with a NULL in its key, which a target may hold whose key was taken away, belongs to the last range.
 */
function within(table: PlanTable, shapes: ColumnShapes, { lower, upper }: Range): Condition {
  if (shapes.key.length === 0 && (lower !== null || upper !== null)) throw withoutKey(table);
  const values: string[] = [];
  const beyond = (operator: ">=" | "<", bound: readonly string[] | null): string[] => {
    if (bound === null) return [];
    const parts = bound.map((text, i) => {
      const place = shapes.key[i] ?? -1;
      const [shape, column] = [at(shapes, place), table.columns[place]];
      if (column === undefined) throw new RangeError(`no column at ${String(place)}`);
      values.push(boundText(text, column));
      return { name: `t.${shape.name}`, value: `$${String(values.length)}::${shape.type}` };
    });
    const list = (of: "name" | "value"): string => parts.map((part) => part[of]).join(", ");
    // A row of one column is no row to PostgreSQL.
    return [
      parts.length === 1
        ? `${list("name")} ${operator} ${list("value")}`
        : `(${list("name")}) ${operator} (${list("value")})`,
    ];
  };
  const sql = [...beyond(">=", lower), ...beyond("<", upper)].join(" AND ");
  // Not where there can be none: PostgreSQL before 17 would take no index for it.
  const nullable = shapes.key.map((place) => at(shapes, place)).filter(({ notNull }) => !notNull);
  if (sql === "" || nullable.length === 0) return { sql, values };
  const none = nullable.map(({ name }) => `t.${name} IS NULL`).join(" OR ");
  return { sql: upper === null ? `(${sql} OR ${none})` : `${sql} AND NOT (${none})`, values };
}

/** The source's spelling of a bound as the target's type reads it. */
function boundText(text: string, { column, targetType }: PlanColumn): string {
  const bare = /^[a-z ]+/u.exec(targetType)?.[0].trim() ?? "";
  if (column.type === "bit") {
    const size = column.length ?? 1;
    if (bare === "bit") return BigInt(text).toString(2).padStart(size, "0");
    if (bare === "bytea")
      return `\\x${BigInt(text)
        .toString(16)
        .padStart(((size + 7) >> 3) * 2, "0")}`;
    return text;
  }
  // Bytes come in hex; a uuid takes them as they are.
  if (bare === "bytea" && (column.type.endsWith("binary") || column.type.endsWith("blob")))
    return `\\x${text}`;
  // Where such dates are let through they stand before all others.
  if (text.startsWith("0000-00-00") && (bare === "date" || bare.startsWith("timestamp"))) return "-infinity";
  return text;
}

function at(shapes: Pick<ColumnShapes, "columns">, place: number): ColumnShape {
  const column = shapes.columns[place];
  if (column === undefined) throw new RangeError(`no column at ${String(place)}`);
  return column;
}

function withoutKey(table: PlanTable): Fault {
  return new Fault("bug", `Rows of ${table.source}, which has no key, were asked for by their key.`);
}
