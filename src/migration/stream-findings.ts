/**
 * What is only a warning for an offline copy and stops a run that applies the log: a log that does not carry every change
 * exactly, a right that the stream lacks, foreign keys whose actions nobody would follow.
 */
import type { Inspection } from "../migration.js";
import { excludedLines } from "../typemap/glob.js";
import type { Catalogue, Finding, Plan, SourceColumn, SourceForeignKey } from "../model.js";
import { acts, logsCascades } from "./cascades.js";
import { firstCut, needingCut, tiedSets } from "./tied.js";

/** Findings that the stream cannot live with. */
const needed = new Set([
  "binlog-format",
  "binlog-row-image",
  "binlog-row-value-options",
  "binlog-filtered",
  "binlog-order-commits",
  "replicated-not-logged",
  "grant-replication-slave",
  "grant-set-parameter",
]);

/** The same inspection, judged for a run that goes on after the copy. */
export function forStream(found: Inspection): Inspection {
  const cut = firstCut(found.plan.tables, found.source);
  const raised = (cut === "recopy" ? found.findings : needingCut(found.findings, "error")).map((finding) =>
    finding.severity === "warning" && needed.has(finding.code)
      ? { ...finding, severity: "error" as const }
      : finding,
  );
  const hidden = !logsCascades(found.source);
  const own = [
    ...(hidden ? unfollowedActions(found.catalogue, found.plan) : []),
    ...uncuttable(found.catalogue, found.plan, hidden),
    ...elsewhere(found),
    ...arrayKeys(found.plan),
  ];
  return { ...found, findings: [...own, ...raised.filter(isError), ...raised.filter(isNoError)] };
}

/** The same, judged for a table that is copied again beside it. */
export function forRecopy(found: Inspection): Inspection {
  return forStream({ ...found, findings: needingCut(found.findings, "error") });
}

const isError = ({ severity }: Finding): boolean => severity === "error";
const isNoError = (finding: Finding): boolean => !isError(finding);

/** Engines whose tables show rows that are written somewhere else, or keep none of those that are logged. */
const notOwn = /^(?:mrg_myisam|mrg_isam|federated|connect|spider|oqgraph|s3|sphinx|blackhole)$/iu;

/** What such a table shows changes without a word of it in the log under the table's name. */
function elsewhere({ catalogue, plan, findings }: Inspection): readonly Finding[] {
  // Those that nobody has declared stop every run, and are told with more words.
  const told = new Set(
    findings.flatMap((one) => (isError(one) && one.code.startsWith("rows-") ? [one.object] : [])),
  );
  return plan.tables.flatMap((table): Finding[] => {
    const engine = catalogue.tables.find(({ name }) => name === table.source)?.engine ?? "";
    if (!notOwn.test(engine) || told.has(table.source)) return [];
    return [
      {
        code: "rows-elsewhere",
        severity: "error",
        object: table.source,
        sentence: `The rows of ${table.source} are not its own: its engine, ${engine}, shows what is written to other tables or servers, or keeps nothing, and the source's log tells nothing of that by this name.`,
        fix: "Leave it out with tables.exclude; or copy offline: headgate run --until copied.",
        propose: excludedLines(table.source),
        count: 1,
        sampleKeys: [],
      },
    ];
  });
}

/** Rows are looked for by arrays of their keys, and PostgreSQL has no arrays of arrays: no event would find its row. */
function arrayKeys({ tables }: Plan): readonly Finding[] {
  return tables.flatMap(({ source, key, columns }): Finding[] => {
    const found = columns.find(
      (each) => key?.columns.includes(each.source) && each.targetType.endsWith("[]"),
    );
    if (found === undefined) return [];
    return [
      {
        code: "key-of-arrays",
        severity: "error",
        object: `${source}.${found.source}`,
        sentence: `${source}.${found.source} is part of the key and becomes ${found.targetType}: rows can be copied so, and not be found again by the stream or a verification.`,
        fix: `Give it text in headgate.yaml: typemap: [{ match: { table: ${JSON.stringify(source)}, column: ${JSON.stringify(found.source)} }, to: { type: text } }]; or copy offline: headgate run --until copied.`,
        count: 1,
        sampleKeys: [],
      },
    ];
  });
}

