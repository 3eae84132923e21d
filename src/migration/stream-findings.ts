/**
 * What is only a warning for an offline copy and stops a run that applies the log: a log that does not carry every change
 * exactly, a right that the stream lacks, foreign keys whose actions nobody would follow.
 */
import type { Inspection } from "../migration.js";
import type { Catalogue, Finding, Plan } from "../model.js";
import { acts, logsCascades } from "./cascades.js";

/** Findings of the servers that the stream cannot live with. */
const needed = new Set([
  "binlog-format",
  "binlog-row-image",
  "binlog-row-value-options",
  "binlog-filtered",
  "binlog-order-commits",
  "grant-replication-slave",
  "grant-set-parameter",
]);

/** The same inspection, judged for a run that goes on after the copy. */
export function forStream(found: Inspection): Inspection {
  const raised = found.findings.map((finding) =>
    finding.severity === "warning" && needed.has(finding.code)
      ? { ...finding, severity: "error" as const }
      : finding,
  );
  const unfollowed = logsCascades(found.source) ? [] : unfollowedActions(found.catalogue, found.plan);
  return { ...found, findings: [...unfollowed, ...raised.filter(isError), ...raised.filter(isNoError)] };
}

const isError = ({ severity }: Finding): boolean => severity === "error";
const isNoError = (finding: Finding): boolean => !isError(finding);

/** Foreign keys of tables that travel, whose actions change rows in silence and which the plan does not have. */
function unfollowedActions(catalogue: Catalogue, plan: Plan): readonly Finding[] {
  return plan.tables.flatMap((table) => {
    const source = catalogue.tables.find(({ name }) => name === table.source);
    return (source?.foreignKeys ?? []).flatMap((key): Finding[] => {
      if (!acts(key.onDelete) && !acts(key.onUpdate)) return [];
      if ((table.foreignKeys ?? []).some(({ name }) => name === key.name)) return [];
      return [
        {
          code: "cascade-not-followed",
          severity: "error",
          object: `${table.source}.${key.name}`,
          sentence: `The foreign key ${key.name} of ${table.source} changes rows by itself (ON DELETE ${key.onDelete.toUpperCase()}, ON UPDATE ${key.onUpdate.toUpperCase()}), the source's log does not carry such changes, and the target does not have the key to follow it by.`,
          fix: `Include ${key.referencedTable}, or give the key's columns types that the target can tie, or copy offline: headgate run --until copied.`,
          count: 1,
          sampleKeys: [],
        },
      ];
    });
  });
}
