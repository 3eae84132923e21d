/**
 * The story on one page. A migration is inspected (both servers asked, the plan made, every refusal named), then
 * copied: tables created, the start noted, ranges copied, keys and indexes built. Later chapters (stream, verify,
 * cutover) join here, because this file alone knows their order. Nothing here knows MySQL, PostgreSQL or a screen.
 */
import { Fault } from "./errors.js";
import type {
  Catalogue,
  Finding,
  Hold,
  MigrationState,
  Plan,
  PlanTable,
  RangeOrder,
  ServerFacts,
} from "./model.js";
import { alteredSince, whileFresh } from "./migration/fresh.js";
import { cutSets, firstCut, needingCut } from "./migration/tied.js";
import { sortOrderFindings } from "./migration/sort-order.js";
import { sameTable } from "./plan/fingerprint.js";
import { helperFinding, withoutHelpers } from "./plan/online-change.js";
import { isSelected } from "./plan/select.js";
import { plan } from "./plan/plan.js";
import type { PlanRequest } from "./plan/plan.js";
import type { Ledger, LedgerView, Source, Target } from "./port.js";
import { buildAfter, buildBefore } from "./snapshot/build.js";
import type { TableCoder } from "./snapshot/copy.js";
import type { OnEvent } from "./snapshot/event.js";
import type { MomentHook } from "./snapshot/moments.js";
import type { LookOptions } from "./snapshot/look.js";
import { lookAtValues } from "./snapshot/look.js";
import { snapshot } from "./snapshot/snapshot.js";
import { mysqlName } from "./safety/identifier.js";
import type { Pacer } from "./safety/turns.js";
import { throwIfStopped } from "./stop.js";
import { loadParser } from "./translate/parser.js";
import { codecOf } from "./typemap/compile.js";
import { rowEncoder } from "./typemap/row.js";
import { verifyGenerated } from "./verify/generated.js";
import type { GeneratedVerdict } from "./verify/generated.js";
import { buildViews } from "./verify/views.js";
import type { ViewVerdict } from "./verify/views.js";

export interface Inspection {
  readonly source: ServerFacts;
  readonly target: ServerFacts;
  readonly catalogue: Catalogue;
  readonly plan: Plan;
  readonly findings: readonly Finding[];
}

export interface InspectOptions {
  readonly request: PlanRequest;
  /** Read the values too; null leaves them unread, as `plan` does. */
  readonly values: LookOptions | null;
  /** Tables that the migration has begun with, by source name: what online changes have put beside them since is left out, and told. */
  readonly begun?: readonly string[];
  /** Where the values are read instead of the source. */
  readonly replica?: Source;
  readonly signal: AbortSignal;
}

/** Asks both servers and the values about everything that a run would refuse. Changes nothing. */
export async function inspect(source: Source, target: Target, options: InspectOptions): Promise<Inspection> {
  const { request, values, signal } = options;
  const [sourceFacts, targetFacts] = await Promise.all([source.facts(), target.facts()]);
  const catalogue = await source.catalogue(signal);
  const made = await planOf(catalogue, request, options.begun);
  const server = await source.preflight();
  const findings: Finding[] = [
    ...(firstCut(made.tables, sourceFacts) === "stream" ? needingCut(server, "warning") : server),
    ...(await source.feedFindings(made, signal)),
    ...(await target.preflight(made)),
    ...made.findings,
    ...(values === null ? [] : await look(source, sourceFacts, catalogue, made, { ...options, values })),
    ...(values === null ? [] : await sortOrderFindings(source, target, made, options.signal)),
  ];
  if (made.tables.length === 0) findings.push(nothingToCopy(catalogue));
  return { source: sourceFacts, target: targetFacts, catalogue, plan: made, findings: sorted(findings) };
}

/** The plan; the parser is loaded before, for what the source has in SQL. `begun` as above. */
export async function planOf(
  catalogue: Catalogue,
  request: PlanRequest,
  begun: readonly string[] = [],
): Promise<Plan> {
  await loadParser();
  const found = withoutHelpers(catalogue, begun);
  const made = plan(found.catalogue, request);
  const helpers = found.helpers.filter(({ name }) => isSelected(name, request));
  return helpers.length === 0
    ? made
    : { ...made, findings: [...made.findings, ...helpers.map(helperFinding)] };
}

