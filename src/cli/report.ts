/**
 * `report`: what was done, from the ledger, so that it can be written on any host at any time; the inventory of
 * programs is added where plan.json is beside the config. The HTML is one file without scripts or outside links.
 */
import { writeFile } from "node:fs/promises";
import { Fault, exits } from "../errors.js";
import type { Inventory, Plan } from "../model.js";
import type { LedgerView } from "../port.js";
import { count, plural } from "../watch/screen.js";
import { reportHtml } from "../watch/report-html.js";
import { policyCounts, policySentence } from "./kept.js";
import { openMigration } from "./open.js";
import type { VerbResult } from "./output.js";
import { readRecordedPlan } from "./plan-file.js";
import type { VerbContext } from "./verb.js";
import { table } from "./table.js";
import { viewsReported } from "./views.js";

export interface ReportFlags {
  readonly html?: string;
}

export async function reportVerb(context: VerbContext, flags: ReportFlags): Promise<VerbResult> {
  await using migration = await openMigration(context);
  const target = await migration.target();
  const view = await target.view(migration.id);
  if (view === null)
    throw new Fault("usage", `The target's ledger does not know ${migration.id}: nothing has run yet.`, {
      next: "headgate run --until copied",
    });
  const recorded = await planBeside(migration.stateDirectory);
  // The ledger has no programs: they are told from the plan beside the config, where it is this migration's own.
  const inventory = recorded?.fingerprint === view.fingerprint ? (recorded.inventory ?? null) : null;
  const body = {
    state: view.state,
    since: view.since,
    environment: migration.config.environment,
    skippedSafeguards: migration.skippedSafeguards,
    overrides: migration.config.overrides,
    fingerprint: view.fingerprint,
    phases: view.phases,
    tables: view.tables,
    lanes: view.lanes,
    policies: policyCounts(view),
    inventory,
    proof: null,
    proofNote:
      "Counts were checked range by range while loading; values have not been compared: verify is not built yet.",
  };
  if (flags.html !== undefined) await writeFile(flags.html, reportHtml(migration.id, body), { mode: 0o600 });
  return {
    exit: exits.done,
    nextSteps:
      flags.html === undefined ? [{ why: "to keep it", command: "headgate report --html report.html" }] : [],
    body,
    human: [
      ...screenOf(migration.id, view, migration.skippedSafeguards),
      ...inventoryLines(inventory),
      body.proofNote,
    ],
  };
}

/** A report must be made whatever became of the file. */
async function planBeside(directory: string): Promise<Plan | null> {
  try {
    return await readRecordedPlan(directory);
  } catch (error) {
    if (error instanceof Fault && error.code === "plan-stale") return null;
    throw error;
  }
}

/** The objects without rows, each with its risk; what is not here was not seen. */
function inventoryLines(inventory: Inventory | null): string[] {
  if (inventory === null)
    return ["inventory: no plan.json of this migration is beside the config; headgate plan makes one", ""];
  if (inventory.objects.length === 0) return ["inventory: no views, programs or sequences", ""];
  return [
    ...table(
      ["object", "kind", "risk", "lines", "runs as", "why"],
      inventory.objects.map((each) => [
        each.on === null ? each.name : `${each.on}.${each.name}`,
        each.kind,
        each.risk,
        each.lines === null ? "hidden" : String(each.lines),
        each.definer === null ? "" : `${each.definer}${each.definerExists === false ? " (gone)" : ""}`,
        each.why.map((why) => why.split(":", 1)[0] ?? "").join(", "),
      ]),
      [3],
    ),
    "",
  ];
}

function screenOf(id: string, view: LedgerView, skipped: readonly string[]): string[] {
  const rows = view.tables.reduce((sum, t) => sum + t.rows, 0);
  return [
    `${id}: ${view.state} since ${view.since}; ${count(rows)} rows in ${plural(view.tables.length, "table")}, ${plural(view.built.length, "statement")}`,
    "",
    ...table(
      ["phase", "started", "ended"],
      view.phases.map((p) => [p.phase, p.startedAt, p.endedAt ?? "not ended"]),
    ),
    "",
    ...table(
      ["table", "ranges", "rows", "MB"],
      view.tables.map((t) => [t.table, String(t.ranges), count(t.rows), (t.bytes / 1e6).toFixed(1)]),
      [1, 2, 3],
    ),
    "",
    ...viewsReported(view),
    ...policyCounts(view).map((p) => policySentence(p)),
    ...skipped.map((name) => `safeguard skipped: ${name}`),
  ];
}
