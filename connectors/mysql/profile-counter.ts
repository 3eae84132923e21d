/**
 * AUTO_INCREMENT columns whose next value is near the end of their type, or of the identity that counts on at the
 * target. A counter that ends is a night of its own; on the way to another server it is cheap to widen.
 */
import type { Finding, PlanColumn, PlanTable } from "../../src/model.js";
import type { Connection } from "./connection.js";
import { proposedLines, typeLine } from "./profile-probe.js";
import { asNumber, integerRange, targetRange } from "./profile-numbers.js";

/** Part of the range, in hundredths, past which it is told. */
const near = 75n;

/** `table.column` of the counter; null where the table has none. */
export function counterOf(table: PlanTable): string | null {
  const column = table.columns.find((each) => each.column.autoIncrement);
  return column === undefined ? null : `${table.source}.${column.source}`;
}

export async function counterFindings(
  connection: Connection,
  table: PlanTable,
  signal: AbortSignal | undefined,
): Promise<readonly Finding[]> {
  const column = table.columns.find((each) => each.column.autoIncrement);
  if (column === undefined) return [];
  const [row] = await connection.query(
    "SELECT CAST(AUTO_INCREMENT AS CHAR) FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ?",
    [table.source],
    signal,
  );
  const text = row?.[0] ?? null;
  return text === null ? [] : judgeCounter(table, column, BigInt(text));
}

export function judgeCounter(table: PlanTable, column: PlanColumn, next: bigint): readonly Finding[] {
  const source = integerRange(column)?.max ?? null;
  const target = column.identity === null ? null : (targetRange(column.targetType)?.max ?? null);
  const object = `${table.source}.${column.source}`;
  const base = { code: "auto-increment-near-end", object, count: 1, sampleKeys: [] };
  const wider = { ...typeLine(table, column, asNumber(column, "numeric(20,0)")), byChoice: true as const };
  if (target !== null && next > target)
    return [
      {
        ...base,
        severity: "error",
        sentence: `The next AUTO_INCREMENT value of ${object} is ${String(next)}, past the end of ${column.targetType} (${String(target)}): the target could not number a single new row.`,
        fix: "Lower the counter on the source (ALTER TABLE ... AUTO_INCREMENT), renumber its last rows, or map the column to a wider type, which no longer counts by itself.",
        ...(target < 2n ** 63n - 1n ? {} : { settle: [wider], propose: proposedLines([wider]) }),
      },
    ];
  const end = source !== null && (target === null || source < target) ? source : target;
  if (end === null || next * 100n < end * near) return [];
  const where = end === source ? `${column.sourceType} on the source` : `${column.targetType} on the target`;
  return [
    {
      ...base,
      severity: "warning",
      sentence: `The next AUTO_INCREMENT value of ${object} is ${String(next)}, ${String((next * 100n) / end)} % of what ${where} can number (${String(end)}).`,
      fix:
        target !== null && source !== null && target > source
          ? "The target has room for more; widen the column on the source if it must last until then."
          : "Widen the column on the source before the copy, or map it to a wider type.",
    },
  ];
}
