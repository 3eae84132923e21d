/**
 * `plan --amend`: DDL that adds was met in the source's log, the same was done on the target by hand, and the stream may go
 * on with the plan of the new shape. What the target lacks is printed as SQL; what does not only add is refused.
 */
import { amending, exits, Fault, recopying } from "../errors.js";
import type { Inspection } from "../migration.js";
import { adviceOn } from "../migration/advice.js";
import { amendment, readAgain } from "../migration/amend.js";
import { additionReason, isSchemaChange } from "../migration/schema-change.js";
import type { AddedColumn } from "../migration/amend.js";
import { retired } from "../migration/retired.js";
import type { Plan } from "../model.js";
import type { LedgerView, Target } from "../port.js";
import { postgresName } from "../safety/identifier.js";
import { demandNonePrepared } from "../snapshot/lane.js";
import { plural } from "../watch/screen.js";
import { demandNotAbandoned } from "./given-up.js";
import type { OpenMigration } from "./open.js";
import type { VerbResult } from "./output.js";
import { keepPlan, readRecordedPlan, serversOf, settlePlan, wholePlan } from "./plan-file.js";
import { whoami } from "./skip.js";

export async function amendPlan(
  migration: OpenMigration,
  found: Inspection,
  dryRun: boolean,
): Promise<VerbResult> {
  const target = await migration.target();
  const view = await target.view(migration.id);
  await demandNotAbandoned(migration, view);
  const recorded = await readRecordedPlan(migration.stateDirectory, view?.fingerprint);
  if (view === null || recorded === null || recorded.fingerprint !== view.fingerprint)
    throw new Fault("usage", `${migration.id} has no plan here that could be amended.`, {
      next: "headgate plan",
    });
  const met = view.quarantine.filter(({ reason, state }) => isSchemaChange(reason) && state === "kept");
  const { added, tables, refused } = amendment(recorded, found.plan);
  if (met.length === 0 && tables.length === 0) throw notMet(view);
  const replaced = met.filter(({ reason }) => reason !== additionReason);
  if (refused.length > 0 || replaced.length > 0)
    throw notAdding(refused, replaced.length > 0 ? replaced : met, [recorded, found.plan]);
  const missing = await lacking(target, found, added);
  if (missing.length > 0)
    return {
      exit: exits.difference,
      nextSteps: [{ why: "when the target has them", command: amending }],
      body: { amended: false, statements: missing },
      human: [
        "The target lacks what the source has got. Run there first:",
        "",
        ...missing.map((sql) => `${sql};`),
      ],
    };
  const again = readAgain(
    added,
    met.map(({ sentence }) => sentence),
  );
  const gone = retired(recorded, found.plan, []).statements;
  if (!dryRun) {
    await keepPlan(migration.stateDirectory, wholePlan(found, migration), serversOf(found));
    await using ledger = await target.claim(recorded);
    // Of a table that was in no plan yet nobody has kept what was prepared: its commit would come without its rows.
    if (tables.length > 0) await demandNonePrepared(await migration.source());
    await ledger.amend(found.plan, {
      rebuild: [],
      reopen: again,
      retire: gone,
      pass: met.map(({ event }) => ({ event, who: whoami(), why: "plan --amend" })),
    });
    await settlePlan(migration.stateDirectory, found.plan.fingerprint);
  }
  const copied = [...tables.map(({ source }) => source), ...again];
  return {
    exit: exits.done,
    nextSteps: [{ why: "to go on with the new shape", command: "headgate run" }],
    body: {
      amended: !dryRun,
      dryRun,
      fingerprint: found.plan.fingerprint,
      added: added.map(({ table, column }) => `${table.source}.${column.source}`),
      copied,
      passed: met.map(({ event }) => event),
      retired: gone.map(({ name }) => name),
    },
    human: [
      `${dryRun ? "Would take" : "Took"} the plan of the source as it is now: ${plural(added.length, "new column")}, ${plural(tables.length, "new table")}; ${plural(met.length, "schema change")} can be passed (${met.map(({ event }) => event).join(", ")}).`,
      ...(gone.length === 0
        ? []
        : [
            `${dryRun ? "Would take" : "Took"} away on the target what the source has no more, or has otherwise: ${gone.map(({ name }) => name).join(", ")}.`,
          ]),
      ...(copied.length === 0 ? [] : [`The next run copies ${copied.join(", ")}, each at one position.`]),
    ],
  };
}

function notAdding(
  refused: readonly string[],
  replaced: LedgerView["quarantine"],
  plans: readonly [made: Plan, now: Plan],
): Fault {
  const statements = replaced.map(({ sentence }) => sentence);
  const tables = [...new Set(replaced.map(({ table }) => table))];
  const [table] = tables;
  return new Fault(
    "plan-stale",
    `The source was changed in a way that does not only add. ${[...refused, ...statements].join(" ")}`,
    { next: table === undefined ? "headgate run" : adviceOn(...plans, table, recopying(table)) },
  );
}

function notMet(view: LedgerView): Fault {
  return new Fault(
    "usage",
    "The stream has not met a schema change yet: what lies before it in the log has to be applied with the plan as it is.",
    { next: view.holder === null ? "headgate run" : "headgate status" },
  );
}

/** What the target needs before rows of the new shape can come, as SQL. */
async function lacking(
  target: Target,
  { plan }: Inspection,
  added: readonly AddedColumn[],
): Promise<readonly string[]> {
  const missing: string[] = [];
  for (const { table, column } of added) {
    const there = await target.columns(plan.schema, table.target);
    const found = there.find(({ name }) => name === column.target);
    if (found !== undefined && found.type === column.targetType) continue;
    const name = `${postgresName(plan.schema)}.${postgresName(table.target)}`;
    const what = postgresName(column.target);
    missing.push(
      found === undefined
        ? `ALTER TABLE ${name} ADD COLUMN ${definition(plan, table.target, what) ?? `${what} ${column.targetType}`}`
        : `ALTER TABLE ${name} ALTER COLUMN ${what} TYPE ${column.targetType}`,
    );
  }
  return missing;
}

/** The column as the plan's CREATE TABLE spells it, with its default: rows that are there already get it, as the source's have. */
function definition(plan: Plan, table: string, column: string): string | null {
  const create = plan.before.find(({ kind, table: of }) => kind === "table" && of === table);
  const line = create?.sql.split("\n").find((each) => each.startsWith(`  ${column} `));
  return line === undefined ? null : line.trim().replace(/,$/u, "");
}
