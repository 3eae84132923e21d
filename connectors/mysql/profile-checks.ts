/**
 * Rows that break a CHECK which the target will be built with. MySQL's own rows keep its CHECKs; MariaDB's need not
 * (a session may set check_constraint_checks aside), and a CHECK that a rule asks for was never asked of any row.
 */
import type { PlanTable } from "../../src/model.js";
import type { Probe } from "./profile-probe.js";

export function checkProbes(table: PlanTable): readonly Probe[] {
  const [column] = table.columns;
  if (column === undefined) return [];
  return (table.checks ?? []).map(({ name, source, rule }) => ({
    code: "check-broken",
    severity: "error",
    column,
    // Of NULL a CHECK has nothing to say, and neither has its negation.
    condition: `(NOT (${source}))`,
    what: `break the CHECK ${name}; building it after the copy would stop at the first`,
    fix: rule
      ? "Mend the rows, or take the check out of the rule."
      : "Mend the rows, or drop the CHECK on the source.",
    settle: [],
    about: {
      object: `${table.source}.${name}`,
      one: `row of ${table.source}`,
      many: `rows of ${table.source}`,
    },
  }));
}
