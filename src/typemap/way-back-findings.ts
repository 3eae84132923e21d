/**
 * What of a plan can't go back, told before anything moves (traps.md, 59): columns whose target type holds more than the
 * source's, one finding a rule with the columns that it is true of, and those that nothing goes back to. What a single
 * value's fate is, only the value can say: it is refused then, kept aside and shown.
 */
import { Fault } from "../errors.js";
import type {
  Finding,
  Plan,
  PlanColumn,
  PlanTable,
  SourceColumn,
  SourceEngine,
  SourceTable,
} from "../model.js";
import { parseTargetType } from "./family.js";
import type { TargetType } from "./family.js";
import { wayBackOf } from "./way-back.js";
import { wayBackRule, wayBackRules } from "./way-back-rules.js";

/** Engines whose rows are rolled back with a transaction. */
const atomic = /^(?:innodb|xtradb|rocksdb|tokudb|ndbcluster)$/iu;

/** Info for each class of columns, error for a column that nothing goes back to. `tables`: the source's, for what their engines do. */
export function wayBackFindings(
  plan: Plan,
  engine: SourceEngine,
  tables: readonly Pick<SourceTable, "name" | "engine">[] = [],
): readonly Finding[] {
  const wider = new Map<string, string[]>();
  const found: Finding[] = [];
  for (const table of plan.tables)
    for (const column of table.columns) {
      if (column.column.generated !== null) continue;
      const object = `${table.source}.${column.source}`;
      const rule = ruleOf(column, engine);
      if (rule === null) found.push(noWay(object, column));
      else if (holdsMore(column, engine)) wider.set(rule, [...(wider.get(rule) ?? []), object]);
    }
  for (const { name, more } of wayBackRules()) {
    const columns = wider.get(name);
    if (columns !== undefined && more !== undefined) found.push(narrower(name, more, columns));
  }
  const generated = objectsOf(plan.tables, ({ column }) => column.generated !== null);
  if (generated.length > 0)
    found.push(
      finding("way-back-generated", generated, {
        sentence: `The source computes ${listed(generated)} itself, so on the way back they are left out: what the target holds of them stays there.`,
        fix: "Nothing: let the target compute them as well, so that both sides agree.",
      }),
    );
  const images = plan.tables.flatMap((table) => (table.key === null ? objectsOf([table], manyToOne) : []));
  if (images.length > 0)
    found.push({
      ...finding("way-back-image", images, {
        sentence: `Rows of tables without a key are told by every byte, and on the way there ${listed(images)} may have become another spelling: a row that came so can't be found when the target deletes or changes it, and the way back stops there.`,
        fix: "Give the tables a primary key on the source before the copy.",
      }),
      severity: "warning",
    });
  const planned = new Set(plan.tables.map(({ source }) => source));
  const halves = tables.filter((table) => planned.has(table.name) && !atomic.test(table.engine));
  if (halves.length > 0)
    found.push({
      ...finding(
        "way-back-not-atomic",
        halves.map(({ name }) => name),
        {
          sentence: `${listed(halves.map(({ name }) => name))}: the engine rolls nothing back, so a batch of the way back that is cut off may stay there in halves and is told as divergence when it comes again.`,
          fix: "ALTER TABLE ... ENGINE = InnoDB on the source before the copy.",
        },
      ),
      severity: "warning",
    });
  return found;
}

function ruleOf(column: PlanColumn, engine: SourceEngine): string | null {
  try {
    return wayBackOf(column, engine).rule;
  } catch (error) {
    if (error instanceof Fault && error.code === "type-pair") return null;
    throw error;
  }
}

function noWay(object: string, { column, targetType }: PlanColumn): Finding {
  return {
    ...finding("way-back-missing", [object], {
      sentence: `Nothing goes back from ${targetType} to ${column.columnType}.`,
      fix: "Take another target type for the column, or cutover: { wayBack: false }.",
    }),
    severity: "error",
  };
}

function narrower(rule: string, more: string, columns: readonly string[]): Finding {
  return finding("way-back-narrower", columns, {
    sentence: `The target holds more than the source in ${listed(columns)} (way back ${rule}): ${more}. Such a value is refused on its way back and kept aside, and stands in the way of a rollback.`,
    fix: "Have the application keep to what the source holds until the migration is complete.",
  });
}

function finding(
  code: string,
  columns: readonly string[],
  words: Pick<Finding, "sentence" | "fix">,
): Finding {
  return {
    code,
    severity: "info",
    object: columns[0] ?? "",
    ...words,
    count: columns.length,
    sampleKeys: [],
  };
}

function listed(columns: readonly string[]): string {
  const more = columns.length - 5;
  return columns.slice(0, 5).join(", ") + (more > 0 ? ` and ${String(more)} more` : "");
}

function objectsOf(tables: readonly PlanTable[], wanted: (column: PlanColumn) => boolean): string[] {
  return tables.flatMap((table) =>
    table.columns.filter(wanted).map(({ source }) => `${table.source}.${source}`),
  );
}

/** The way there makes one value of several. */
function manyToOne({ column, policy, targetType }: PlanColumn): boolean {
  return (
    policy.zeroDate === "-infinity" ||
    policy.zeroDate === "null" ||
    policy.nul === "strip" ||
    policy.enumZero === "null" ||
    targetType === "jsonb" ||
    (targetType === "uuid" && column.charset !== null)
  );
}

/** Whether the target type holds a value that the source's does not. */
function holdsMore(planned: PlanColumn, engine: SourceEngine): boolean {
  const { column } = planned;
  if (wayBackRule(planned)?.more === undefined) return false;
  const target = parseTargetType(planned.targetType);
  switch (column.type) {
    case "tinyint":
    case "smallint":
    case "mediumint":
    case "int":
    case "bigint":
      return (
        integerBits[target.base] !== (column.unsigned ? 0 : sourceBits[column.type]) &&
        target.base !== "boolean"
      );
    case "bit":
      return target.base !== "bit" && target.base !== "boolean";
    case "decimal":
      // NaN is a numeric of every size.
      return true;
    case "char":
    case "varchar":
      return textHoldsMore(column, target);
    case "binary":
    case "varbinary":
      return target.text !== "uuid";
    case "longblob":
      // A field of PostgreSQL ends at 1 GB, long before it.
      return false;
    case "enum":
    case "set":
      // The CHECK of its labels, or a type of its own, holds the target to them.
      return planned.heldToLabels !== true;
    case "json":
      return engine === "mysql";
    default:
      return true;
  }
}

const integerBits: Readonly<Record<string, number>> = { smallint: 16, integer: 32, bigint: 64 };
const sourceBits: Readonly<Record<string, number>> = { smallint: 16, int: 32, bigint: 64 };

/** Characters and not bytes: as many of them, and all that there are. */
function textHoldsMore({ type, length, charset }: SourceColumn, target: TargetType): boolean {
  if (target.text === "uuid") return false;
  const longer = target.first === null || length === null || target.first > length;
  return longer || type === "char" || charset !== "utf8mb4";
}
