/**
 * Lines of `typemap` and `policies` that match no column of the source. A mistyped table name there would silently
 * leave the built-in rule or the refusal in force, and the reader of the file would believe otherwise.
 */
import type { Catalogue } from "../model.js";
import { failedCondition } from "../typemap/match.js";
import { userRules } from "../typemap/rules.js";
import type { Match } from "../typemap/rule.js";
import { columnFacts } from "./columns.js";
import type { Findings } from "./finding.js";
import type { PlanRequest } from "./request.js";
import type { Ties } from "./ties.js";

/** Warns of each rule and policy of the file that can change nothing. */
export function tellIdleRules(
  catalogue: Catalogue,
  request: PlanRequest,
  ties: Ties,
  findings: Findings,
): void {
  const columns = catalogue.tables.flatMap((table) =>
    table.columns.map((column) => columnFacts(catalogue, ties, table, column)),
  );
  const tell = (object: string, match: Match): void => {
    // A file may serve sources of both engines; a line for the other one is idle on purpose.
    if (match.engine !== undefined && match.engine !== catalogue.engine) return;
    if (columns.some((facts) => failedCondition(match, facts) === null)) return;
    findings.add({
      code: "matches-nothing",
      severity: "warning",
      object,
      sentence: `${object} matches no column of ${catalogue.database}, so it changes nothing: ${JSON.stringify(match)}.`,
      fix: "Mend its match (names are case-sensitive; headgate plan --explain TABLE.COLUMN names the condition that fails), or remove the line.",
    });
  };
  for (const { name, rule } of userRules(request.rules)) tell(name, rule.match);
  for (const [at, policy] of request.policies.entries()) tell(`policies[${String(at)}]`, policy.match);
}