/** The values, on the replica where there is one and it is proven to be one; then the catalogue again. */
async function look(
  source: Source,
  facts: ServerFacts,
  before: Catalogue,
  made: Plan,
  { request, values, replica, signal }: InspectOptions & { readonly values: LookOptions },
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  if (replica !== undefined) {
    findings.push(...(await replica.follows(facts, await source.position(), signal)));
    const there = plan(await replica.catalogue(signal), request);
    if (there.fingerprint !== made.fingerprint) findings.push(replicaDiffers(before));
    // What is no replica of the source says nothing about the source's values.
    if (findings.some(({ severity }) => severity === "error")) return findings;
  }
  findings.push(...(await lookAtValues(replica ?? source, made.tables, values, signal)));
  const told = new Set(findings.filter(({ code }) => code === "table-changed").map(({ object }) => object));
  const after = await source.catalogue(signal);
  for (const { source: table } of made.tables)
    if (!told.has(table) && !sameTable(before, after, table)) findings.push(changedMeanwhile(table));
  return findings;
}

function replicaDiffers({ database }: Catalogue): Finding {
  return {
    code: "replica-differs",
    severity: "error",
    object: "server.replica",
    sentence: `The tables of ${database} are not the same on the replica as on the source.`,
    fix: "Let the replica catch up, or take source.replica out.",
    count: 1,
    sampleKeys: [],
  };
}

function changedMeanwhile(table: string): Finding {
  return {
    code: "table-changed",
    severity: "error",
    object: table,
    sentence: `${table} was altered or dropped while its values were looked at: what was found is about a table that is no more.`,
    fix: "Run headgate check again when nobody changes the schema.",
    count: 1,
    sampleKeys: [],
  };
}

function nothingToCopy(catalogue: Catalogue): Finding {
  return {
    code: "nothing-to-copy",
    severity: "error",
    object: catalogue.database,
    sentence: `No table of ${catalogue.database} is included.`,
    fix: "Mend tables.include and tables.exclude, or the database in source.url.",
    count: 1,
    sampleKeys: [],
  };
}

const weight = { error: 0, warning: 1, info: 2 } as const;

function sorted(findings: readonly Finding[]): Finding[] {
  return [...findings].sort((a, b) => weight[a.severity] - weight[b.severity]);
}

export interface CopyOptions {
  readonly source: Source;
  readonly target: Target;
  readonly ledger: Ledger;
  readonly plan: Plan;
  readonly engine: Catalogue["engine"];
  readonly workers: number;
  /** Worker slots per database host, counted across processes. */
  readonly slots: number;
  readonly rangeRows: number;
  readonly order?: RangeOrder;
  readonly workersNow?: () => number;
  /** Turns to write, where somebody governs them. */
  readonly pacer?: () => Pacer;
  /** Ranges that this run leaves alone. With any of them left the copy ends before the build, in state `copying`. */
  readonly holds?: readonly Hold[];
  /** Sets of tables that are copied at one position each, because the log that follows does not carry what ties them. */
  readonly tied?: readonly (readonly string[])[];
  /** Plans again from the source's catalogue as it is now. */
  readonly replan: () => Promise<Plan>;
  readonly signal: AbortSignal;
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly moment: MomentHook;
  readonly onState: (state: MigrationState) => void;
  readonly onEvent: OnEvent;
  readonly onView: (verdict: ViewVerdict) => void;
  readonly onGenerated: (verdict: GeneratedVerdict) => void;
}

/** The offline copy: create, copy, build. Goes on from wherever an earlier engine was stopped or killed. */
export async function copy(options: CopyOptions): Promise<LedgerView> {
  const { ledger, plan: made, signal } = options;
  const enter = async (state: MigrationState): Promise<void> => {
    throwIfStopped(signal);
    await ledger.setState(state);
    options.onState(state);
  };
  if (!(await copyRanges(options, enter))) return await ledger.view();
  await enter("building");
  await phase(ledger, "build", async () => {
    await buildAfter(options);
    return { statements: made.after.filter(({ kind }) => kind !== "view").length };
  });
  if ((made.generated ?? []).length > 0)
    await phase(ledger, "generated", async () => {
      const verdicts = await verifyGenerated(options);
      for (const verdict of verdicts) options.onGenerated(verdict);
      return generatedFacts(verdicts);
    });
  if ((made.views ?? []).length > 0)
    await phase(ledger, "views", async () => viewFacts(await buildViews(options)));
  await enter("copied");
  return await ledger.view();
}

