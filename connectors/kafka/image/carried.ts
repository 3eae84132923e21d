/**
 * What a column's values are in an event: by what the schema says, where there is one, and by the column's type and
 * the connector's settings where there is none. What would lose digits is no way to carry a column, and is refused.
 */
import type { SourceColumn } from "../../../src/model.js";
import type { EventSettings } from "../event-settings.js";
import type { FieldSchema } from "../image-form.js";

export type Carried =
  | { readonly as: "integer" }
  /** Big-endian two's complement without the point. */
  | { readonly as: "unscaled"; readonly scale: number }
  /** A whole number, or unscaled bytes: the value itself tells which. */
  | { readonly as: "unsigned" }
  | { readonly as: "digits" }
  | { readonly as: "float" }
  | { readonly as: "truth" }
  | { readonly as: "text" }
  | { readonly as: "bytes" }
  | { readonly as: "bytes-text"; readonly encoding: "base64" | "base64url" | "hex" }
  | { readonly as: "days" }
  /** Since 1970, or since midnight; so many a second. */
  | { readonly as: "ticks"; readonly perSecond: 1000 | 1_000_000 | 1_000_000_000 }
  /** `2024-02-29T12:34:56.5Z`. */
  | { readonly as: "instant" }
  | { readonly as: "geometry" }
  | { readonly as: "floats" }
  | { readonly as: "refused"; readonly why: string };

const refused = (why: string): Carried => ({ as: "refused", why });

/** `field` null without a schema. */
export function carriedAs(column: SourceColumn, settings: EventSettings, field: FieldSchema | null): Carried {
  switch (column.type) {
    case "tinyint":
    case "smallint":
    case "mediumint":
    case "int":
    case "year":
      return { as: "integer" };
    case "bigint":
      return column.unsigned ? bigUnsigned(field) : { as: "integer" };
    case "decimal":
      return decimal(column, settings, field);
    case "float":
    case "double":
      return { as: "float" };
    case "bit":
      return column.length === 1 || column.length === null ? { as: "truth" } : { as: "bytes" };
    case "date":
      if (field === null ? settings.time === "isostring" : field.type === "string") return isoText;
      return { as: "days" };
    case "timestamp":
      return { as: "instant" };
    case "datetime":
    case "time":
      return ticks(column, settings, field);
    case "binary":
    case "varbinary":
    case "tinyblob":
    case "blob":
    case "mediumblob":
    case "longblob":
      return binary(settings, field);
    case "vector":
      return { as: "floats" };
    case "geometry":
    case "point":
    case "linestring":
    case "polygon":
    case "multipoint":
    case "multilinestring":
    case "multipolygon":
    case "geometrycollection":
    case "geomcollection":
      return { as: "geometry" };
    case "inet4":
    case "inet6":
      return refused("Debezium's connector for MariaDB cannot parse a table that has such a column");
    default:
      return { as: "text" };
  }
}

const isoText = refused("dates and times arrive as texts (time.precision.mode=isostring)");

function bigUnsigned(field: FieldSchema | null): Carried {
  if (field === null) return { as: "unsigned" };
  return field.type === "bytes" ? { as: "unscaled", scale: field.scale ?? 0 } : { as: "integer" };
}

function decimal(column: SourceColumn, settings: EventSettings, field: FieldSchema | null): Carried {
  const lossy = refused("decimals arrive as doubles (decimal.handling.mode=double), which lose digits");
  if (field !== null) {
    if (field.type === "string") return { as: "digits" };
    return field.type === "bytes" ? { as: "unscaled", scale: field.scale ?? 0 } : lossy;
  }
  switch (settings.decimal) {
    case "string":
      return { as: "digits" };
    case "precise":
      return { as: "unscaled", scale: column.scale ?? 0 };
    case "double":
      return lossy;
  }
}

function ticks(column: SourceColumn, settings: EventSettings, field: FieldSchema | null): Carried {
  const perSecond =
    field === null ? ticksOf(column, settings.time) : (ticksBySchema.get(field.name ?? "") ?? null);
  if (perSecond === null) return isoText;
  if (perSecond === 1000 && column.fsp > 3)
    return refused("fractions of a second arrive as milliseconds (time.precision.mode)");
  return { as: "ticks", perSecond };
}

function ticksOf(column: SourceColumn, mode: EventSettings["time"]): 1000 | 1_000_000 | 1_000_000_000 | null {
  switch (mode) {
    case "microseconds":
      return 1_000_000;
    case "adaptive_time_microseconds":
      return column.type === "time" || column.fsp > 3 ? 1_000_000 : 1000;
    case "adaptive":
      return column.fsp > 3 ? 1_000_000 : 1000;
    case "connect":
      return 1000;
    case "nanoseconds":
      return 1_000_000_000;
    case "isostring":
      return null;
  }
}

const ticksBySchema: ReadonlyMap<string, 1000 | 1_000_000 | 1_000_000_000> = new Map([
  ["io.debezium.time.Timestamp", 1000],
  ["io.debezium.time.Time", 1000],
  ["org.apache.kafka.connect.data.Timestamp", 1000],
  ["org.apache.kafka.connect.data.Time", 1000],
  ["io.debezium.time.MicroTimestamp", 1_000_000],
  ["io.debezium.time.MicroTime", 1_000_000],
  ["io.debezium.time.NanoTimestamp", 1_000_000_000],
  ["io.debezium.time.NanoTime", 1_000_000_000],
] as const);

function binary(settings: EventSettings, field: FieldSchema | null): Carried {
  if (field === null ? settings.binary === "bytes" : field.type === "bytes") return { as: "bytes" };
  switch (settings.binary) {
    case "base64":
      return { as: "bytes-text", encoding: "base64" };
    case "base64-url-safe":
      return { as: "bytes-text", encoding: "base64url" };
    case "hex":
      return { as: "bytes-text", encoding: "hex" };
    case "bytes":
      return refused("bytes arrive as texts, and nobody said in which form (binary.handling.mode)");
  }
}
