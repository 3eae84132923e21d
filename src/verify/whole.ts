/**
 * Tables compared whole, range by range. Workers take ranges as they come, biggest tables first as the plan has them;
 * each range is proven in the ledger with the checkpoint of its own look, so that a verification that was killed goes on
 * after the last one. A table counts from the oldest of its looks: what is touched after that is dirty.
 */
import pLimit from "p-limit";
import { Fault } from "../errors.js";
import type { PlanTable, Range } from "../model.js";
import { together } from "../safety/pool.js";
import type { Pacer } from "../safety/turns.js";
import { throwIfStopped } from "../stop.js";
import type { RangeProof, Suspect, VerifyLedger, VerifyRun } from "../verify-port.js";
import { again, giveWay, inTurn, looking } from "./tools.js";
import type { VerifyTools } from "./tools.js";

interface Piece {
  readonly table: PlanTable;
  readonly range: Range;
}

/** Every range of these tables is compared and proven; suspects are on record, and nobody is accused yet. */
export async function compareWhole(
  tools: VerifyTools,
  run: VerifyRun,
  tables: readonly PlanTable[],
  signal: AbortSignal,
): Promise<void> {
  tools.onEvent({ kind: "whole", tables: tables.map(({ source }) => source) });
  const pieces = piecesOf(tools, run, tables, signal);
  // A generator answers one at a time.
  const turn = pLimit(1);
  const next = async (): Promise<Piece | null> => {
    const { value, done } = await turn(() => pieces.next());
    return done === true ? null : value;
  };
  const workers = Math.max(1, tools.workers());
  await together(
    Array.from({ length: workers }, () => async (stop: AbortSignal) => {
      using pacer = tools.pacer?.();
      for (;;) {
        throwIfStopped(stop);
        // Quietly: the others bring their ranges to an end.
        if (tools.givesWay?.() === true) return;
        const piece = await next();
        if (piece === null) return;
        await pacer?.pace(stop);
        await again(
          tools,
          `comparing range ${String(piece.range.number)} of ${piece.table.source}`,
          () => compareOne(tools, run, piece, pacer, stop),
          stop,
        );
        pacer?.rest();
      }
    }),
    signal,
  );
  giveWay(tools);
}

/** What was split, and compared, before: told with the beginning, so that no progress is of nothing. */
export function tellKnown(
  tools: Pick<VerifyTools, "onEvent">,
  tables: readonly PlanTable[],
  known: Awaited<ReturnType<VerifyLedger["ranges"]>>,
): void {
  for (const { source: table } of tables) {
    const mine = known.filter(({ range }) => range.table === table);
    const proofs = mine.flatMap(({ proof }) => proof ?? []);
    const rows = proofs.reduce((sum, { rowsSource }) => sum + Number(rowsSource), 0);
    if (mine.length > 0)
      tools.onEvent({ kind: "split", table, ranges: mine.length, done: proofs.length, rows });
  }
}

/** The ranges that are not proven yet, split where they were not. */
async function* piecesOf(
  tools: VerifyTools,
  run: VerifyRun,
  tables: readonly PlanTable[],
  signal: AbortSignal,
): AsyncGenerator<Piece, null> {
  const known = await tools.ledger.ranges(run.id);
  const of = (table: PlanTable): typeof known => known.filter(({ range }) => range.table === table.source);
  for (const table of tables) {
    const mine = of(table);
    let open = mine.filter(({ proof }) => proof === null).map(({ range }) => range);
    if (mine.length === 0) {
      open = await again(tools, `splitting ${table.source}`, () => splitOf(tools, table, signal), signal);
      const ranges = open;
      await inTurn(tools, () => tools.ledger.setRanges(run.id, table.source, ranges), signal);
      tools.onEvent({ kind: "split", table: table.source, ranges: ranges.length, done: 0, rows: 0 });
    }
    for (const range of open) yield { table, range };
  }
  return null;
}

async function splitOf(tools: VerifyTools, table: PlanTable, signal: AbortSignal): Promise<Range[]> {
  if (!tools.comparing.hasKeys(table) || tools.comparing.inRanges?.(table) === false)
    return [{ table: table.source, number: 0, lower: null, upper: null }];
  const ranges: Range[] = [];
  for await (const range of tools.source.split({ ...table, exactCut: false }, tools.rangeRows, signal))
    ranges.push(range);
  return ranges;
}

