/**
 * The smallest change that a value of each target type can undergo, as SQL of the target over the column: a neighbour
 * of the number, one bit, one microsecond, a blank. What comes out is never what went in.
 */

/** `c` is the column's name, `type` as format_type() spells it, `value` as the target prints it. */
export function smallest(c: string, type: string, value: string): string {
  const bare = /^[a-z_ ]+/u.exec(type)?.[0].trim() ?? type;
  const [first, second] = [...type.matchAll(/\d+/gu)].map(([digits]) => Number(digits));
  if (type === "real[]") return `ARRAY['-0'::real] || ${c}[2:]`;
  if (type.endsWith("[]"))
    return `CASE WHEN cardinality(${c}) = 0 THEN ARRAY['alpha']::${type} ELSE ${c}[2:] END`;
  if (bare === "timestamp without time zone" || bare === "timestamp with time zone" || bare === "timestamp")
    return `CASE WHEN isfinite(${c}) THEN ${c} + interval '${step(first)} s' ELSE '2000-01-01' END`;
  switch (bare) {
    case "smallint":
    case "integer":
    case "bigint":
      return `${c} + CASE WHEN ${c} > 0 THEN -1 ELSE 1 END`;
    case "numeric":
      return `${c} + CASE WHEN ${c} > 0 THEN -1 ELSE 1 END * power(10::numeric, -${first === undefined ? `scale(${c})` : String(second ?? 0)})::numeric(70, ${first === undefined ? 30 : (second ?? 0)})`;
    case "boolean":
      return `NOT ${c}`;
    case "real":
    case "double precision":
      return `'${nextFloat(value, bare === "real")}'::${bare}`;
    case "date":
      return `CASE WHEN isfinite(${c}) THEN ${c} - 1 ELSE '2000-01-01' END`;
    case "interval":
      return `${c} + interval '${step(first)} s'`;
    case "time":
    case "time without time zone":
      return `CASE WHEN ${c} > '00:00:01' THEN ${c} - interval '${step(first)} s' ELSE ${c} + interval '${step(first)} s' END`;
    case "bytea":
      return `CASE WHEN length(${c}) = 0 THEN '\\x00' ELSE set_bit(${c}, 0, 1 - get_bit(${c}, 0)) END`;
    case "bit":
      return `set_bit(${c}, ${(first ?? 1) - 1}, 1 - get_bit(${c}, ${(first ?? 1) - 1}))`;
    case "uuid":
      return `overlay(${c}::text placing CASE WHEN right(${c}::text, 1) = '0' THEN '1' ELSE '0' END from 36)::uuid`;
    case "inet":
      return `set_masklen(${c}, masklen(${c}) - 1)`;
    case "jsonb":
      return `jsonb_build_array(${c})`;
    case "json":
      return `(${c}::text || ' ')::json`;
    case "codec_label":
      return `CASE WHEN ${c} = 'small' THEN 'MEDIUM' ELSE 'small' END::codec_label`;
    case "character":
      return otherFirst(c);
    case "character varying":
      return `CASE WHEN length(${c}) < ${first ?? 1} THEN ${c} || ' ' ELSE ${otherFirst(c)} END`;
    case "text":
      return `${c} || ' '`;
    default:
      throw new Error(`no smallest change of ${type}`);
  }
}

/** The sign of zero, or the last bit. */
function nextFloat(value: string, single: boolean): string {
  if (value === "0") return "-0";
  const bits = Buffer.alloc(single ? 4 : 8);
  if (single) bits.writeFloatLE(Number(value));
  else bits.writeDoubleLE(Number(value));
  bits[0] = (bits[0] ?? 0) ^ 1;
  return String(single ? bits.readFloatLE() : bits.readDoubleLE());
}

function otherFirst(c: string): string {
  return `overlay(${c} placing CASE WHEN left(${c}, 1) = 'z' THEN 'y' ELSE 'z' END from 1 for 1)`;
}

/** One unit of the last fraction digit, in seconds. */
function step(digits = 6): string {
  return digits === 0 ? "1" : `0.${"1".padStart(digits, "0")}`;
}
