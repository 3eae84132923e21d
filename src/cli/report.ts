/**
 * `report`: what was done and what is proven, from the ledger, so that it can be written on any host at any time;
 * what only a plan knows is added where plan.json is beside the config. The HTML is one file without scripts or outside
 * links. JSON and page hold the same data and its digest, which `report --check FILE` computes again.
 */
import { writeFile } from "node:fs/promises";
import { Fault, exits } from "../errors.js";
import type { Inventory, Plan } from "../model.js";
import type { LedgerView } from "../port.js";
import { journalPath, readJournal } from "../cutover/journal.js";
import { journeyOf } from "../cutover/journey.js";
import { askedAs } from "../verify/gate.js";
import { count, plural } from "../watch/screen.js";
import type { ReportBody } from "../watch/report-body.js";
import { reportDigest } from "../watch/report-digest.js";
import { reportHtml } from "../watch/report-html.js";
import { nightsOf } from "../watch/report-nights.js";
import { wayBackReport } from "../watch/report-way-back.js";
import { policyCounts, policySentence } from "./kept.js";
import type { OpenMigration } from "./open.js";
import { openMigration } from "./open.js";
import type { VerbResult } from "./output.js";
import { readRecordedPlan } from "./plan-file.js";
import { checkReportFile } from "./report-check.js";
import { proofOf } from "./report-proof.js";
import type { VerbContext } from "./verb.js";
import { soakRecords } from "./soak-records.js";
import { table } from "./table.js";
import { visible } from "../watch/visible.js";
import { headgateVersion } from "./version.js";
import { viewsReported } from "./views.js";

export interface ReportFlags {
  readonly html?: string;
  readonly check?: string;
}

export async function reportVerb(context: VerbContext, flags: ReportFlags): Promise<VerbResult> {
  if (flags.check !== undefined) return checkReportFile(flags.check);
  await using migration = await openMigration(context);
  const target = await migration.target();
  const view = await target.view(migration.id);
  if (view === null)
    throw new Fault("usage", `The target's ledger does not know ${migration.id}: nothing has run yet.`, {
      next: "headgate run --until copied",
    });
  const recorded = await planBeside(migration.stateDirectory, view.fingerprint);
  // The ledger has no plan: what only a plan knows is told where the one beside the config is this migration's own.
  const plan = recorded?.fingerprint === view.fingerprint ? recorded : null;
  const { queries } = migration.config.verify;
  const proof = proofOf(view, await target.proof(migration.id), plan, queries.map(askedAs));
  const { entries } = await readJournal(journalPath(migration.stateDirectory));
  const nights = nightsOf(entries);
  const { cutover, decided } = journeyOf(entries);
  const made = {
    ...bodyOf(migration, view, plan, proof, context.services.today()),
    ...(nights.length === 0 ? {} : { nights }),
    // A cutover that was taken back before the decision had no soak.
    ...(cutover === null || decided !== "switch"
      ? {}
      : {
          wayBack: wayBackReport(
            cutover,
            await soakRecords(migration.stateDirectory),
            view.tables.map(({ table: name }) => name),
          ),
        }),
  };
  // Without secrets before the digest is taken: what is printed is scrubbed, and has to fit all the same.
  const body = scrubbed(made, (text) => context.output.scrub(text));
  const digest = reportDigest({ ...body });
  if (flags.html !== undefined) await writeFile(flags.html, reportHtml(body), { mode: 0o600 });
  return {
    exit: exits.done,
    nextSteps:
      flags.html === undefined
        ? [{ why: "to keep it", command: "headgate report --html report.html" }]
        : [{ why: "whether it is as it was written", command: `headgate report --check ${flags.html}` }],
    body: { ...body, digest },
    human: [
      ...screenOf(migration.id, view, migration.skippedSafeguards),
      ...inventoryLines(body.inventory),
      // Each is one line, whatever is in a table's name.
      ...body.proof.sentences.map(visible),
      ...(body.wayBack?.sentences ?? []).map(visible),
      ...(body.nights ?? []).map(({ sentence }) => visible(sentence)),
      "",
      ...table(
        ["checklist", "", "evidence"],
        body.proof.checklist.map(({ point, result, evidence }) => [point, result, visible(evidence)]),
      ),
      "",
      `digest ${digest}`,
    ],
  };
}

const soaking =
  "All of this was proven up to the switch. Since then applications write the target, and the engine compares both sides in the background: what it has found is told as of the way back.";

function bodyOf(
  migration: OpenMigration,
  view: LedgerView,
  plan: Plan | null,
  proof: ReportBody["proof"],
  today: Date,
): ReportBody {
  return {
    migration: migration.id,
    headgate: headgateVersion,
    writtenAt: today.toISOString(),
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
    inventory: plan?.inventory ?? null,
    proof: view.state === "soaking" ? { ...proof, sentences: [...proof.sentences, soaking] } : proof,
  };
}

/** The body as it will be printed. */
function scrubbed(body: ReportBody, scrub: (text: string) => string): ReportBody {
  const text = JSON.stringify(body);
  const clean = scrub(text);
  if (clean === text) return body;
  const parsed: unknown = JSON.parse(clean);
  if (!isBody(parsed)) throw new Fault("bug", "A report without its secrets is no report any more.");
  return parsed;
}

/** Scrubbing puts other texts in place of texts, and leaves the shape. */
function isBody(value: unknown): value is ReportBody {
  return typeof value === "object" && value !== null && "migration" in value && "proof" in value;
}

/** A report must be made whatever became of the file. */
async function planBeside(directory: string, fingerprint: string): Promise<Plan | null> {
  try {
    return await readRecordedPlan(directory, fingerprint);
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
