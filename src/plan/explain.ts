/**
 * `plan --explain shop.users.flags`: every rule that was tried on one column in order, the condition on which it
 * failed, the one that won and why, and what policies and foreign keys made of it afterwards. Told from the same
 * decision that the plan uses.
 */
import { Fault } from "../errors.js";
import type { Catalogue, PlanColumn, SourceColumn, SourceTable } from "../model.js";
import { type RuleTried, resolve } from "../typemap/explain.js";
import { builtInRules, userRules } from "../typemap/rules.js";
import { columnFacts } from "./columns.js";
import { plan } from "./plan.js";
import type { PlanRequest } from "./request.js";
import { findTies } from "./ties.js";

export interface Explanation {
  /** `table.column` in the source's names. */
  readonly object: string;
  readonly sourceType: string;
  readonly targetType: string;
  readonly rule: string;
  readonly tried: readonly RuleTried[];
  /** What changed the rule's type afterwards: sentences of the plan's findings about this column. */
  readonly notes: readonly string[];
  /** The column as the plan has it. */
  readonly planned: PlanColumn;
}

/** Explains `column` written as table.column or database.table.column. Throws usage when there is none. */
export function explainColumn(catalogue: Catalogue, request: PlanRequest, path: string): Explanation {
  const { table, column } = locate(catalogue, path);
  const object = `${table.name}.${column.name}`;
  const made = plan(catalogue, request);
  const planned = made.tables
    .find(({ source }) => source === table.name)
    ?.columns.find(({ source }) => source === column.name);
  if (planned === undefined)
    throw new Fault("usage", `${object} is not part of the plan; its table is excluded.`);
  const rules = [...userRules(request.rules), ...builtInRules()];
  const { tried, rule } = resolve(rules, columnFacts(catalogue, findTies(catalogue), table, column));
  return {
    object,
    sourceType: planned.sourceType,
    targetType: planned.targetType,
    rule,
    tried,
    notes: made.findings.filter((finding) => finding.object === object).map(({ sentence }) => sentence),
    planned,
  };
}

/** Names may hold dots, so every reading of the path is tried. */
function locate(catalogue: Catalogue, path: string): { table: SourceTable; column: SourceColumn } {
  const bare = path.startsWith(`${catalogue.database}.`)
    ? [path.slice(catalogue.database.length + 1), path]
    : [path];
  for (const text of bare)
    for (const table of catalogue.tables)
      if (text.startsWith(`${table.name}.`)) {
        const column = table.columns.find(({ name }) => name === text.slice(table.name.length + 1));
        if (column !== undefined) return { table, column };
      }
  throw new Fault("usage", `${catalogue.database} has no column ${path}.`, {
    next: "headgate plan --explain TABLE.COLUMN, in the source's names",
  });
}
