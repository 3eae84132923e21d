/**
 * One type for the columns that foreign keys tie together. PostgreSQL refuses a foreign key from numeric to bigint,
 * and a narrower child could not hold what its parent takes; so all of a tie get its widest type. A tie that an
 * identity is part of stays an integer, and one that is compared under ICU in one place is so in all. What cannot be brought together is left as it is: foreign-keys.ts leaves such
 * a key out and says so.
 */
import type { DecidedColumn, DecidedTable } from "./columns.js";
import type { Findings } from "./finding.js";
import { isText } from "./text-equality.js";
import type { Ties } from "./ties.js";

const ladder = ["boolean", "smallint", "integer", "bigint"] as const;

/** The tables again, tied columns in one type. */
export function unifyTies(
  tables: readonly DecidedTable[],
  ties: Ties,
  findings: Findings,
): readonly DecidedTable[] {
  const members = new Map<string, DecidedColumn[]>();
  for (const table of tables)
    for (const decided of table.decided) {
      const tie = ties.of(table.source.name, decided.column.name);
      if (tie !== null) members.set(tie, [...(members.get(tie) ?? []), decided]);
    }
  const types = new Map([...members].map(([tie, columns]) => [tie, commonType(columns)]));
  const icu = new Set(
    [...members].flatMap(([tie, columns]) =>
      columns.some(({ collation }) => collation === "icu") ? [tie] : [],
    ),
  );
  return tables.map((table) => ({
    ...table,
    decided: table.decided.map((given) => {
      const tie = ties.of(table.source.name, given.column.name);
      const decided = tie !== null && icu.has(tie) ? underIcu(table, given, findings) : given;
      const type = tie === null ? null : (types.get(tie) ?? null);
      if (type === null || type === decided.targetType) return decided;
      const object = `${table.source.name}.${decided.column.name}`;
      findings.add({
        code: "foreign-key-type",
        severity: "info",
        object,
        sentence: `${object} becomes ${type} instead of ${decided.targetType} (${decided.rule}): a foreign key ties it to a column of that type.`,
        fix: "Nothing to do, or map all columns of the foreign key alike.",
      });
      return { ...decided, targetType: type };
    }),
  }));
}

/** PostgreSQL wants one collation on both sides of a foreign key as soon as one of them is nondeterministic. */
function underIcu(table: DecidedTable, decided: DecidedColumn, findings: Findings): DecidedColumn {
  if (decided.collation === "icu" || !isText(decided)) return decided;
  const object = `${table.source.name}.${decided.column.name}`;
  findings.add({
    code: "foreign-key-collation",
    severity: "info",
    object,
    sentence: `${object} is compared under ICU too (collation: icu instead of ${decided.collation}): a foreign key ties it to a column that is.`,
    fix: "Nothing to do, or give all columns of the foreign key one rule.",
  });
  return { ...decided, collation: "icu" };
}

/** The widest type of a tie, null when its members have nothing in common. */
export function commonType(columns: readonly DecidedColumn[]): string | null {
  const types = [...new Set(columns.map(({ targetType }) => targetType))];
  const [first] = types;
  if (first === undefined) return null;
  if (types.length === 1) return first;
  const counted = columns.some(({ identity }) => identity !== null);
  return integers(types, counted) ?? decimals(types) ?? texts(types);
}

function integers(types: readonly string[], counted: boolean): string | null {
  const known = types.filter((type) => type !== "numeric(20,0)");
  const places = known.map((type) => ladder.findIndex((step) => step === type));
  if (places.includes(-1)) return null;
  const widest = ladder[Math.max(...places)];
  if (known.length === types.length) return widest ?? null;
  return counted ? "bigint" : "numeric(20,0)";
}

function decimals(types: readonly string[]): string | null {
  let whole = 0;
  let fraction = 0;
  for (const type of types) {
    const parts = /^numeric\((\d+),(\d+)\)$/.exec(type);
    if (parts === null) return null;
    fraction = Math.max(fraction, Number(parts[2]));
    whole = Math.max(whole, Number(parts[1]) - Number(parts[2]));
  }
  return `numeric(${String(whole + fraction)},${String(fraction)})`;
}

function texts(types: readonly string[]): string | null {
  let longest = 0;
  for (const type of types) {
    if (type === "text") continue;
    const parts = /^character varying\((\d+)\)$/.exec(type);
    if (parts === null) return null;
    longest = Math.max(longest, Number(parts[1]));
  }
  return types.includes("text") ? "text" : `character varying(${String(longest)})`;
}
