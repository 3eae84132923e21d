/** Functions of dates and times. What leaves the calendar that the source knows is NULL there, and so here. */
import type { Translator } from "./context.js";
import { momentLiteral } from "./comparison.js";
import { quoted } from "./literal.js";
import { fields, outside, variant } from "./node.js";
import { type Value, exact, spoken, value, wallClock } from "./value.js";

/** What is certain to be a date or a wall clock: a column, a result, or a literal written in full. */
function clock(operand: Value): Value {
  if (operand.kind === "text" && operand.literal !== null) {
    const moment = momentLiteral(operand.literal, "clock");
    if (moment !== null) return moment;
  }
  if (operand.kind === "date") return operand;
  return wallClock(operand);
}

const parts: Readonly<Record<string, string>> = {
  YEAR: "extract(year from #)::integer",
  MONTH: "extract(month from #)::integer",
  DAY: "extract(day from #)::integer",
  DAYOFMONTH: "extract(day from #)::integer",
  DAYOFYEAR: "extract(doy from #)::integer",
  QUARTER: "extract(quarter from #)::integer",
  HOUR: "extract(hour from #)::integer",
  MINUTE: "extract(minute from #)::integer",
  SECOND: "floor(extract(second from #))::integer",
  WEEKDAY: "(extract(isodow from #)::integer - 1)",
  DAYOFWEEK: "(extract(dow from #)::integer + 1)",
  WEEKOFYEAR: "extract(week from #)::integer",
};

export const partNames: readonly string[] = Object.keys(parts);

export function part(name: string, operand: Value): Value {
  const pattern = parts[name];
  if (pattern === undefined) return outside(`the ${name.toLowerCase()} of a date`);
  const at = clock(operand);
  // A date has no hours for PostgreSQL.
  const sql = ["HOUR", "MINUTE", "SECOND"].includes(name) ? wallClock(at).sql : at.sql;
  return value("int", pattern.replace("#", sql), "integer", {
    digits: 4,
    unsigned: true,
    immutable: at.immutable,
    plain: name !== "YEAR",
  });
}

export function extracted(body: unknown, translator: Translator): Value {
  const node = fields(body, "EXTRACT", ["field", "syntax", "expr"]);
  const field = typeof node["field"] === "string" ? node["field"].toUpperCase() : "";
  if (!["YEAR", "MONTH", "DAY", "QUARTER", "HOUR", "MINUTE", "SECOND"].includes(field))
    return outside(`EXTRACT of ${field.toLowerCase()}`);
  return part(field, translator.value(node["expr"]));
}

/** TO_DAYS counts from the year 0, which PostgreSQL has not. */
export function dayNumber(operand: Value): Value {
  const day = dateOf(operand);
  return value("int", `(${day.sql} - '0001-01-01'::date + 366)`, "integer", {
    digits: 7,
    immutable: day.immutable,
  });
}

/** WEEK by mode 3 is the week of ISO 8601, as WEEKOFYEAR. */
export function week(operand: Value, mode: Value): Value {
  return mode.literal === "3" ? part("WEEKOFYEAR", operand) : outside("WEEK by a mode other than 3");
}

export function dateOf(operand: Value): Value {
  const at = clock(operand);
  if (at.kind === "date") return { ...at, origin: null };
  return value("date", `${at.sql}::date`, "date", { immutable: at.immutable });
}

export function dayDifference(left: Value, right: Value): Value {
  const [a, b] = [dateOf(left), dateOf(right)];
  return value("int", `(${a.sql} - ${b.sql})`, "integer", {
    digits: 7,
    immutable: a.immutable && b.immutable,
  });
}

export function lastDay(operand: Value): Value {
  const at = wallClock(clock(operand));
  const sql = `(date_trunc('month', ${at.sql}) + interval '1 month - 1 day')::date`;
  return value("date", sql, "date", { immutable: at.immutable });
}

const seconds: Readonly<Record<string, number>> = {
  SECOND: 1,
  MINUTE: 60,
  HOUR: 3600,
  DAY: 86_400,
  WEEK: 604_800,
};

export function difference(unit: string, from: Value, to: Value): Value {
  const size = seconds[unit];
  if (size === undefined) return outside(`TIMESTAMPDIFF in ${unit.toLowerCase()}s`);
  const [a, b] = [wallClock(clock(from)), wallClock(clock(to))];
  const sql = `trunc(extract(epoch from (${b.sql} - ${a.sql})) / ${String(size)})::bigint`;
  return value("int", sql, "bigint", { digits: 13, immutable: a.immutable && b.immutable });
}

/** So many of a unit lead out of the calendar from wherever one begins: NULL on the source, too far to compute here. */
const farthest: Readonly<Record<string, number>> = {
  SECOND: 320_000_000_000,
  MINUTE: 5_300_000_000,
  HOUR: 88_000_000,
  DAY: 3_660_000,
  WEEK: 523_000,
  MONTH: 121_000,
  QUARTER: 40_500,
  YEAR: 10_100,
};

/** MySQL's unit to PostgreSQL's; what is a month or more clamps the day on both sides. */
const units: Readonly<Record<string, string>> = {
  SECOND: "1 second",
  MINUTE: "1 minute",
  HOUR: "1 hour",
  DAY: "1 day",
  WEEK: "7 days",
  MONTH: "1 month",
  QUARTER: "3 months",
  YEAR: "1 year",
};

