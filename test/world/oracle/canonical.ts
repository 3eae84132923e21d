/**
 * The oracle's own canonical texts, written from the rules in types.md section 2 and from nothing in src: for a
 * source column and the type it has on the target, one SQL expression on each side that must give equal text for
 * equal values. Sharing this with the product would let one mistake hide itself on both sides.
 */

export interface OracleColumn {
  readonly name: string;
  /** DATA_TYPE and COLUMN_TYPE of information_schema. */
  readonly dataType: string;
  readonly columnType: string;
  /** format_type() of the target's column. */
  readonly targetType: string;
  readonly targetName: string;
  /** The source is MariaDB and the column's JSON is its own text. */
  readonly json: boolean;
  readonly mariadb: boolean;
}

export interface Sides {
  readonly source: string;
  readonly target: string;
}

const my = (name: string): string => "`" + name.replaceAll("`", "``") + "`";
const pg = (name: string): string => '"' + name.replaceAll('"', '""') + '"';

/** null for JSON, whose values are compared by the client. */
export function canonical(column: OracleColumn): Sides | null {
  const c = my(column.name);
  const t = pg(column.targetName);
  const target = column.targetType;
  if (column.json) return null;
  switch (column.dataType) {
    case "tinyint":
    case "smallint":
    case "mediumint":
    case "int":
    case "bigint":
      return {
        source: `CAST(${c}+0 AS CHAR)`,
        target: target === "boolean" ? `(${t}::int)::text` : `${t}::text`,
      };
    case "year":
      return { source: `CAST(${c}+0 AS CHAR)`, target: `${t}::text` };
    case "bit": {
      const width = Number(/\((\d+)\)/u.exec(column.columnType)?.[1] ?? "1");
      if (target === "boolean") return { source: `CAST(${c}+0 AS CHAR)`, target: `(${t}::int)::text` };
      return { source: `LPAD(BIN(${c}+0),${String(width)},'0')`, target: `${t}::text` };
    }
    case "decimal": {
      // A view's column shows each value with digits of its own, whatever its type says.
      const [, precision = "65", scale = "0"] = /\((\d+),(\d+)\)/u.exec(column.columnType) ?? [];
      return {
        source: `CAST(CAST(${c} AS DECIMAL(${precision},${scale})) AS CHAR)`,
        target: `${t}::text`,
      };
    }
    case "float":
    case "double":
      return {
        source: ieee(`(${c}+0e0)`),
        target: `upper(encode(float8send(${t}::float8 + 0.0::float8),'hex'))`,
      };
    case "char":
    case "varchar":
    case "tinytext":
    case "text":
    case "mediumtext":
    case "longtext":
    case "enum":
      if (target === "bytea")
        return { source: `HEX(CONVERT(${c} USING utf8mb4))`, target: `upper(encode(${t},'hex'))` };
      return { source: `CONVERT(${c} USING utf8mb4)`, target: `${t}::text` };
    case "set":
      return {
        source: `CONVERT(${c} USING utf8mb4)`,
        target: target.endsWith("[]") ? `array_to_string(${t},',')` : `${t}::text`,
      };
    case "date":
      return { source: `DATE_FORMAT(${c},'%Y-%m-%d')`, target: `to_char(${t},'YYYY-MM-DD')` };
    case "datetime":
      return {
        source: `DATE_FORMAT(${c},'%Y-%m-%d %H:%i:%s.%f')`,
        target: `to_char(${t},'YYYY-MM-DD HH24:MI:SS.US')`,
      };
    case "timestamp":
      return {
        source: `DATE_FORMAT(${c},'%Y-%m-%d %H:%i:%s.%f')`,
        target: `to_char(${t} AT TIME ZONE 'UTC','YYYY-MM-DD HH24:MI:SS.US')`,
      };
    case "time":
      return { source: `TIME_FORMAT(${c},'%H:%i:%s.%f')`, target: interval(t) };
    case "uuid":
      return { source: `CAST(${c} AS CHAR)`, target: `${t}::text` };
    case "inet4":
    case "inet6": {
      if (target !== "inet") return { source: `CAST(${c} AS CHAR)`, target: `${t}::text` };
      // The two servers shorten zeros differently; the bytes of an address are the same.
      const size = column.dataType === "inet4" ? 4 : 16;
      return {
        source: `HEX(CAST(${c} AS BINARY(${String(size)})))`,
        target: `upper(encode(substr(inet_send(${t}),5),'hex'))`,
      };
    }
    case "vector":
      return {
        source: `HEX(${c})`,
        // The bytes turned round by hand: reverse(bytea) is PostgreSQL 18's.
        target: `(SELECT coalesce(string_agg(substr(h,7,2)||substr(h,5,2)||substr(h,3,2)||substr(h,1,2),'' ORDER BY n),'') FROM (SELECT upper(encode(float4send(v),'hex')) AS h, n FROM unnest(${t}) WITH ORDINALITY AS u(v,n)) AS w)`,
      };
    case "geometry":
    case "point":
    case "linestring":
    case "polygon":
    case "multipoint":
    case "multilinestring":
    case "multipolygon":
    case "geomcollection":
    case "geometrycollection":
      return { source: `HEX(${c})`, target: geometry(t) };
    default:
      // binary, varbinary and the blobs: bytes.
      if (target === "uuid") return { source: `HEX(${c})`, target: `upper(replace(${t}::text,'-',''))` };
      return { source: `HEX(${c})`, target: `upper(encode(${t},'hex'))` };
  }
}

