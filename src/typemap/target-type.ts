/**
 * PostgreSQL types in one spelling: the one that format_type() gives. People write varchar(40), timestamptz(3),
 * int or bool; plans, codecs and the target's catalogue all say `character varying(40)`, and are compared as text.
 * The result goes into DDL as it stands, so nothing passes that is not shaped like a type.
 */
import { Fault } from "../errors.js";
import type { SourceColumn } from "../model.js";

const aliases: Readonly<Record<string, string>> = {
  int: "integer",
  int2: "smallint",
  int4: "integer",
  int8: "bigint",
  bool: "boolean",
  float: "double precision",
  float4: "real",
  float8: "double precision",
  decimal: "numeric",
  dec: "numeric",
  varchar: "character varying",
  char: "character",
  bpchar: "character",
  varbit: "bit varying",
  timestamptz: "timestamp with time zone",
  timetz: "time with time zone",
  timestamp: "timestamp without time zone",
  time: "time without time zone",
};

const shape =
  /^([a-z_][a-z0-9_ ]*?)\s*(?:\(\s*(\d+)\s*(?:,\s*(-?\d+)\s*)?\))?\s*(with time zone|without time zone)?\s*(\[\])?$/;

/** Any accepted spelling as format_type() spells it. Throws type-pair when the text is not shaped like a type. */
export function normaliseTargetType(text: string): string {
  const parts = shape.exec(text.trim().toLowerCase().replaceAll(/\s+/g, " "));
  if (parts === null)
    throw new Fault("type-pair", `${JSON.stringify(text)} is not a PostgreSQL type.`, {
      next: "Write it as PostgreSQL does, e.g. numeric(20,0), varchar(40), timestamptz(3), text[].",
    });
  const [, spelled = "", first, second, zone, array = ""] = parts;
  let base = aliases[zone === undefined ? spelled : `${spelled} ${zone}`] ?? spelled;
  let tail = "";
  const zoned = /^(timestamp|time)(?: (with time zone|without time zone))?$/.exec(base);
  if (zoned !== null) {
    base = zoned[1] ?? base;
    tail = ` ${zone ?? zoned[2] ?? "without time zone"}`;
  } else if (zone !== undefined) {
    throw new Fault("type-pair", `${JSON.stringify(text)} is not a PostgreSQL type.`);
  }
  if ((base === "bit" || base === "character") && first === undefined) return `${base}(1)${array}`;
  if (base === "numeric" && first !== undefined) return `numeric(${first},${second ?? "0"})${array}`;
  const args = first === undefined ? "" : `(${first}${second === undefined ? "" : `,${second}`})`;
  return `${base}${args}${tail}${array}`;
}

/** The type without its numbers: `character varying(40)` -> `character varying`, `text[]` -> `text[]`. */
export function bareType(type: string): string {
  return type.replace(/\(\d+(?:,-?\d+)?\)/, "");
}

/** Fills {length}, {precision}, {scale} and {fsp} of a rule's type from the source's column. */
export function fillType(template: string, column: SourceColumn): string {
  return template.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value =
      name === "length"
        ? column.length
        : name === "precision"
          ? column.precision
          : name === "scale"
            ? column.scale
            : name === "fsp"
              ? column.fsp
              : undefined;
    if (value === undefined)
      throw new Fault(
        "type-pair",
        `A rule's type knows no {${name}}; it knows length, precision, scale and fsp.`,
      );
    if (value === null)
      throw new Fault(
        "type-pair",
        `${template} needs the source's ${name}, and ${column.columnType} has none.`,
      );
    return String(value);
  });
}
