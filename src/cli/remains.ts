/**
 * What a migration leaves once it is over, on both servers and at Kafka, as `complete` and `abandon` find it, take it away and
 * tell what stays.
 */
import { open, rename } from "node:fs/promises";
import { join } from "node:path";
import type { Ending } from "../cutover/ending.js";
import { revocations } from "../cutover/revocations.js";
import type { JournalEntry, WayBack } from "../cutover-port.js";
import type { Plan } from "../model.js";
import type { Ledger, LedgerView } from "../port.js";
import type { SourceMarks, Trace } from "../traces-port.js";
import type { OpenMigration } from "./open.js";

/** By what the source's objects are known. */
export function marksOf(view: LedgerView, entries: readonly JournalEntry[]): SourceMarks {
  return {
    lanes: view.lanes.map(({ lane, start }) => ({ lane, start })),
    cutovers: [...new Set(entries.map(({ cutover }) => cutover))],
  };
}

/** What becomes of the tables that were copied: they go, are kept as they are, or serve applications. */
export type Tables = "go" | "kept" | "serve";

/** Reads only. */
export async function findTraces(
  migration: OpenMigration,
  plan: Plan,
  marks: SourceMarks,
  { tables, signal }: { readonly tables: Tables; readonly signal: AbortSignal },
): Promise<readonly Trace[]> {
  const { source, target } = await migration.both();
  await using ours = await migration.sourceTraces();
  const there = await target.traces(plan);
  return [
    ...(await source.feedTraces(plan, signal)),
    ...(await ours.find(marks)),
    // What serves applications now is no trace of ours any more.
    ...(tables === "serve" ? there.filter(({ stays, sql }) => stays === null && sql === null) : there).map(
      (trace) =>
        tables === "kept" && isTable(trace) && trace.stays === null
          ? { ...trace, stays: "it is kept" }
          : trace,
    ),
  ];
}

function isTable({ side, object }: Trace): boolean {
  return side === "target" && object.startsWith("table ");
}

export interface RemainsParts {
  readonly migration: OpenMigration;
  readonly plan: Plan;
  readonly ledger: Ledger;
  readonly wayBack: WayBack;
  readonly marks: SourceMarks;
  readonly signal: AbortSignal;
  /** What was copied goes as well. */
  readonly dropsTables: boolean;
}

/** Part by part, in the order in which they go. */
export function endingsOf(parts: RemainsParts): readonly Ending[] {
  const { migration, plan, ledger, wayBack, marks, signal, dropsTables } = parts;
  return [
    { name: "connector", act: async () => (await migration.source()).endFeed(plan, signal) },
    { name: "way-back", act: () => wayBack.drop(plan) },
    {
      name: "source-database",
      act: async () => {
        await using ours = await migration.sourceTraces();
        await ours.drop(marks);
      },
    },
    ...(dropsTables ? [{ name: "built", act: () => ledger.dropBuilt() } as const] : []),
    { name: "archive", act: () => archive(migration, ledger) },
  ];
}

/** The ledger stays where it is, as the archive of the migration; what it says at the end is beside the config as well. */
async function archive({ stateDirectory }: OpenMigration, ledger: Ledger): Promise<void> {
  await ledger.phase("archived", {}, true);
  const path = join(stateDirectory, "ledger.json");
  {
    await using file = await open(`${path}.new`, "w", 0o600);
    await file.writeFile(`${JSON.stringify(await ledger.view(), null, 2)}\n`);
    await file.sync();
  }
  await rename(`${path}.new`, path);
}

/** What a person may still drop: what stayed, then the rights that our accounts had for it. */
export async function leftovers(
  migration: OpenMigration,
  plan: Plan,
  traces: readonly Trace[],
  target: readonly string[] | null,
): Promise<readonly { readonly side: Trace["side"]; readonly sql: string }[]> {
  const sides = await migration.both();
  const rights = {
    source: revocations(await sides.source.grants("copy"), "source"),
    target:
      target ??
      revocations(await sides.target.grants(plan.schema, migration.config.cutover.open.roles), "target"),
  };
  return [
    ...traces.flatMap(({ side, stays, sql }) => (stays === null || sql === null ? [] : [{ side, sql }])),
    ...rights.source.map((sql) => ({ side: "source" as const, sql })),
    ...rights.target.map((sql) => ({ side: "target" as const, sql })),
  ];
}

/** The JSON of a list of traces. */
export function traceBody(traces: readonly Trace[]): readonly Readonly<Record<string, unknown>>[] {
  return traces.map(({ side, object, stays, sql }) => ({
    side,
    object,
    goes: stays === null,
    why: stays,
    sql,
  }));
}

const sides = { source: "the source", target: "the target", connect: "Kafka Connect" } as const;

/** The same for a person; `did`: what became of those that go. */
export function traceLines(traces: readonly Trace[], did: "would be dropped" | "dropped"): readonly string[] {
  return traces.map(({ side, object, stays }) =>
    stays === null ? `${did} on ${sides[side]}: ${object}` : `stays on ${sides[side]}: ${object} (${stays})`,
  );
}
