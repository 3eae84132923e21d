/**
 * Every object without rows, listed with what its text shows: whose rights it runs with, how long it is, which
 * tables it names, which functions PostgreSQL lacks, and a risk class by the list of risk.ts. Each is a finding of
 * its own, and all of them stand in plan.json. Nothing here is translated, and nothing claims to be.
 */
import type { Catalogue, Inventory, PlanObject, SourceObject } from "../../model.js";
import type { Findings } from "../finding.js";
import { accountRights } from "./accounts.js";
import { type FunctionUse, functionsIn } from "./mysql-functions.js";
import { bareText, lineCount } from "./program-text.js";
import { judgeProgram } from "./risk.js";
import { touches } from "./touches.js";

/** The inventory of a catalogue, and its findings. Views are told by those who translate them. */
export function takeInventory(catalogue: Catalogue, schema: string, findings: Findings): Inventory {
  const routines = new Set(
    catalogue.objects.filter(({ kind }) => kind === "function").map(({ name }) => name.toUpperCase()),
  );
  const views = catalogue.objects.filter(({ kind }) => kind === "view").map(({ name }) => name);
  const objects = catalogue.objects.map((object) => {
    const bare = bareText(object.definition);
    const functions = functionsIn(bare, routines);
    const planned = planObject(object, bare, functions, catalogue, views);
    tellObject(object, planned, findings);
    tellFunctions(objectName(object), `The ${object.kind} ${object.name}`, functions, findings);
    return planned;
  });
  tellExpressions(catalogue, routines, findings);
  return { objects, accounts: accountRights(catalogue, schema, findings) };
}

function planObject(
  object: SourceObject,
  bare: string,
  functions: readonly FunctionUse[],
  catalogue: Catalogue,
  views: readonly string[],
): PlanObject {
  const { kind, name, on, runs } = object;
  const hidden = object.hidden === true;
  const lines = lineCount(object.definition);
  const judged = hidden
    ? { risk: "high" as const, why: ["its text is hidden from this account"] }
    : judgeProgram(bare, { kind, lines, functions });
  const others = views.filter((view) => view !== name);
  return {
    kind,
    name,
    on,
    head: object.head ?? "",
    definer: runs?.definer ?? null,
    definerExists: runs?.exists ?? null,
    security: runs?.security ?? null,
    lines: hidden ? null : lines,
    ...judged,
    ...touches(bare, catalogue.tables, others, on),
    functions: functions.map(({ name: called, count, rewrite }) => ({ name: called, count, rewrite })),
  };
}

/** `table.trigger` for a trigger, else the name. */
function objectName({ name, on }: SourceObject): string {
  return on === null ? name : `${on}.${name}`;
}

function tellObject(object: SourceObject, planned: PlanObject, findings: Findings): void {
  const { kind, name } = object;
  const at = objectName(object);
  const called = `The ${kind} ${name}`;
  // Sequences are told where they are planned, views where they are translated.
  if (kind !== "sequence" && kind !== "view")
    findings.add({
      code: `${kind}-not-copied`,
      severity: "warning",
      object: at,
      sentence: `${called}${object.on === null ? "" : ` on ${object.on}`} is not carried over. ${portrait(planned)}`,
      fix: "Write what the application needs of it by hand on the target.",
    });
  if (object.hidden === true)
    findings.add({
      code: "object-hidden",
      severity: "warning",
      object: at,
      sentence: `${called} cannot be read by this account, so nothing is known of what it does.`,
      fix: "headgate check --grants prints the right under inventory; or read it with an administrator's account.",
    });
  const lost = object.runs?.exists === false && object.runs.security === "definer";
  if (object.runs?.exists === false)
    findings.add({
      code: "definer-gone",
      severity: "warning",
      object: at,
      sentence: `${called} runs with the rights of ${object.runs.definer}, and there is no such account: ${lost ? "it fails whenever it is used" : "only its text is left"}${lost && object.broken !== undefined ? ", and it is not created on the target" : ""}.`,
      fix: "Drop it, or give it a definer that exists, on the source.",
    });
  if (object.busy !== undefined)
    findings.add({
      code: "view-locked",
      severity: "warning",
      object: at,
      sentence: `${called} could not be opened, so whether the source can still use it is not known: ${object.busy}.`,
      fix: "Run headgate check again when the lock is gone.",
    });
  // To an account with few rights, a view whose definer is gone looks broken as well: once is enough.
  if (object.broken !== undefined && !lost)
    findings.add({
      code: "view-broken",
      severity: "warning",
      object: at,
      sentence: `${called} cannot be used on the source: ${object.broken}.`,
      fix: "Drop or mend it on the source; what cannot be read there has no like on the target.",
    });
}

/** What is known of a program, in words. */
function portrait(planned: PlanObject): string {
  if (planned.lines === null) return "Risk high: its text is hidden from this account.";
  const why = planned.why.length === 0 ? "none of the known difficulties" : planned.why.join("; ");
  const names = (list: readonly string[]): string =>
    list.length > 8 ? `${list.slice(0, 8).join(", ")} and ${String(list.length - 8)} more` : list.join(", ");
  return [
    `Risk ${planned.risk} (${why}); ${String(planned.lines)} ${planned.lines === 1 ? "line" : "lines"}${planned.head === "" ? "" : `, ${planned.head}`}`,
    ...(planned.definer === null ? [] : [`runs as ${planned.security ?? ""} ${planned.definer}`]),
    ...(planned.writes.length === 0 ? [] : [`writes ${names(planned.writes)}`]),
    ...(planned.reads.length === 0 ? [] : [`names ${names(planned.reads)}`]),
  ]
    .join("; ")
    .concat(".");
}

function tellFunctions(
  at: string,
  called: string,
  functions: readonly FunctionUse[],
  findings: Findings,
): void {
  if (functions.length === 0) return;
  const uses = functions.map(({ name, count }) => (count === 1 ? name : `${name} (${String(count)})`));
  findings.add({
    code: "mysql-function",
    severity: "info",
    object: at,
    sentence: `${called} uses what PostgreSQL lacks or means otherwise: ${uses.join(", ")}.`,
    fix: `Rewrites: ${functions.map(({ rewrite }) => rewrite).join("; ")}.`,
    count: functions.reduce((sum, { count }) => sum + count, 0),
  });
}

/**
 * Generated columns, expression defaults, CHECKs and functional indexes hold expressions too. Those that were
 * translated need nobody; the others have a finding already, and here is what stands in their way.
 */
function tellExpressions(catalogue: Catalogue, routines: ReadonlySet<string>, findings: Findings): void {
  const left = new Set(
    findings.sorted().flatMap(({ object, severity }) => (severity === "info" ? [] : [object])),
  );
  for (const table of catalogue.tables) {
    const tell = (at: string, what: string, expression: string): void => {
      const object = `${table.name}.${at}`;
      const uses = left.has(object) ? functionsIn(bareText(expression), routines) : [];
      tellFunctions(object, `${what} ${at} of ${table.name}`, uses, findings);
    };
    for (const column of table.columns) {
      if (column.generated !== null) tell(column.name, "The generated column", column.generated.expression);
      if (column.default.kind === "expression") tell(column.name, "The default of", column.default.text);
    }
    for (const check of table.checks) tell(check.name, "The check", check.expression);
    for (const index of table.indexes)
      for (const part of index.parts)
        if (part.expression !== null) tell(index.name, "The index", part.expression);
  }
}
