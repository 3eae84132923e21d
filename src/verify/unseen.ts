/**
 * What a comparison of a table looks at, and which differences it cannot tell: those that policies make by design, those
 * that a type does not keep, those that a method's text has no room for. For the report; nothing is decided by it.
 */
import type { PlanColumn, PlanTable, SourceEngine } from "../model.js";
import { bareType } from "../typemap/target-type.js";
import { digestBlindness } from "./digest-texts.js";

export interface ColumnsCompared {
  readonly compared: readonly string[];
  readonly notCompared: readonly string[];
  readonly unseen: readonly string[];
}

export function columnsCompared(
  table: PlanTable,
  engine: SourceEngine,
  method: "stream" | "digest",
): ColumnsCompared {
  return {
    // Every column that travels; a method that cannot take one leaves it to the other method.
    compared: table.columns.map(({ source }) => source),
    notCompared: [],
    unseen: [
      ...table.columns.flatMap((column) => unseenOf(column).map((what) => `${column.source}: ${what}.`)),
      ...(method === "digest" ? unseenByDigest(table, engine) : []),
    ],
  };
}

function unseenOf({ column, targetType, policy }: PlanColumn): string[] {
  const found: string[] = [];
  if (policy.zeroDate !== "refuse")
    found.push(
      `a zero date is ${policy.zeroDate === "null" ? "NULL" : "-infinity"} here, by policy, and not told from one that is so at the source`,
    );
  if (policy.nul === "strip") found.push("NUL characters are left out, by policy");
  if (policy.badText !== "refuse") found.push(`bytes are read as ${policy.badText.recode}, by policy`);
  if (policy.enumZero === "null") found.push("the error value 0 is NULL here, by policy");
  if (policy.enumZero === "keep" && column.type === "enum")
    found.push("the error value 0 is the empty text here, by policy");
  if (bareType(targetType) === "jsonb")
    found.push("jsonb keeps no blanks, no order of keys, and of a key given twice the last one");
  return found;
}

function unseenByDigest(table: PlanTable, engine: SourceEngine): string[] {
  return digestBlindness(table, engine).map(({ column, streamed, reason }) =>
    streamed
      ? `${column}: has no exact text in the servers, so it is streamed: ${reason}.`
      : `${column}: the digest does not see ${reason}.`,
  );
}