export function shifted(operand: Value, sign: "+" | "-", interval: unknown, translator: Translator): Value {
  const node = fields(interval, "INTERVAL", ["value", "leading_field"]);
  const unit = variant(node["leading_field"])[0].toUpperCase();
  const one = units[unit];
  if (one === undefined) return outside(`an INTERVAL in ${unit.toLowerCase() || "an unusual unit"}`);
  const given = translator.value(node["value"]);
  const limit = String(farthest[unit] ?? 0);
  const written =
    given.kind === "text" && given.literal !== null && /^-?\d{1,9}$/.test(given.literal)
      ? given.literal
      : given.kind === "int"
        ? exact(given).sql
        : outside("an INTERVAL of other than whole units");
  const small = given.literal !== null && Math.abs(Number(given.literal)) <= Number(limit);
  const many = small
    ? `${written}::integer`
    : `(CASE WHEN ${written} BETWEEN -${limit} AND ${limit} THEN ${written}::double precision END)`;
  const at = clock(operand);
  const whole = at.kind === "date" && ["DAY", "WEEK", "MONTH", "QUARTER", "YEAR"].includes(unit);
  const base = whole ? at : wallClock(at);
  const moved = `(${base.sql} ${sign} ${many} * interval '${one}')`;
  const immutable = base.immutable && given.immutable;
  const pg = whole ? "date" : "timestamp without time zone";
  const sql = whole ? `${moved}::date` : moved;
  const fsp = base.fsp;
  // The present is far from both ends of the calendar.
  if (/^(?:date_trunc\('[a-z]+', LOCALTIMESTAMP\)|LOCALTIMESTAMP|CURRENT_DATE)$/.test(at.sql))
    return value(whole ? "date" : "datetime", sql, pg, { immutable, fsp });
  const bounds = whole
    ? "BETWEEN '0001-01-01'::date AND '9999-12-31'::date"
    : "BETWEEN '0001-01-01'::timestamp AND '9999-12-31 23:59:59.999999'::timestamp";
  return value(whole ? "date" : "datetime", `(CASE WHEN ${moved} ${bounds} THEN ${sql} END)`, pg, {
    immutable,
    fsp,
  });
}

export function now(fsp: number, { around }: Translator): Value {
  around.notes.add("time-dependent");
  const cut = { 0: "second", 3: "milliseconds", 6: null }[fsp];
  if (cut === undefined) return outside(`the present with ${String(fsp)} fraction digits`);
  const sql = cut === null ? "LOCALTIMESTAMP" : `date_trunc('${cut}', LOCALTIMESTAMP)`;
  return value("datetime", sql, "timestamp without time zone", { fsp, immutable: false });
}

export function today({ around }: Translator): Value {
  around.notes.add("time-dependent");
  return value("date", "CURRENT_DATE", "date", { immutable: false });
}

export function unixTime(operand: Value): Value {
  if (operand.kind !== "instant") return outside(`UNIX_TIMESTAMP of ${spoken(operand)}`);
  const epoch = `extract(epoch from ${operand.sql})`;
  const { immutable } = operand;
  if (operand.fsp === 0) return value("int", `${epoch}::bigint`, "bigint", { digits: 11, immutable });
  return value("decimal", `round(${epoch}, ${String(operand.fsp)})`, "numeric", {
    digits: 11,
    scale: operand.fsp,
    immutable,
  });
}

/** DATE_FORMAT's letters in to_char's; what has no exact like is not in it. */
const letters: Readonly<Record<string, string>> = {
  Y: "YYYY",
  y: "YY",
  m: "MM",
  c: "FMMM",
  d: "DD",
  e: "FMDD",
  H: "HH24",
  k: "FMHH24",
  h: "HH12",
  I: "HH12",
  l: "FMHH12",
  i: "MI",
  s: "SS",
  S: "SS",
  f: "US",
  p: "AM",
  M: "FMMonth",
  b: "Mon",
  W: "FMDay",
  a: "Dy",
  j: "DDD",
  T: "HH24:MI:SS",
  r: "HH12:MI:SS AM",
};

export function formatted(operand: Value, pattern: Value): Value {
  if (pattern.literal === null || pattern.kind !== "text")
    return outside("DATE_FORMAT with a pattern that is no plain text");
  const at = wallClock(clock(operand));
  let out = "";
  let plain = "";
  const flush = (): void => {
    if (plain !== "") out += `"${plain.replaceAll(/["\\]/g, "\\$&")}"`;
    plain = "";
  };
  for (let place = 0; place < pattern.literal.length; place += 1) {
    const char = pattern.literal.charAt(place);
    if (char !== "%") {
      plain += char;
      continue;
    }
    place += 1;
    const letter = pattern.literal.charAt(place);
    if (letter === "%") {
      plain += "%";
      continue;
    }
    const like = letters[letter];
    if (like === undefined) return outside(`DATE_FORMAT with %${letter}`);
    flush();
    // Two patterns side by side could read as one: YY and YY as YYYY.
    out += out !== "" && !out.endsWith('"') ? `""${like}` : like;
  }
  flush();
  return value("text", `to_char(${at.sql}, ${quoted(out)})`, "text", {
    immutable: false,
    padded: pattern.literal.endsWith(" "),
  });
}