/** IEEE-754 bits of a double in pure SQL, exact on every MySQL and MariaDB. */
function ieee(d: string): string {
  const l = `LEAST(1023,FLOOR(LOG2(ABS(${d}))))`;
  const k = `GREATEST(-1022,${l}-(ABS(${d})<POW(2,${l})))`;
  return `IF(${d}=0,'0000000000000000',LPAD(HEX(((${d}<0)<<63)|(((${k}+1022)<<52)+CAST(ABS(${d})/POW(2,${k})*4503599627370496e0 AS UNSIGNED))),16,'0'))`;
}

/** The source's form is four bytes of SRID and WKB; EWKB has the SRID inside, flagged in the type's high byte, or none for 0. */
function geometry(t: string): string {
  const type = `set_byte(${t},4,get_byte(${t},4) & 223)`;
  const inside = `substr(${t},6,4) || substr(${type},1,5) || substr(${t},10)`;
  return `upper(encode(CASE WHEN get_byte(${t},4) & 32 = 32 THEN ${inside} ELSE '\\x00000000'::bytea || ${t} END,'hex'))`;
}

function interval(t: string): string {
  const e = `abs(extract(epoch from ${t}))`;
  return (
    `CASE WHEN ${t} < interval '0' THEN '-' ELSE '' END || CASE WHEN floor(${e}/3600)<100 THEN lpad(floor(${e}/3600)::int::text,2,'0') ` +
    `ELSE floor(${e}/3600)::int::text END || to_char((${e}-floor(${e}/3600)*3600)*interval '1 second','FM:MI:SS.US')`
  );
}

/** The whole row as one text that no NULL, empty text or separator can shift. */
export function rowText(sides: readonly Sides[], columns: readonly OracleColumn[]): Sides {
  const source = sides.map(
    (s, i) => `IF(${my(columns[i]?.name ?? "")} IS NULL,'N',CONCAT('V',LENGTH(${s.source}),':',${s.source}))`,
  );
  const target = sides.map(
    (s, i) =>
      `CASE WHEN ${pg(columns[i]?.targetName ?? "")} IS NULL THEN 'N' ELSE 'V'||octet_length(${s.target})||':'||${s.target} END`,
  );
  return {
    source: source.length === 0 ? "''" : `CONCAT(${source.join(",")})`,
    target: target.length === 0 ? "''" : target.join("||"),
  };
}
