/**
 * Canonical SQL text of types.md section 2 where it takes more than a cast. Both sides print the same characters for
 * the same value, so that digests computed inside the two servers agree. Every expression here was run on both.
 */
import type { ColumnPolicy, SourceColumn } from "../model.js";

type Expression = (column: string) => string;

/** IEEE-754 bits in plain SQL: the servers' shortest digits differ. `+0e0` where SELECT would round (FLOAT, (M,D)). */
export function canonicalFloatSource(column: SourceColumn): Expression {
  const exact = column.type === "double" && column.precision === null && !column.zerofill;
  return (name) => {
    const d = exact ? name : `(${name}+0e0)`;
    const l = `LEAST(1023,FLOOR(LOG2(ABS(${d}))))`;
    const k = `GREATEST(-1022,${l}-(ABS(${d})<POW(2,${l})))`;
    const bits = `((${d}<0)<<63)|(((${k}+1022)<<52)+CAST(ABS(${d})/POW(2,${k})*4503599627370496e0 AS UNSIGNED))`;
    return `IF(${d}=0,'0000000000000000',LPAD(HEX(${bits}),16,'0'))`;
  };
}

export const canonicalFloatTarget: Expression = (name) =>
  `upper(encode(float8send(${name}::float8+0.0::float8),'hex'))`;

/** A date part that PostgreSQL does not take: zero, partial, year 0, or no day of its month (2024-02-30). */
export function noDate(name: string): string {
  const first = `CONCAT(DATE_FORMAT(${name},'%Y-%m'),'-01')`;
  return `(YEAR(${name})=0 OR MONTH(${name})=0 OR DAYOFMONTH(${name})=0 OR DAYOFMONTH(${name})>DAYOFMONTH(LAST_DAY(${first})))`;
}

/** Source text of DATE, DATETIME and TIMESTAMP with what the policy makes of impossible dates. */
export function canonicalDateSource(format: string, policy: ColumnPolicy): Expression {
  return (name) => {
    const text = `DATE_FORMAT(${name},'${format}')`;
    if (policy.zeroDate === "refuse") return text;
    return `IF(${noDate(name)},${policy.zeroDate === "null" ? "NULL" : "'-infinity'"},${text})`;
  };
}

export function canonicalDateTarget(format: string, policy: ColumnPolicy, value: Expression): Expression {
  return (name) => {
    const text = `to_char(${value(name)},'${format}')`;
    return policy.zeroDate === "-infinity"
      ? `CASE WHEN isfinite(${name}) THEN ${text} ELSE ${name}::text END`
      : text;
  };
}

export const canonicalTimeSource: Expression = (name) => `TIME_FORMAT(${name},'%H:%i:%s.%f')`;

/** to_char alone prints -838:-59:-59. */
export const canonicalIntervalTarget: Expression = (name) => {
  const e = `abs(extract(epoch from ${name}))`;
  const hours = `floor(${e}/3600)`;
  return (
    `CASE WHEN ${name}<interval '0' THEN '-' ELSE '' END||` +
    `CASE WHEN ${hours}<100 THEN lpad(${hours}::int::text,2,'0') ELSE ${hours}::int::text END||` +
    `to_char((${e}-${hours}*3600)*interval '1 second','FM:MI:SS.US')`
  );
};

/** The source's own geometry bytes (SRID, then WKB) out of EWKB, whose SRID stands after the type when it is not 0. */
export const canonicalEwkbTarget: Expression = (name) =>
  `upper(encode(CASE WHEN get_byte(${name},4)&32<>0 THEN substr(${name},6,4)||substr(${name},1,4)||` +
  `set_byte('\\x00'::bytea,0,get_byte(${name},4)-32)||substr(${name},10) ELSE '\\x00000000'::bytea||${name} END,'hex'))`;

/** real[] as the little-endian bytes that the source keeps. */
export const canonicalVectorTarget: Expression = (name) => {
  const byte = (place: number): string => `substr(b,${place},1)`;
  return (
    // Of no elements at all there is nothing to join, which is not NULL.
    `(CASE WHEN ${name} IS NOT NULL THEN coalesce((SELECT string_agg(upper(encode(${byte(4)}||${byte(3)}||${byte(2)}||${byte(1)},'hex')),'' ORDER BY n) ` +
    `FROM (SELECT float4send(v) AS b,n FROM unnest(${name}) WITH ORDINALITY AS u(v,n)) AS s),'') END)`
  );
};