async function compareOne(
  tools: VerifyTools,
  run: VerifyRun,
  { table, range }: Piece,
  pacer: Pacer | undefined,
  signal: AbortSignal,
): Promise<void> {
  const began = tools.now();
  const whole = range.lower === null && range.upper === null;
  let suspected = 0;
  const proof = await looking(
    tools,
    table,
    async (comparer, at): Promise<RangeProof> => {
      const figures = await tools.comparing.range(
        comparer,
        table,
        whole ? null : range,
        async (suspects) => {
          suspected += suspects.length;
          await tools.ledger.suspect(run.id, suspects);
        },
        signal,
      );
      return {
        ...figures,
        table: table.source,
        number: range.number,
        range,
        seq: at.seq,
        position: at.position,
        seconds: (tools.now() - began) / 1000,
      };
    },
    signal,
    pacer,
  );
  await tools.moment("verify:compared");
  await tools.ledger.prove(run.id, proof, []);
  await tools.moment("verify:proven");
  tools.onEvent({ kind: "compared", proof });
  if (suspected > 0) tools.onEvent({ kind: "suspects", table: table.source, count: suspected });
}

/** The table's ranges of this run, all of them proven, as one: counted from the oldest look. */
export async function cleanFrom(
  tools: VerifyTools,
  run: VerifyRun,
  table: PlanTable,
  signal: AbortSignal,
): Promise<void> {
  const mine = (await tools.ledger.ranges(run.id)).filter(({ range }) => range.table === table.source);
  demandWhole(mine.map(({ range }) => range));
  const proofs = mine.map(({ proof }) => proof);
  const [first] = proofs;
  if (first === undefined || first === null)
    throw new Fault("bug", `${table.source} was to be clean without a range that was compared.`);
  let oldest = first;
  let [source, target] = [0n, 0n];
  for (const proof of proofs) {
    if (proof === null) throw new Fault("bug", `A range of ${table.source} was not compared.`);
    if (proof.seq < oldest.seq) oldest = proof;
    source += BigInt(proof.rowsSource);
    target += BigInt(proof.rowsTarget);
  }
  if (proofs.length > 1) target += BigInt(await compareExtras(tools, run, table, signal));
  const figures = {
    run: run.id,
    rowsSource: source.toString(),
    rowsTarget: target.toString(),
    ranges: proofs.length,
    // A range that a server would not digest was streamed: of the others the digest's blindness holds.
    method: proofs.some((proof) => proof?.method === "digest") ? ("digest" as const) : first.method,
  };
  const { seq, position } = oldest;
  await inTurn(tools, () => tools.ledger.setClean(table.source, seq, position, figures), signal);
  await tools.moment("verify:cleaned");
}

/**
 * From one end of the key to the other without a gap. The copy was split by the same code: rows that it left out between
 * two ranges would be looked at on neither side.
 */
function demandWhole(ranges: readonly Range[]): void {
  const bounds = (bound: Range["lower"]): string => JSON.stringify(bound);
  ranges.forEach((range, place) => {
    const [before, after] = [ranges[place - 1], ranges[place + 1]];
    const begins = before === undefined ? range.lower === null : range.lower !== null;
    const ends = after === undefined ? range.upper === null : bounds(range.upper) === bounds(after.lower);
    if (!begins || !ends)
      throw new Fault(
        "bug",
        `The ranges of ${range.table} leave rows out beside range ${String(range.number)}, so it was not compared whole.`,
      );
  });
}

/** Rows that only the target has, of tables whose ranges are the source's alone: to be asked for where a table has more than one. How many they are. */
export async function compareExtras(
  tools: VerifyTools,
  run: VerifyRun,
  table: PlanTable,
  signal: AbortSignal,
): Promise<number> {
  using pacer = tools.pacer?.();
  await pacer?.pace(signal);
  const keep = async (suspects: readonly Suspect[]): Promise<void> => {
    await tools.ledger.suspect(run.id, suspects);
    tools.onEvent({ kind: "suspects", table: table.source, count: suspects.length });
  };
  return await again(
    tools,
    `looking for rows of ${table.source} that only the target has`,
    () =>
      looking(
        tools,
        table,
        (comparer) => tools.comparing.extras(comparer, table, keep, signal),
        signal,
        pacer,
      ),
    signal,
  );
}
