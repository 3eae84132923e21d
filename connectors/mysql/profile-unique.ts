/**
 * Duplicates under the target's equality, for every unique key that is built there. A key of the source can only clash
 * there where two values become one on the way (by a policy, a rule, a character set), or where the index goes by a
 * collation that holds more equal than the source's. Where that cannot be, nothing is asked. The server groups by what the values become.
 */
import type { Finding, PlanColumn, PlanIndex, PlanTable, TextEquality } from "../../src/model.js";
import { mysqlName } from "../../src/safety/identifier.js";
import type { Connection } from "./connection.js";
import { equalBytes, readCollations } from "./equality.js";
import { proposedLines, typeLine } from "./profile-probe.js";
import type { Settlement } from "./profile-probe.js";
import { isText, mergingOf, targetValue } from "./profile-value.js";
import {
  keyList,
  packed,
  packedGroup,
  roomAgain,
  roomToPack,
  sampleSize,
  unpacked,
  valueText,
} from "./profile-sample.js";
import type { Samples } from "./profile-sample.js";
import { togetherOf } from "./profile-piece.js";
import type { TableOptions } from "./profile-piece.js";

/** What the rows of one key are grouped by, and why values may have become one. */
interface Grouping {
  readonly index: PlanIndex;
  readonly values: readonly string[];
  readonly why: string;
  readonly settle: readonly Settlement[];
}

/** The unique keys that can clash at all. */
export function groupings(table: PlanTable, collations: ReadonlySet<string>): readonly Grouping[] {
  return (table.indexes ?? []).flatMap((index) => {
    if (!index.unique) return [];
    const parts = index.parts.flatMap(({ column, prefix, equality }) => {
      const planned = table.columns.find(({ source }) => source === column);
      return planned === undefined ? [] : [{ planned, prefix, equality }];
    });
    const merging = parts.flatMap(({ planned, prefix, equality }) =>
      [
        // Of an index beside another one, the other is asked about everything but the collation.
        index.beside === true ? null : mergingOf(table, planned, prefix),
        collationMerging(table, planned, equality),
      ].flatMap((merged) => (merged === null ? [] : [{ ...merged, column: planned.source }])),
    );
    if (merging.length === 0) return [];
    const values = parts.map(({ planned, prefix, equality }) => {
      const equalText =
        equality === undefined ? undefined : (text: string) => equalBytes(text, equality, collations);
      const value = targetValue(planned, mysqlName(planned.source), prefix, equalText);
      // Sorting looks at the first bytes of a long value only (max_sort_length); a hash of it is short and whole.
      return isText(planned.column) || planned.column.type === "enum" ? `SHA2(${value}, 256)` : value;
    });
    const made = index.parts.flatMap(({ expression }) =>
      expression === undefined
        ? []
        : [expression.long ? `SHA2(${expression.source}, 256)` : expression.source],
    );
    return [
      {
        index,
        values: [...values, ...made],
        why: merging.map(({ column, why }) => `${column}: ${why}`).join("; "),
        settle: merging.flatMap(({ settle }) => settle),
      },
    ];
  });
}

/** ICU and lower() may hold more equal than the source's collation; blanks at the end they leave out only where it does. */
function collationMerging(
  table: PlanTable,
  planned: PlanColumn,
  equality: TextEquality | undefined,
): { readonly why: string; readonly settle: readonly Settlement[] } | null {
  if (equality === undefined || equality.by === "bytes" || planned.targetType === "citext") return null;
  const { collation } = equality;
  const keeps = collation?.strength.endsWith("_ci") === true ? "lower" : "default";
  return {
    why: `${collation === null ? "lower()" : `ICU collation ${collation.name}`} holds more equal than ${planned.column.collation ?? "it"}`,
    settle: [typeLine(table, planned, `collation: ${keeps}`)],
  };
}

export async function uniqueFindings(
  connection: Connection,
  table: PlanTable,
  { pieces, showValues, signal }: TableOptions,
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const from = togetherOf(table, pieces);
  const text = (table.indexes ?? []).some(({ parts }) =>
    parts.some(({ equality }) => equality !== undefined),
  );
  const collations = text ? await readCollations(connection) : new Set<string>();
  const told = new Set<string>();
  for (const grouping of groupings(table, collations)) {
    if (told.has(grouping.index.source)) continue;
    const grouped = `FROM ${from.from} AS t WHERE ${grouping.values.map((value) => `${value} IS NOT NULL`).join(" AND ")} GROUP BY ${grouping.values.join(", ")} HAVING COUNT(*) > 1`;
    const [row] = await connection.query(
      `SELECT CAST(COUNT(*) AS CHAR), CAST(SUM(n) AS CHAR) FROM (SELECT COUNT(*) AS n ${grouped}) AS clashes`,
      from.params,
      signal,
    );
    const groups = Number(row?.[0] ?? 0);
    if (groups === 0) continue;
    const values = showValues ? valuesOf(table, grouping.index) : [];
    const samples = await clashing(connection, table, values, { sql: grouped, params: from.params }, signal);
    told.add(grouping.index.source);
    findings.push(tell(table, grouping, groups, Number(row?.[1] ?? 0), samples));
  }
  return findings;
}

/** What the key's columns hold, to show. */
function valuesOf(table: PlanTable, index: PlanIndex): readonly string[] {
  return index.parts.flatMap(({ column: name }) => {
    const planned = table.columns.find(({ source }) => source === name);
    return planned === undefined ? [] : [valueText(mysqlName(planned.source), planned.column)];
  });
}

/** Keys of rows that clash, those of one group beside each other. */
async function clashing(
  connection: Connection,
  table: PlanTable,
  values: readonly string[],
  grouped: { readonly sql: string; readonly params: readonly string[] },
  signal: AbortSignal | undefined,
): Promise<Samples> {
  const key = keyList(table) ?? [];
  if (key.length + values.length === 0) return { keys: [], values: null };
  const row = packed(key, values);
  await connection.query(`SET SESSION ${roomToPack}`);
  try {
    const rows = await connection.query(
      `SELECT ${packedGroup(row)} ${grouped.sql} ORDER BY MIN(${row}) LIMIT ${String(sampleSize)}`,
      grouped.params,
      signal,
    );
    return unpacked(
      rows.map(([cell]) => cell),
      key.length,
      values.length > 0,
    );
  } finally {
    if (connection.open) await connection.query(`SET SESSION ${roomAgain}`);
  }
}

function tell(
  table: PlanTable,
  { index, why, settle }: Grouping,
  groups: number,
  rows: number,
  { keys, values }: Samples,
): Finding {
  const clash = groups === 1 ? "1 clash" : `${String(groups)} clashes`;
  return {
    code: "unique-duplicate",
    severity: "error",
    object: `${table.source}.${index.source}`,
    sentence: `${clash} of ${String(rows)} rows under the unique key ${index.source} of ${table.source}: the source holds them apart, the target would not (${why}); the key could not be built.`,
    fix:
      settle.length > 0
        ? "Take back what makes them equal, or mend the rows on the source."
        : "Mend the rows on the source.",
    count: groups,
    sampleKeys: keys,
    ...(values === null ? {} : { sampleValues: values }),
    ...(settle.length > 0 ? { propose: proposedLines(settle), settle } : {}),
  };
}
