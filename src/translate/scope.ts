/**
 * Names in scope: the relations of a FROM, each with its columns as values, and the scope around a subquery. A column
 * of a grouped query may stand outside an aggregate only where GROUP BY decides it; grouping.ts knows which.
 */
import type { SourceColumn } from "../model.js";
import { postgresName } from "../safety/identifier.js";
import { bareType } from "../typemap/target-type.js";
import { outside } from "./node.js";
import { type PlannedColumn, type Value, value } from "./value.js";

/** Something that FROM can name. */
export interface Relation {
  /** As the source's query calls it. */
  readonly alias: string;
  /** By the source's name. The SQL of each value is complete. */
  readonly columns: ReadonlyMap<string, Value>;
  /** Sets of columns whose values name one row. */
  readonly keys: readonly (readonly string[])[];
  /** Whether a policy may have changed values on the way. */
  readonly altered: boolean;
  /** Of a view that shows one of several equal spellings of a text. */
  readonly anySpelling?: boolean;
}

export interface Found {
  readonly relation: Relation;
  /** The column's own name in the relation. */
  readonly name: string;
  readonly value: Value;
}

/** The column that `path` (column, or alias and column) names; null where no relation has it. */
export function findColumn(relations: readonly Relation[], path: readonly string[]): Found | null {
  const [name = "", alias] = [...path].reverse();
  const found: Found[] = [];
  for (const relation of relations) {
    if (alias !== undefined && relation.alias !== alias) continue;
    for (const [own, each] of relation.columns)
      if (own.toLowerCase() === name.toLowerCase()) found.push({ relation, name: own, value: each });
  }
  return found.length > 1 ? outside(`the ambiguous name ${name}`) : (found[0] ?? null);
}

/** What a column of a table is, in the target's words. `alias` is quoted already, empty for none. */
export function columnValue(planned: PlannedColumn, alias: string, engine: "mysql" | "mariadb"): Value {
  const { column, targetType } = planned;
  const sql = `${alias === "" ? "" : `${alias}.`}${postgresName(planned.target)}`;
  const pg = bareType(targetType);
  const base = { origin: planned, plain: !column.zerofill };
  const opaque = value("opaque", sql, pg, base);
  const whole = ["smallint", "integer", "bigint", "numeric"].includes(pg);
  switch (column.type) {
    case "tinyint":
    case "smallint":
    case "mediumint":
    case "int":
    case "bigint":
      if (pg === "boolean") return value("bool", sql, pg, base);
      return whole
        ? value("int", sql, pg, { ...base, digits: integerDigits(column), unsigned: column.unsigned })
        : opaque;
    case "year":
      return whole ? value("int", sql, pg, { ...base, digits: 4, unsigned: true, plain: false }) : opaque;
    case "bit":
      return pg === "boolean" ? value("bool", sql, pg, { ...base, plain: false }) : opaque;
    case "decimal": {
      const scale = column.scale ?? 0;
      const same = /^numeric\((\d+),(\d+)\)$/.exec(targetType);
      if (same === null || Number(same[2]) !== scale) return opaque;
      return value("decimal", sql, pg, { ...base, digits: (column.precision ?? 10) - scale, scale });
    }
    case "float":
    case "double":
      // FLOAT(M,D) shows other digits than it holds.
      if (column.scale !== null || (pg !== "real" && pg !== "double precision")) return opaque;
      return value("double", pg === "real" ? `${sql}::double precision` : sql, "double precision", base);
    case "char":
    case "varchar":
    case "tinytext":
    case "text":
    case "mediumtext":
    case "longtext":
      if (pg !== "text" && pg !== "character varying") return opaque;
      return value("text", sql, "text", {
        ...base,
        collation: column.collation,
        padded: column.type !== "char",
      });
    case "enum":
      if (!planned.nativeEnum && pg !== "text") return opaque;
      return value("enum", planned.nativeEnum ? `${sql}::text` : sql, "text", {
        ...base,
        collation: column.collation,
        labels: column.labels,
        padded: false,
        immutable: !planned.nativeEnum,
      });
    case "binary":
    case "varbinary":
    case "tinyblob":
    case "blob":
    case "mediumblob":
    case "longblob":
      return pg === "bytea" ? value("bytes", sql, pg, base) : opaque;
    case "date":
      return pg === "date" ? value("date", sql, pg, base) : opaque;
    case "datetime":
      return pg === "timestamp without time zone"
        ? value("datetime", sql, pg, { ...base, fsp: column.fsp })
        : opaque;
    case "timestamp":
      return pg === "timestamp with time zone"
        ? value("instant", sql, pg, { ...base, fsp: column.fsp })
        : opaque;
    case "time":
      return pg === "interval" ? value("time", sql, pg, { ...base, fsp: column.fsp }) : opaque;
    case "json":
      return pg === "jsonb" && engine === "mysql" ? value("json", sql, pg, base) : opaque;
    default:
      return opaque;
  }
}

const digitsOf: Readonly<Record<string, number>> = {
  tinyint: 3,
  smallint: 5,
  mediumint: 8,
  int: 10,
  bigint: 19,
};

function integerDigits(column: SourceColumn): number {
  return column.type === "bigint" && column.unsigned ? 20 : (digitsOf[column.type] ?? 20);
}

/** Whether a policy may turn a value of the column into another one. */
export function isAltered({ policy, column }: PlannedColumn): boolean {
  const temporal = ["date", "datetime", "timestamp"].includes(column.type);
  const texts = ["char", "varchar", "tinytext", "text", "mediumtext", "longtext"].includes(column.type);
  return (
    (temporal && policy.zeroDate !== "refuse") ||
    (texts && (policy.nul === "strip" || policy.badText !== "refuse")) ||
    (column.type === "enum" && policy.enumZero !== "refuse")
  );
}
