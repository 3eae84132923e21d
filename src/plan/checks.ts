/**
 * The CHECKs of one table: those that the rules ask for (labels of an enum, members of a set, no negatives) and the
 * source's own where they can be carried over. One ALTER TABLE adds all of a table, so that its rows are read once.
 */
import type { SourceCheck, SourceEngine } from "../model.js";
import { mysqlName, postgresName } from "../safety/identifier.js";
import { bareType } from "../typemap/target-type.js";
import { jsonValidColumn, translateCheck } from "./check-expression.js";
import { type DecidedColumn, type DecidedTable, targetLabels } from "./columns.js";
import { literal, textArray } from "./default-literal.js";
import type { Findings } from "./finding.js";
import type { NameSpace } from "./names.js";

export interface PlannedCheck {
  readonly name: string;
  /** What stands between the parentheses of CHECK (...). */
  readonly sql: string;
  /** False where rows may break it that nobody asked, or that a policy changed: then it holds for rows written later. */
  readonly valid: boolean;
  /** Its like in the source's SQL where rows of the source may break it; null where none can, or nobody can ask. */
  readonly asked: string | null;
  /** A rule asks for it; else it is the source's own. */
  readonly rule: boolean;
  /** The source column for which a rule says it in SQL of its own. */
  readonly own?: string;
}

/** All CHECKs of a table, the rules' in column order, then the source's in theirs. `constraints` is the table's namespace. */
export function tableChecks(
  table: DecidedTable,
  constraints: NameSpace,
  engine: SourceEngine,
  findings: Findings,
): readonly PlannedCheck[] {
  const planned: PlannedCheck[] = [];
  for (const decided of table.decided) {
    const sql = ruleCheck(decided, `${table.source.name}.${decided.column.name}`, findings);
    if (sql === null) continue;
    const name = constraints.claim(`${table.target}_${decided.target}_check`, `rule ${decided.column.name}`);
    planned.push({ name, sql, ...askedOf(table, decided, name, findings), rule: true });
  }
  for (const check of table.source.checks) {
    const sql = sourceCheck(check, table, engine, findings);
    if (sql === null) continue;
    const valid = !mayBeBroken(check, sql, table, findings);
    // A session of MariaDB may have set its checks aside; MySQL's hold for every row.
    const asked = valid && engine === "mariadb" ? check.expression : null;
    const name = constraints.claim(check.name, `check ${check.name}`);
    planned.push({ name, sql, valid, asked, rule: false });
  }
  return planned;
}

function ruleCheck(decided: DecidedColumn, object: string, findings: Findings): string | null {
  const { check, column } = decided;
  if (check === null) return null;
  const name = postgresName(decided.target);
  const labels = targetLabels(column, decided.policy);
  const leftOut = (why: string): null => {
    findings.add({
      code: "check-not-built",
      severity: "warning",
      object,
      sentence: `The CHECK that the rule ${decided.rule} asks for on ${object} is left out: ${why}.`,
      fix: "Nothing to do, or add a CHECK by hand after the switch.",
    });
    return null;
  };
  if ((check === "labels" || check === "members") && labels.some((label) => label.includes("\0")))
    return leftOut("a label holds U+0000");
  const bare = bareType(decided.targetType);
  switch (check) {
    case "not-negative":
      return ["smallint", "integer", "bigint", "numeric", "real", "double precision"].includes(bare)
        ? `${name} >= 0`
        : leftOut(`${decided.targetType} is no number`);
    case "labels":
      return bare === "text" || bare.startsWith("character")
        ? `${name} IN (${labels.map(literal).join(", ")})`
        : leftOut(`${decided.targetType} is no text`);
    case "members":
      return bare === "text[]"
        ? `${name} <@ ${textArray(column.labels)}`
        : leftOut(`${decided.targetType} is no array of texts`);
    case "empty":
      return `${name} = ''`;
    default:
      return check.replaceAll("{column}", name);
  }
}

/** Labels are what they are; the rest of a rule's CHECKs no row of the source has ever been held to. */
function askedOf(
  table: DecidedTable,
  { check, column, rule }: DecidedColumn,
  name: string,
  findings: Findings,
): Pick<PlannedCheck, "valid" | "asked" | "own"> {
  const valid = true;
  switch (check) {
    case null:
    case "labels":
    case "members":
      return { valid, asked: null };
    case "not-negative":
      return {
        valid,
        asked: column.unsigned || column.type === "year" ? null : `${mysqlName(column.name)} >= 0`,
      };
    case "empty":
      return { valid, asked: column.length === 0 ? null : `LENGTH(${mysqlName(column.name)}) = 0` };
    default:
      findings.add({
        code: "check-not-asked",
        severity: "warning",
        object: `${table.source.name}.${column.name}`,
        sentence: `The CHECK ${name} of the rule ${rule} is SQL of the target, so no row of ${table.source.name} can be asked about it before the copy. It is added NOT VALID: it holds for rows written later, and says nothing of those that were copied.`,
        fix: `VALIDATE CONSTRAINT ${name} after the copy, which names it if a row breaks it.`,
      });
      return { valid: false, asked: null, own: column.name };
  }
}

/** The source's rows keep its CHECK; what a policy makes of them need not. */
function mayBeBroken(check: SourceCheck, sql: string, table: DecidedTable, findings: Findings): boolean {
  const altered = table.decided.filter(
    ({ policy, target }) =>
      (policy.zeroDate !== "refuse" ||
        policy.nul !== "refuse" ||
        policy.badText !== "refuse" ||
        policy.enumZero === "null") &&
      sql.includes(postgresName(target)),
  );
  if (altered.length === 0) return false;
  const names = altered.map(({ column }) => column.name).join(", ");
  findings.add({
    code: "check-not-validated",
    severity: "warning",
    object: `${table.source.name}.${check.name}`,
    sentence: `The CHECK ${check.name} on ${table.source.name} is added NOT VALID: a policy may change values of ${names}, and the CHECK need not hold for what comes of it.`,
    fix: `VALIDATE CONSTRAINT ${check.name} after the copy, if the changed rows keep it.`,
  });
  return true;
}

function sourceCheck(
  check: SourceCheck,
  table: DecidedTable,
  engine: SourceEngine,
  findings: Findings,
): string | null {
  const object = `${table.source.name}.${check.name}`;
  const json = jsonValidColumn(check.expression);
  const target = table.decided.find(({ column }) => column.name.toLowerCase() === json?.toLowerCase());
  // The target's own type refuses what is no JSON: the check lives on as the type.
  if (target?.targetType === "jsonb" || target?.targetType === "json") return null;
  if (!check.enforced) {
    findings.add({
      code: "check-not-enforced",
      severity: "info",
      object,
      sentence: `The CHECK ${check.name} on ${table.source.name} is NOT ENFORCED on the source and is not built.`,
      fix: "Nothing to do.",
    });
    return null;
  }
  const made = translateCheck(check.expression, table, engine);
  if ("sql" in made) return made.sql;
  findings.add({
    code: "check-not-translated",
    severity: "warning",
    object,
    sentence: `The CHECK ${check.name} on ${table.source.name} is left out, as its like on the target is not proven: it uses ${made.uses}. It says ${check.expression}`,
    fix: "Add it by hand on the target after the copy.",
  });
  return null;
}
