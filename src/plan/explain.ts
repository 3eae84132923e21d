/**
 * `plan --explain shop.users.flags`: every rule that was tried on one column in order, the condition on which it
 * failed, the one that won and why, and what policies and foreign keys made of it afterwards. Told from the same
 * decision that the plan uses.
 */
import type { Catalogue, SourceColumn, SourceTable } from "../model.js";
import { resolve } from "../typemap/explain.js";
import { builtInRules, userRules } from "../typemap/rules.js";
import { columnFacts } from "./columns.js";
import { plan } from "./plan.js";
import type { PlanRequest } from "./request.js";
import { findTies } from "./ties.js";

/** Lines for people about `table.column` or `database.table.column`; null when the source has no such column. */
export function explainColumn(catalogue: Catalogue, request: PlanRequest, path: string): string[] | null {
  const found = locate(catalogue, path);
  if (found === null) return null;
  const { table, column } = found;
  const object = `${table.name}.${column.name}`;
  const made = plan(catalogue, request);
  const planned = made.tables
    .find(({ source }) => source === table.name)
    ?.columns.find(({ source }) => source === column.name);
  const rules = [...userRules(request.rules), ...builtInRules()];
  const resolution = resolve(rules, columnFacts(catalogue, findTies(catalogue), table, column));
  const lines = resolution.tried.map(({ rule, outcome, why }) => `  ${outcome.padEnd(8)}  ${rule}: ${why}`);
  if (planned === undefined)
    return [`${object} is ${column.columnType}; its table is excluded, so it stays behind.`, ...lines];
  return [
    `${object} is ${planned.sourceType} and becomes ${planned.target} ${planned.targetType} (${planned.rule})`,
    ...lines,
    ...made.findings
      .filter((finding) => finding.object === object)
      .map(({ sentence }) => `  then: ${sentence}`),
  ];
}

/** Names may hold dots, so every reading of the path is tried. */
function locate(catalogue: Catalogue, path: string): { table: SourceTable; column: SourceColumn } | null {
  const bare = path.startsWith(`${catalogue.database}.`)
    ? [path.slice(catalogue.database.length + 1), path]
    : [path];
  for (const text of bare)
    for (const table of catalogue.tables)
      if (text.startsWith(`${table.name}.`)) {
        const column = table.columns.find(({ name }) => name === text.slice(table.name.length + 1));
        if (column !== undefined) return { table, column };
      }
  return null;
}