/** Creates the tables and copies every range. false when some are held back: then nothing may be built. */
export async function copyRanges(
  options: CopyOptions,
  enter: (state: MigrationState) => Promise<void>,
): Promise<boolean> {
  const { ledger, plan: made } = options;
  const before = await ledger.view();
  if (isCopied(before)) return true;
  await enter("copying");
  await phase(ledger, "create", async () => {
    await buildBefore(options);
    return { statements: made.before.length };
  });
  const copy = async (): Promise<Readonly<Record<string, number>> | null> => {
    const lanes = new Map(made.tables.map(({ source, lane }) => [source, lane]));
    const tied = cutSets(await ledger.view(), options.tied ?? [], lanes);
    await snapshot({ ...options, tied, coderOf: (table) => coderOf(table, options.engine) });
    const { tables } = await ledger.view();
    if (tables.some((table) => table.rangesHeld > 0)) return null;
    return { rows: total(tables, "rows"), bytes: total(tables, "bytes") };
  };
  // Ranges are read with the plan's columns: a table that is altered meanwhile may give rows of two shapes, or none.
  return await whileFresh(
    made,
    () => options.replan(),
    options.signal,
    () => phase(ledger, "copy", copy),
  );
}

/** Every range is there and every lane has its join. */
function isCopied({ tables, lanes }: LedgerView): boolean {
  return (
    tables.every(({ split, ranges, rangesDone }) => split && ranges === rangesDone) &&
    lanes.every(({ join }) => join !== null)
  );
}

/** A table's codecs as the snapshot uses them: one select list, and an encoder for each range. */
function coderOf(table: PlanTable, engine: Catalogue["engine"]): TableCoder {
  return {
    select: table.columns.map((column) => codecOf(column, engine).select(mysqlName(column.source))),
    encode: (sink) => rowEncoder(table, engine, sink),
  };
}

export function generatedFacts(
  verdicts: readonly GeneratedVerdict[],
): Readonly<Record<string, string | number>> {
  const named = (wanted: GeneratedVerdict["result"]): string =>
    verdicts.flatMap(({ column, result }) => (result === wanted ? [column] : [])).join(", ");
  return { proven: named("equal"), different: named("different"), notCompared: named("not-compared") };
}

/** What the ledger keeps of the views: how many are what, and the names of those that somebody has to look at. */
export function viewFacts(verdicts: readonly ViewVerdict[]): Readonly<Record<string, string | number>> {
  const named = (...results: readonly ViewVerdict["result"][]): string[] =>
    verdicts.flatMap(({ view, result }) => (results.includes(result) ? [view] : []));
  return {
    views: verdicts.length,
    equal: named("equal").length,
    different: named("different").join(", "),
    refused: named("refused").join(", "),
    unread: named("unread").join(", "),
    notCompared: named("counted", "not-compared").join(", "),
  };
}

/** The views that the last comparison found other than the source's, could not create, or might not read. */
export function viewsToLookAt(view: LedgerView): readonly string[] {
  const facts = view.phases.find(({ phase: name }) => name === "views")?.facts;
  return ["different", "refused", "unread"].flatMap((fact) => {
    const names = facts?.[fact];
    return typeof names === "string" && names !== "" ? names.split(", ") : [];
  });
}

function total(tables: LedgerView["tables"], what: "rows" | "bytes"): number {
  return tables.reduce((sum, table) => sum + table[what], 0);
}

/** One phase with its times in the ledger. false, and no end of it: `act` gave null, it is not all done. */
export async function phase(
  ledger: Ledger,
  name: string,
  act: () => Promise<Readonly<Record<string, string | number>> | null>,
): Promise<boolean> {
  await ledger.phase(name, {}, false);
  const facts = await act();
  if (facts !== null) await ledger.phase(name, facts, true);
  return facts !== null;
}

/** A plan whose tables stand on the target already: making another one would not help. */
const bound = "Go back to the source and config that it was made from, or begin a new migration.";

/** Refuses to go on with a plan that is no longer what catalogue and config say. `then` is that plan, where it is known. */
export function demandFresh(
  made: Plan,
  recorded: string | null,
  where: string,
  { next = bound, then = null }: { readonly next?: string; readonly then?: Plan | null } = {},
): void {
  if (recorded === null || recorded === made.fingerprint) return;
  const named = then?.fingerprint === recorded ? ` ${alteredSince(then, made)}` : "";
  throw new Fault(
    "plan-stale",
    `The plan in ${where} was made from another catalogue or config than today's: the source or headgate.yaml has changed since.${named}`,
    { next, facts: { recorded, now: made.fingerprint } },
  );
}