/** A cut reads a view of the database at one position; a table of an engine without transactions has no views. */
function uncuttable(catalogue: Catalogue, plan: Plan, hidden: boolean): readonly Finding[] {
  const tied = new Set(hidden ? tiedSets(plan.tables).flat() : []);
  return plan.tables.flatMap((table): Finding[] => {
    const engine = catalogue.tables.find(({ name }) => name === table.source)?.engine ?? "";
    if (/^innodb$/iu.test(engine) || (table.key !== null && !tied.has(table.source))) return [];
    return [
      {
        code: "cut-not-exact",
        severity: "error",
        object: table.source,
        sentence: `${table.source} has to be copied at one exact position of the log (${table.key === null ? "it has no key" : "foreign keys tie it"}), and its engine, ${engine}, shows no consistent view.`,
        fix: "Give it a primary key, or ALTER TABLE ... ENGINE = InnoDB; or copy offline: headgate run --until copied.",
        propose: excludedLines(table.source),
        count: 1,
        sampleKeys: [],
      },
    ];
  });
}

/** Foreign keys of tables that travel, whose actions change rows in silence and cannot be followed exactly. */
function unfollowedActions(catalogue: Catalogue, plan: Plan): readonly Finding[] {
  return plan.tables.flatMap((table) => {
    const source = catalogue.tables.find(({ name }) => name === table.source);
    return (source?.foreignKeys ?? []).flatMap((key): Finding[] => {
      if (!acts(key.onDelete) && !acts(key.onUpdate)) return [];
      const known = (table.foreignKeys ?? []).find(({ name }) => name === key.name);
      const parent = plan.tables.find((other) => other.source === known?.referencedTable);
      const parted = parent !== undefined && parent.lane !== table.lane;
      const why =
        known === undefined
          ? "the target does not have the key to follow it by"
          : parted
            ? `${parent.source} travels in the lane ${parent.lane} and ${table.source} in ${table.lane}, so which of their changes came first is not known`
            : obstacle(key, source?.columns ?? []);
      if (why === null) return [];
      return [
        {
          code: "cascade-not-followed",
          severity: "error",
          object: `${table.source}.${key.name}`,
          sentence: `The foreign key ${key.name} of ${table.source} changes rows by itself (ON DELETE ${key.onDelete.toUpperCase()}, ON UPDATE ${key.onUpdate.toUpperCase()}), the source's log does not carry such changes, and ${why}.`,
          fix: `Include ${key.referencedTable}, list both tables in one lane, give the key's columns a type or a collation (_bin) that both sides compare alike, or copy offline: headgate run --until copied.`,
          propose: parted && known !== undefined ? ["lanes: one"] : excludedLines(table.source),
          count: 1,
          sampleKeys: [],
        },
      ];
    });
  });
}

/** What stands in the way of following a foreign key of the plan, as the end of a sentence; null where nothing does. */
function obstacle(key: SourceForeignKey, columns: readonly SourceColumn[]): string | null {
  const named = (name: string): boolean =>
    key.columns.some((each) => each.toLowerCase() === name.toLowerCase());
  // Which rows belong to a parent is found by the target's own equality, where every byte counts.
  const text = columns.find(
    ({ name, collation }) => named(name) && collation !== null && !/(?:_bin|^binary)$/u.test(collation),
  );
  if (text !== undefined)
    return `${text.name} is compared by ${text.collation ?? ""}, which holds more texts equal than the target does`;
  // Deleting a child needs no value of it; writing its key changes what is computed from it.
  if (!acts(key.onUpdate) && (!acts(key.onDelete) || key.onDelete === "cascade")) return null;
  const computed = columns.find(({ generated }) =>
    key.columns.some((each) => generated?.expression.toLowerCase().includes(each.toLowerCase()) === true),
  );
  return computed === undefined ? null : `the generated column ${computed.name} would keep what it was`;
}
