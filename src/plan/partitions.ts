/**
 * Partitioned tables. By default they become one plain table: that is always right. Where `tables.partitions` asks to
 * keep them, they become declarative partitions that take exactly the rows that the source's take; which one a row of
 * a HASH lies in may differ, as the functions do. What cannot be said exactly (expressions other than YEAR, TO_DAYS
 * and UNIX_TIMESTAMP of a column, texts, whose order is the collation's, KEY, subpartitions) is an error that says why.
 */
import type { SourceTable } from "../model.js";
import { postgresLiteral, postgresName } from "../safety/identifier.js";
import { anyGlobMatches } from "../typemap/glob.js";
import { bareType } from "../typemap/target-type.js";
import type { DecidedColumn, DecidedTable } from "./columns.js";
import type { Findings } from "./finding.js";
import type { NameSpace } from "./names.js";
import type { PlanRequest } from "./request.js";

type Partitioning = NonNullable<SourceTable["partitioning"]>;
interface Refused {
  readonly why: string;
}
interface Values {
  readonly name: string;
  readonly values: string;
}
interface Translated {
  readonly by: string;
  readonly parts: readonly Values[];
}

/** The tables, with their partitions where the request keeps them and that is exact. */
export function keepPartitions(
  tables: readonly DecidedTable[],
  request: PlanRequest,
  relations: NameSpace,
  findings: Findings,
): readonly DecidedTable[] {
  const wanted = request.partitions ?? "flatten";
  const seen = tables.map((table) => {
    const { partitioning, name } = table.source;
    return {
      table,
      made: partitioning === null ? null : translate(partitioning, table),
      keep: wanted === "keep" || (wanted !== "flatten" && anyGlobMatches(wanted, name)),
    };
  });
  const kept = seen.flatMap(({ table, made, keep }) =>
    keep && made !== null && "parts" in made ? [table.source.name] : [],
  );
  return seen.map(({ table, made, keep }) => {
    if (made === null) return table;
    if (keep && "parts" in made) return withParts(table, made, relations);
    const why = "why" in made ? made.why : null;
    if (keep && why !== null) tellRefused(table.source, why, kept, findings);
    else tellFlattened(table.source, why, kept, findings);
    return table;
  });
}

function withParts(table: DecidedTable, made: Translated, relations: NameSpace): DecidedTable {
  const parts = made.parts.map((part) => ({
    name: relations.claim(`${table.target}_${part.name}`, `partition ${table.source.name} ${part.name}`),
    values: part.values,
  }));
  // Before PostgreSQL 17 a partitioned table has no identity columns; a sequence of its own does the same.
  const decided = table.decided.map((column) =>
    column.identity === "identity" ? { ...column, identity: "serial" as const } : column,
  );
  return { ...table, decided, partitions: { by: made.by, parts } };
}

function tellRefused(
  { name, partitioning }: SourceTable,
  why: string,
  kept: readonly string[],
  findings: Findings,
): void {
  findings.add({
    code: "partitions-not-kept",
    severity: "error",
    object: name,
    sentence: `${name} is partitioned by ${partitioning?.method ?? "?"} and cannot keep it exactly: ${why}.`,
    fix: "Name only tables under tables.partitions that can keep theirs; it becomes one plain table.",
    propose: [
      "tables:",
      `  partitions: ${kept.length === 0 ? "flatten" : `[${kept.map((each) => JSON.stringify(each)).join(", ")}]`}`,
    ],
  });
}

function tellFlattened(
  { name, partitioning }: SourceTable,
  why: string | null,
  kept: readonly string[],
  findings: Findings,
): void {
  const names = [...kept, name].map((each) => JSON.stringify(each));
  findings.add({
    code: "partitions-flattened",
    severity: "info",
    object: name,
    sentence: `${name} is partitioned by ${partitioning?.method ?? "?"} (${String(partitioning?.partitions.length ?? 0)} partitions); it becomes one plain table.`,
    fix:
      why === null
        ? "Nothing to do, or keep them by tables.partitions."
        : `Nothing to do: PostgreSQL could not keep them exactly (${why}).`,
    count: partitioning?.partitions.length ?? 0,
    ...(why === null ? { propose: ["tables:", `  partitions: [${names.join(", ")}]`] } : {}),
  });
}

