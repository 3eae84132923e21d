/**
 * What is only a warning for an offline copy and stops a run that applies the log: a log that does not carry every change
 * exactly, a right that the stream lacks, foreign keys whose actions nobody would follow.
 */
import type { Catalogue, Finding, Plan, ReferentialAction, ServerFacts } from "../model.js";
import type { Inspection } from "../migration.js";

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

/**
 * Whether the log carries what foreign keys do to child rows. The server is asked, never its version: only where the
 * setting exists and is OFF does the server itself, and not InnoDB below the log, follow them (design.md, decision 6).
 */
export function logsCascades({ engine, settings }: ServerFacts): boolean {
  return engine === "mysql" && settings["innodb_native_foreign_keys"]?.toUpperCase() === "OFF";
}

/** Whether an action changes child rows. */
export function acts(action: ReferentialAction): boolean {
  return action === "cascade" || action === "set null" || action === "set default";
}

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
