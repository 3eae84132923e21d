/**
 * Questions about numbers, dates, times and labels: values that MySQL holds and the column's target does not. Each
 * answers for one refusal of the column's codec, so that `check` names with a count what the copy would stop at.
 */
import type { PlanColumn, PlanTable } from "../../src/model.js";
import { mysqlName } from "../../src/safety/identifier.js";
import { unreadableLabels } from "./catalogue-labels.js";
import { policyLine, typeLine } from "./profile-probe.js";
import type { Probe } from "./profile-probe.js";
import { impossibleDate } from "./profile-value.js";

const dateTypes = new Set(["date", "datetime", "timestamp"]);

/** Zero, partial and impossible dates, one year 0 included: those that the policy zeroDate is about. */
export function dateProbes(table: PlanTable, column: PlanColumn): readonly Probe[] {
  if (!dateTypes.has(column.column.type) || !/^(?:date|timestamp)/u.test(column.targetType)) return [];
  return [...zeroDates(table, column), ...earlyYears(column)];
}

/** What two-digit years turn into when nobody looks: valid on both sides, and rarely meant. */
function earlyYears(column: PlanColumn): readonly Probe[] {
  if (column.column.type === "timestamp") return [];
  const c = mysqlName(column.source);
  return [
    {
      code: "year-before-1000",
      severity: "info",
      column,
      condition: `(YEAR(${c}) BETWEEN 1 AND 999 AND NOT ${impossibleDate(c)})`,
      what: "are in the years 1 to 999, which MySQL does not promise to hold and PostgreSQL does; they are copied as they stand",
      fix: "Nothing needs to be done; look whether a two-digit year was meant.",
      settle: [],
    },
  ];
}

function zeroDates(table: PlanTable, column: PlanColumn): readonly Probe[] {
  if (column.policy.zeroDate !== "refuse") return [];
  const c = mysqlName(column.source);
  const inKey = table.key?.columns.includes(column.source) === true;
  const zeroDate = column.column.nullable && !inKey ? '"null"' : '"-infinity"';
  return [
    {
      code: "zero-date",
      severity: "error",
      column,
      condition: impossibleDate(c),
      what: "are zero, partial or impossible dates, which PostgreSQL does not hold; the copy would stop at the first",
      fix: `Declare the policy zeroDate for the column ("null" or "-infinity"), map it to text, or mend the values.`,
      settle: [policyLine(table, column.source, `zeroDate: ${zeroDate}`)],
    },
  ];
}

/** TIME beyond a day where the target is a time of day. */
export function timeProbes(table: PlanTable, column: PlanColumn): readonly Probe[] {
  if (column.column.type !== "time" || !/^time\b.*without/u.test(column.targetType)) return [];
  const c = mysqlName(column.source);
  return [
    {
      code: "time-range",
      severity: "error",
      column,
      condition: `(${c} < TIME '00:00:00' OR ${c} > TIME '24:00:00')`,
      what: "are outside 00:00:00 to 24:00:00, which only interval holds; the copy would stop at the first",
      fix: "Map the column to interval.",
      settle: [typeLine(table, column, "type: interval")],
    },
  ];
}

/** Whole numbers past the target's range, and flags that are neither 0 nor 1. */
export function integerProbes(table: PlanTable, column: PlanColumn): readonly Probe[] {
  const c = mysqlName(column.source);
  const range = integerRange(column);
  if (range === null) return [];
  if (column.targetType === "boolean")
    return [
      {
        code: "boolean-value",
        severity: "error",
        column,
        condition: `(${c} NOT IN (0, 1))`,
        what: "are neither 0 nor 1, and the target is boolean; the copy would stop at the first",
        fix: "Map the column to smallint.",
        settle: [typeLine(table, column, asNumber(column, "smallint"))],
      },
    ];
  const target = targetRanges.get(column.targetType);
  if (target === undefined) return [];
  const bounds = [
    ...(range.max > target.max ? [`${c} > ${target.max}`] : []),
    ...(range.min < target.min ? [`${c} < ${target.min}`] : []),
  ];
  if (bounds.length === 0) return [];
  return [
    {
      code: column.targetType === "bigint" ? "bigint-range" : "integer-range",
      severity: "error",
      column,
      condition: `(${bounds.join(" OR ")})`,
      what: `are outside the range of ${column.targetType}; the copy would stop at the first`,
      fix:
        column.identity === null
          ? `Map the column to ${wider(column)}, and what foreign keys tie to it.`
          : "An identity of PostgreSQL is bigint at most: renumber these rows, or map column and references to numeric(20,0) without identity.",
      settle: [
        typeLine(table, column, asNumber(column, column.identity === null ? wider(column) : "numeric(20,0)")),
      ],
    },
  ];
}

/**
 * A rule's `to` for a number of another type, with the CHECK that the built-in rule for unsigned columns has. It says
 * nothing of identity: where the type cannot be one, the plan tells it, and a silent `none` would hide it.
 */