function translate(partitioning: Partitioning, table: DecidedTable): Refused | Translated {
  const { method, expression, bounds, partitions, subpartitioned } = partitioning;
  if (subpartitioned === true) return { why: "it has subpartitions" };
  if (expression === undefined || expression === null || bounds === undefined)
    return { why: "the catalogue does not say by what" };
  const call = /^(year|to_days|unix_timestamp)\(\s*(`(?:[^`]|``)+`|\w+)\s*\)$/iu.exec(expression.trim());
  const columns = call === null ? columnsIn(expression, table) : columnsIn(call[2] ?? "", table);
  if (columns === null) return { why: `${expression} is more than columns` };
  const odd = columns.find((column) => !ordered(column.targetType));
  if (odd !== undefined)
    return { why: `${odd.column.name} is ${odd.targetType}, whose order or equality differs` };
  const bare = table.source.indexes.find(
    (index) =>
      index.unique &&
      !columns.every(({ column }) =>
        index.parts.some((part) => part.column === column.name && part.prefix === null),
      ),
  );
  if (bare !== undefined) return { why: `the unique index ${bare.name} does not hold all of its columns` };
  const names = columns.map(({ target }) => postgresName(target)).join(", ");
  switch (method.toUpperCase()) {
    case "RANGE":
    case "RANGE COLUMNS": {
      const value = call === null ? plainValue : callValue((call[1] ?? "").toLowerCase(), columns[0]);
      if (typeof value === "object") return value;
      return ranges(partitions, bounds, columns, names, value);
    }
    case "LIST":
    case "LIST COLUMNS":
      if (call !== null) return { why: `${expression} is more than columns` };
      return lists(partitions, bounds, columns, names);
    case "HASH":
      if (call !== null) return { why: `${expression} is more than columns` };
      return {
        by: `HASH (${names})`,
        parts: partitions.map((name, place) => ({
          name,
          values: `FOR VALUES WITH (MODULUS ${String(partitions.length)}, REMAINDER ${String(place)})`,
        })),
      };
    default:
      return { why: `PostgreSQL has no ${method}` };
  }
}

/** Types whose order and equality are the same on both sides. */
function ordered(targetType: string): boolean {
  const bare = bareType(targetType);
  return ["smallint", "integer", "bigint", "numeric", "date"].includes(bare) || bare.startsWith("timestamp");
}

/** The columns of a list of names; null where it is anything else. */
function columnsIn(list: string, table: DecidedTable): readonly DecidedColumn[] | null {
  const names = splitList(list).map((part) => /^(?:`((?:[^`]|``)+)`|([\w$\u0080-\uffff]+))$/u.exec(part));
  const columns = names.map((match) => {
    const name = (match?.[1]?.replaceAll("``", "`") ?? match?.[2] ?? "").toLowerCase();
    return table.decided.find(({ column }) => column.name.toLowerCase() === name);
  });
  const found = columns.filter((column) => column !== undefined);
  return found.length === names.length && found.length > 0 ? found : null;
}

/** Splits on commas outside quotes, backticks and parentheses. */
function splitList(list: string): readonly string[] {
  const parts = list.match(/(?:'(?:[^'\\]|\\.|'')*'|`(?:[^`]|``)*`|\([^()]*\)|[^,'`()])+/gu) ?? [];
  return parts.map((part) => part.trim());
}

type ValueOf = (text: string) => string | null;

/** A number, a quoted date or time, MAXVALUE or NULL of the catalogue as SQL; null for anything else. */
const plainValue: ValueOf = (text) => {
  if (/^(?:MAXVALUE|NULL)$/iu.test(text)) return text.toUpperCase();
  if (/^-?\d+(?:\.\d+)?$/u.test(text)) return text;
  const date = /^(?:_\w+\s*)?'(\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d:\d\d(?:\.\d{1,6})?)?)'$/u.exec(text)?.[1];
  return date === undefined || /-00/u.test(date) || date.startsWith("0000")
    ? null
    : postgresLiteral(date).trim();
};

/** The bound of f(column) < n as a bound of the column itself. */
function callValue(name: string, column: DecidedColumn | undefined): ValueOf | Refused {
  const type = column?.column.type ?? "";
  const fits = name === "unix_timestamp" ? type === "timestamp" : type === "date" || type === "datetime";
  if (!fits || (name === "unix_timestamp" && column?.column.fsp !== 0))
    return {
      why: `${name}(${column?.column.name ?? ""}) of ${column?.column.columnType ?? ""} has no exact bound`,
    };
  return (text) => {
    if (/^MAXVALUE$/iu.test(text)) return "MAXVALUE";
    if (!/^\d{1,10}$/u.test(text)) return null;
    const number = Number(text);
    if (name === "unix_timestamp") return `to_timestamp(${String(number)})`;
    if (name === "year") return number >= 1 && number <= 9999 ? `'${text.padStart(4, "0")}-01-01'` : null;
    // Day 719528 is 1970-01-01; the first day that both sides know is 0001-01-01.
    if (number < 366 || number > 3_652_424) return null;
    return `'${new Date((number - 719_528) * 86_400_000).toISOString().slice(0, 10)}'`;
  };
}

function ranges(
  partitions: readonly string[],
  bounds: readonly (string | null)[],
  columns: readonly DecidedColumn[],
  names: string,
  valueOf: ValueOf,
): Refused | Translated {
  const parts: Values[] = [];
  let from = columns.map(() => "MINVALUE");
  for (const [place, name] of partitions.entries()) {
    const values = splitList(bounds[place] ?? "").map(valueOf);
    const known = values.filter((value) => value !== null && value !== "NULL");
    if (known.length !== columns.length)
      return { why: `the bound of ${name} (${bounds[place] ?? "?"}) is no number or date` };
    // After MAXVALUE nothing counts, and PostgreSQL wants MAXVALUE there.
    const at = known.indexOf("MAXVALUE");
    const to = known.map((value, index) => (at >= 0 && index > at ? "MAXVALUE" : (value ?? "")));
    parts.push({ name, values: `FOR VALUES FROM (${from.join(", ")}) TO (${to.join(", ")})` });
    from = to;
  }
  // MySQL sorts NULL into the lowest partition; PostgreSQL takes it in a default one only, and no other row there.
  const nullable = columns
    .filter((column) => column.nullable)
    .map(({ target }) => `${postgresName(target)} IS NULL`);
  if (nullable.length > 0) parts.push({ name: "null", values: `(CHECK (${nullable.join(" OR ")})) DEFAULT` });
  return { by: `RANGE (${names})`, parts };
}

function lists(
  partitions: readonly string[],
  bounds: readonly (string | null)[],
  columns: readonly DecidedColumn[],
  names: string,
): Refused | Translated {
  if (columns.length > 1) return { why: "PostgreSQL lists the values of one column only" };
  const parts: Values[] = [];
  for (const [place, name] of partitions.entries()) {
    const text = bounds[place] ?? "";
    // MariaDB's DEFAULT.
    if (/^DEFAULT$/iu.test(text)) {
      parts.push({ name, values: "DEFAULT" });
      continue;
    }
    const values = splitList(text).map(plainValue);
    const known = values.filter((value) => value !== null && value !== "MAXVALUE");
    if (known.length !== values.length || known.length === 0)
      return { why: `the values of ${name} (${text}) are not all numbers or dates` };
    parts.push({ name, values: `FOR VALUES IN (${known.join(", ")})` });
  }
  return { by: `LIST (${names})`, parts };
}
