/**
 * What a digest of a table is made of: the columns whose value has one exact text on both sides (the codecs know it), and
 * what such a text does not tell. A column without one is left to streaming; nothing is left out in silence.
 */
import type { PlanColumn, PlanTable, SourceEngine } from "../model.js";
import { mysqlName, postgresName } from "../safety/identifier.js";
import { codecOf } from "../typemap/compile.js";
import { parseTargetType } from "../typemap/family.js";
import type { DigestText } from "../verify-port.js";

export interface DigestTexts {
  /** The same columns in the same order. */
  readonly source: readonly DigestText[];
  readonly target: readonly DigestText[];
  /** Columns without an exact text. */
  readonly streamed: readonly PlanColumn[];
}

export interface ColumnBlindness {
  /** Source name. */
  readonly column: string;
  /** True where the digest has nothing of it and its bytes are streamed instead. */
  readonly streamed: boolean;
  /** Why, or what of it nobody sees: the end of a sentence. */
  readonly reason: string;
}

const long = new Set([
  ...["tinytext", "text", "mediumtext", "longtext", "tinyblob", "blob", "mediumblob", "longblob", "json"],
  ...["geometry", "point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon"],
  ...["geomcollection", "geometrycollection", "vector"],
]);

export function digestTexts(columns: readonly PlanColumn[], engine: SourceEngine): DigestTexts {
  const texts = columns.map((column) => ({ column, sides: sidesOf(column, engine) }));
  const exact = texts.flatMap(({ sides }) => (sides === null ? [] : [sides]));
  return {
    source: exact.map(({ source }) => source),
    target: exact.map(({ target }) => target),
    streamed: texts.flatMap(({ column, sides }) => (sides === null ? [column] : [])),
  };
}

/** The key's columns in the key's order; null where one of them has no exact text, or there is no key. */
export function keyTexts(table: PlanTable, engine: SourceEngine): DigestTexts | null {
  if (table.key === null) return null;
  const columns = table.key.columns.flatMap((name) => table.columns.filter(({ source }) => source === name));
  const texts = digestTexts(columns, engine);
  return texts.streamed.length > 0 || columns.length < table.key.columns.length ? null : texts;
}

function sidesOf(
  planned: PlanColumn,
  engine: SourceEngine,
): { readonly source: DigestText; readonly target: DigestText } | null {
  const codec = codecOf(planned, engine);
  const [here, there] = [mysqlName(planned.source), postgresName(planned.target)];
  const [source, target] = [codec.canonicalSource(here), codec.canonicalTarget(there)];
  if (source === null || target === null) return null;
  const both = { long: long.has(planned.column.type) };
  return {
    // A policy that makes NULL of some values does so in the text.
    source: { value: losesValues(planned) ? source : here, text: source, ...both },
    target: { value: there, text: target, ...both },
  };
}

function losesValues({ policy }: PlanColumn): boolean {
  return policy.zeroDate === "null" || policy.enumZero === "null";
}

/** What a digest of the table cannot see, column by column; columns that it sees whole are not in it. */
export function digestBlindness(table: PlanTable, engine: SourceEngine): readonly ColumnBlindness[] {
  return table.columns.flatMap((planned): ColumnBlindness[] => {
    const streamed = sidesOf(planned, engine) === null;
    const reason = streamed ? noText(planned) : unseen(planned);
    return reason === null ? [] : [{ column: planned.source, streamed, reason }];
  });
}

function noText({ column }: PlanColumn): string {
  return column.type === "json"
    ? "the two servers print numbers in JSON differently"
    : "its characters are made again from their bytes, for which the source has no text of its own";
}

/** What two values of the target may differ in and have one text all the same. */
function unseen({ column, targetType }: PlanColumn): string | null {
  const { text, base, first, second } = parseTargetType(targetType);
  if (column.type === "float" || column.type === "double") return "the sign of zero";
  if (base === "interval") return "whether an interval is told in days or in hours";
  if (base === "numeric" && column.type !== "decimal")
    return first === null || (second ?? 0) > 0 ? "a fraction, which no value of the source has" : null;
  if (base === "numeric" && first !== null && (second ?? 0) > (column.scale ?? 0))
    return "digits past the source's scale";
  if (text === "text[]")
    return "whether a comma parts two members or stands in one, and members that are NULL";
  if (base === "inet") return "the length of an address's network prefix";
  if (base === "date" || base.startsWith("timestamp")) return "an era before Christ";
  if (text === "real[]") return "the dimensions of an array";
  return null;
}
