/**
 * What was built over tables that stay, and that another plan has no more or has otherwise under the same name. Left there, a
 * unique key or a CHECK that the source has dropped would refuse rows that the source takes; and what is known as built by its
 * name is never built as what it is now. It is taken away, and whoever builds next finds it missing.
 */
import type { Plan, PlanStatement } from "../model.js";

export interface Retired {
  /** In the order in which they can go. */
  readonly statements: readonly PlanStatement[];
  /** Tables with something of the kind that a plan of an older build does not say how to take away, by source name. */
  readonly stuck: readonly string[];
}

/** What can be taken away from a table that stays. */
export const retirable: readonly PlanStatement["kind"][] = [
  "unique",
  "index",
  "check",
  "foreign",
  "validate",
  "trigger",
];

/** `rebuild`: tables that go as a whole, by source name. */
export function retired(before: Plan, after: Plan, rebuild: readonly string[]): Retired {
  const now = new Map(after.after.map(({ name, sql }) => [name, sql]));
  const staying = new Map(
    before.tables
      .filter(
        ({ source }) => !rebuild.includes(source) && after.tables.some((each) => each.source === source),
      )
      .map(({ source, target }) => [target, source]),
  );
  const upon = before.after.filter(({ table }) => table !== null && staying.has(table));
  const other = upon.filter(({ kind, name, sql }) => retirable.includes(kind) && now.get(name) !== sql);
  const tables = (kind: PlanStatement["kind"]): ReadonlySet<string | null> =>
    new Set(other.filter((each) => each.kind === kind).map(({ table }) => table));
  const [foreign, triggers] = [tables("foreign"), tables("trigger")];
  const indexed = new Set([...tables("unique"), ...tables("index")]);
  const names = new Set(other.map(({ name }) => name));
  const goes = ({ kind, name, table }: PlanStatement): boolean =>
    names.has(name) ||
    // A key that was validated is another one now; a trigger stands upon its function; a comment goes with its index.
    (kind === "validate" && foreign.has(table) && names.has(name.replace(/^validate/u, "foreign"))) ||
    (kind === "trigger" && triggers.has(table)) ||
    (kind === "comment" && indexed.has(table));
  const stuck = other.filter(
    ({ kind, drop, undo }) => drop === undefined && undo === undefined && kind !== "validate",
  );
  return {
    statements: upon.filter(goes).toReversed(),
    stuck: [...new Set(stuck.flatMap(({ table }) => staying.get(table ?? "") ?? []))],
  };
}
