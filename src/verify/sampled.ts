/**
 * A verification of a sample: the same rows on both sides, picked by a hash of their key. It proves what it looked at and
 * says how sure that is of the rest; no table is clean by it.
 */
import type { PlanTable } from "../model.js";
import type { VerifyRun, VerifyScope } from "../verify-port.js";
import { confidence, leavesOut, sampleComparing } from "./sample.js";
import type { Sampling } from "./sample.js";
import { settle } from "./settle.js";
import { inTurn, lookFacts, looking } from "./tools.js";
import type { VerifyTools } from "./tools.js";
import { foundIn, tablesOf } from "./verification.js";
import type { FoundRows, VerificationTools } from "./verification.js";
import { compareExtras, compareWhole, tellKnown } from "./whole.js";

export interface SampledTable extends FoundRows {
  readonly table: PlanTable;
  /** Looked at, and all that the target has; in decimal. */
  readonly rowsSource: string;
  readonly rowsTarget: string;
  readonly of: string;
  readonly ranges: number;
  /** How sure it is, in a sentence. */
  readonly sentence: string;
}

export interface SampleOutcome {
  readonly run: VerifyRun;
  /** Ranges that were compared before it was stopped and went on, the first of them no earlier than `run` began. */
  readonly resumed: number;
  readonly tables: readonly SampledTable[];
}

export async function verifySample(
  given: VerificationTools,
  names: readonly string[] | null,
  sample: Sampling,
  signal: AbortSignal,
): Promise<SampleOutcome> {
  const tools: VerifyTools = { ...given, comparing: sampleComparing(given.comparings.stream, sample) };
  const tables = tablesOf(tools, names);
  const scope: VerifyScope = {
    method: "stream",
    kind: "sample",
    tables: tables.map(({ source }) => source).sort(),
    sample,
  };
  const run = await inTurn(tools, () => tools.ledger.begin(scope), signal);
  const known = await tools.ledger.ranges(run.id);
  const resumed = known.filter(({ proof }) => proof !== null).length;
  tools.onEvent({ kind: "begun", run: run.id, scope, resumed });
  tellKnown(tools, tables, known);
  await compareWhole(tools, run, tables, signal);
  const ranges = await tools.ledger.ranges(run.id);
  for (const table of tables) {
    // Of the target's rows beside those of the source's ranges the sentence speaks as well.
    if (ranges.filter(({ range }) => range.table === table.source).length > 1)
      await compareExtras(tools, run, table, signal);
    await settle(tools, run, table, ["suspect"], signal);
  }
  const counts = await tools.ledger.mismatchCounts();
  const sampled: SampledTable[] = [];
  for (const table of tables) {
    const proofs = ranges.flatMap(({ range, proof }) =>
      range.table === table.source && proof !== null ? [proof] : [],
    );
    const sum = (what: "rowsSource" | "rowsTarget"): bigint =>
      proofs.reduce((total, proof) => total + BigInt(proof[what]), 0n);
    const of = await looking(tools, table, ({ look }) => look.count(table, signal), signal);
    sampled.push({
      table,
      ...(await foundIn(tools.ledger, table, counts)),
      rowsSource: String(sum("rowsSource")),
      rowsTarget: String(sum("rowsTarget")),
      of,
      ranges: proofs.length,
      sentence: `${table.source}: ${confidence(Number(sum("rowsTarget")), Number(of), leavesOut(table, tools.engine, sample) ? sample.percent : null)}`,
    });
  }
  const facts = {
    percent: sample.percent,
    seed: sample.seed,
    tables: sampled.length,
    ...(resumed === 0 ? {} : { resumed }),
    ...lookFacts(tools),
    differences: String(sampled.reduce((total, each) => total + each.differences, 0n)),
    sampled: JSON.stringify(
      sampled.map(({ table, sentence, differences, pending }) => ({
        table: table.source,
        sentence,
        differences: String(differences),
        pending: String(pending),
      })),
    ),
  };
  await inTurn(tools, () => tools.ledger.end(run.id, facts), signal);
  return { run, resumed, tables: sampled };
}