export function asNumber(column: PlanColumn, type: string): string {
  const spelled = /[,(]/u.test(type) ? `"${type}"` : type;
  return `type: ${spelled}${column.column.unsigned ? ", check: not-negative" : ""}`;
}

export interface Bounds {
  readonly min: bigint;
  readonly max: bigint;
}

const targetRanges: ReadonlyMap<string, Bounds> = new Map(
  (
    [
      ["smallint", 16n],
      ["integer", 32n],
      ["bigint", 64n],
    ] as const
  ).map(([name, bits]) => [name, { min: -(1n << (bits - 1n)), max: (1n << (bits - 1n)) - 1n }]),
);

/** What a target's integer type holds; null for other types. */
export function targetRange(targetType: string): Bounds | null {
  return targetRanges.get(targetType) ?? null;
}

const sourceBits: ReadonlyMap<string, bigint> = new Map([
  ["tinyint", 8n],
  ["smallint", 16n],
  ["mediumint", 24n],
  ["int", 32n],
  ["bigint", 64n],
]);

/** What the source's integer type holds; null for other types. */
export function integerRange({ column }: PlanColumn): Bounds | null {
  const bits = sourceBits.get(column.type);
  if (bits === undefined) return null;
  return column.unsigned
    ? { min: 0n, max: (1n << bits) - 1n }
    : { min: -(1n << (bits - 1n)), max: (1n << (bits - 1n)) - 1n };
}

/** The smallest target that holds all of the source type. */
function wider(column: PlanColumn): string {
  const range = integerRange(column);
  const fitting = [...targetRanges].find(
    ([, target]) => range !== null && target.min <= range.min && target.max >= range.max,
  );
  return fitting?.[0] ?? "numeric(20,0)";
}

/** YEAR 0000 is copied as 0, which is faithful; who reads it as a year may be surprised. YEAR(2) says less than it holds. */
export function yearProbes(table: PlanTable, column: PlanColumn): readonly Probe[] {
  if (column.column.type !== "year") return [];
  if (column.column.length === 2)
    return [
      {
        code: "year-of-two-digits",
        severity: "error",
        column,
        condition: `(${mysqlName(column.source)} IS NOT NULL)`,
        what: "are years of two digits, of which the source hands out 5 where it means 2005, and its log says 2005",
        fix: `ALTER TABLE ${mysqlName(table.source)} MODIFY ${mysqlName(column.source)} YEAR(4) on the source, with NOT NULL and DEFAULT as they are: it keeps what is meant.`,
        settle: [],
      },
    ];
  return [
    {
      code: "year-zero",
      severity: "info",
      column,
      condition: `(${mysqlName(column.source)} + 0 = 0)`,
      what: "are the year 0000, which is copied as 0",
      fix: "Nothing needs to be done.",
      settle: [],
    },
  ];
}

/** Enum index 0, a set's label that nobody sees, and labels whose text the catalogue could not tell. */
export function labelProbes(table: PlanTable, column: PlanColumn): readonly Probe[] {
  const { type, labels } = column.column;
  if (type !== "enum" && type !== "set") return [];
  const c = mysqlName(column.source);
  const probes: Probe[] = [];
  if (type === "enum" && column.policy.enumZero === "refuse") {
    const keeps = /^(?:text|citext|character varying)/u.test(column.targetType);
    probes.push({
      code: "enum-zero",
      severity: "error",
      column,
      condition: `(${c} + 0 = 0)`,
      what: "have enum index 0, the error value that is no label; the copy would stop at the first",
      fix: "Declare the policy enumZero for the column (keep or null), or mend the values.",
      settle: [policyLine(table, column.source, `enumZero: ${keeps ? "keep" : '"null"'}`)],
    });
  }
  const empty = type === "set" ? labels.indexOf("") : -1;
  if (empty >= 0)
    probes.push({
      code: "set-empty-label",
      severity: "info",
      column,
      condition: `(CAST(${c} AS UNSIGNED) & ${String(1n << BigInt(empty))} <> 0)`,
      what: "have the label '', which the source itself prints as if it were not there; the target has what is printed",
      fix: "Nothing needs to be done, unless a program reads the column as a number; then give the label a name on the source.",
      settle: [],
    });
  const stripped = type === "set" && column.targetType !== "text[]" && column.policy.nul === "strip";
  if (labels.some((label) => label.includes("\0")) && !stripped)
    probes.push({
      code: "label-nul",
      severity: "error",
      column,
      condition: `(INSTR(CAST(CONVERT(${c} USING utf8mb4) AS BINARY), 0x00) > 0)`,
      what: "have a label with U+0000 in it, which no text of PostgreSQL holds; the copy would stop at the first",
      fix: "Rename the label on the source (ALTER TABLE ... MODIFY).",
      settle: [],
    });
  const unreadable = unreadableLabels(column.column);
  // A set's number is a double from the 64th member on; those few columns keep preflight's word for it.
  const judged = column.heldToLabels === true && unreadable.length > 0;
  if (judged && (type === "enum" || labels.length < 53)) {
    const mask = unreadable.reduce((sum, index) => sum | (1n << BigInt(index)), 0n);
    probes.push({
      code: "label-unreadable",
      severity: "error",
      column,
      condition:
        type === "enum"
          ? `(${c} + 0 IN (${unreadable.map((index) => index + 1).join(", ")}))`
          : `((${c} + 0) & ${mask} <> 0)`,
      what: "use a label that the source's catalogue prints with a question mark, so a CHECK on the target would refuse its real text",
      fix: "Map the column without a CHECK, or rename the label.",
      settle: [typeLine(table, column, `type: ${type === "enum" ? "text" : '"text[]"'}, check: none`)],
    });
  }
  return probes;
}
