/**
 * Exact counts of a table's rows on both sides at one position. Counts of two moments cannot be told apart by keys, so
 * they are held against each other only where nothing lies between: the target is counted in its view, the source once it
 * shows that view's checkpoint, and they hold when the lane, having applied all that the source had by then, has touched
 * no row of the table after the checkpoint. Of a table that is never so still, what was touched meanwhile is counted apart, on
 * the source in one view at an exact position (design.md, decision 4): the rows that nobody touched must be as many.
 */
import { Fault } from "../errors.js";
import type { PlanTable, Position } from "../model.js";
import type { RowReader, Source } from "../port.js";
import { withSlot } from "../safety/slot.js";
import type { LaneCheckpoint } from "../stream-port.js";
import { ops } from "../typemap/opcode.js";
import { Output } from "../typemap/output.js";
import { RowWriter } from "../typemap/writer.js";
import type { TargetLook } from "../verify-port.js";
import type { Comparer } from "./comparer.js";
import { again, looking, untilSeen } from "./tools.js";
import type { VerifyTools } from "./tools.js";
import { touchedAtAll } from "./touched.js";
import { keysIn, tuplesOf } from "./tuples.js";

export interface CountTools extends VerifyTools {
  readonly source: VerifyTools["source"] & Pick<Source, "exactCut">;
}

export interface CountVerdict {
  /** Source name. */
  readonly table: string;
  /** `pending`: rows moved at each look, or could not be counted apart. */
  readonly result: "equal" | "different" | "pending";
  /** In decimal; of a pending table what the last look saw, which is of two moments. */
  readonly rowsSource: string;
  readonly rowsTarget: string;
  /** Keys that events touched between the two sides, and how many rows each side had of them; null where none did. */
  readonly apart: { readonly keys: number; readonly rowsSource: number; readonly rowsTarget: number } | null;
  /** What the target had applied when it was counted: what was not touched since is as it was there. Null before any batch. */
  readonly position: Position | null;
  readonly sentence: string;
}

/** Looks at a table for a moment in which nothing of it moves. */
const stillLooks = 3;
/** Keys that are counted apart at most. */
const mostKeys = 200_000;

export async function countTable(
  tools: CountTools,
  table: PlanTable,
  signal: AbortSignal,
): Promise<CountVerdict> {
  let last: Counted | null = null;
  for (let look = 1; look <= stillLooks; look += 1) {
    // What is on its way now would only make the next look wide.
    await tools.following?.caughtUp(table.lane, signal);
    const counted = await again(
      tools,
      `counting ${table.source}`,
      () => countBoth(tools, table, signal),
      signal,
    );
    if (tools.following === null || !(await touchedAtAll(tools, table, counted.at, signal)))
      return verdict(table, counted, null);
    last = counted;
  }
  if (last === null) throw new Fault("bug", `${table.source} was not counted.`);
  if (table.key === null)
    return pending(table, last, "it has no key, so what was touched cannot be counted apart");
  try {
    return await countApart(tools, table, signal);
  } catch (error) {
    // No right to the cut, or somebody held the table: the other counts are of use all the same.
    if (signal.aborted || !(error instanceof Fault) || !withoutCut.has(error.code)) throw error;
    return pending(table, last, error.message);
  }
}

const withoutCut = new Set<string>(["grant-missing", "source-refused", "source-busy"]);

interface Counted {
  readonly source: bigint;
  readonly target: bigint;
  readonly at: LaneCheckpoint;
}

async function countBoth(tools: CountTools, table: PlanTable, signal: AbortSignal): Promise<Counted> {
  return await looking(
    tools,
    table,
    async ({ look, reader }, at) => ({
      target: BigInt(await look.count(table, signal)),
      source: await countRows(reader, table, signal),
      at,
    }),
    signal,
  );
}

/**
 * Both views stay open until the keys that were touched meanwhile are counted in them too. What was touched since a look
 * before both of them is all that can lie between the two, whichever is older; so the source's slot is taken first, as
 * everybody takes them.
 */
async function countApart(tools: CountTools, table: PlanTable, signal: AbortSignal): Promise<CountVerdict> {
  const { source, target, plan, engine, comparing } = tools;
  const look = (): Promise<TargetLook> =>
    withSlot(tools, "target", (slots) => target.look(plan, slots), signal);
  const at = await checkpoint(look, table);
  await untilSeen(tools, table, at, signal);
  await using cut = await withSlot(
    tools,
    "source",
    (slots) => source.exactCut([table.source], slots),
    signal,
  );
  await using view = await look();
  const counted: Counted = {
    target: BigInt(await view.count(table, signal)),
    source: await countRows(cut.reader, table, signal),
    at,
  };
  const keys = await touchedKeys(tools, table, at, signal);
  if (keys === null)
    return pending(table, counted, "too much of it was touched meanwhile to be counted apart");
  const comparer: Comparer = { look: view, reader: cut.reader, engine };
  const { rowsSource, rowsTarget } = await comparing.keys(comparer, table, tuplesOf(keys), signal);
  return verdict(table, counted, { keys: keys.length, rowsSource, rowsTarget });
}

async function checkpoint(look: () => Promise<TargetLook>, table: PlanTable): Promise<LaneCheckpoint> {
  await using view = await look();
  const at = view.checkpoints.get(table.lane);
  if (at === undefined)
    throw new Fault("ledger-mismatch", `The target's ledger has no lane ${table.lane} any more.`);
  return at;
}

/** Keys that events touched after `at` until now; null where they are too many, or the whole table was. */
async function touchedKeys(
  { ledger, following }: CountTools,
  table: PlanTable,
  at: LaneCheckpoint,
  signal: AbortSignal,
): Promise<readonly Buffer[] | null> {
  await following?.caughtUp(table.lane, signal);
  const keys = new Set<string>();
  const found = { whole: false };
  await ledger.touched(
    table,
    at.seq,
    null,
    (_seq, bytes) => {
      if (bytes === null) found.whole = true;
      else for (const key of keysIn(bytes)) keys.add(key);
      return !found.whole && keys.size <= mostKeys;
    },
    signal,
  );
  return found.whole || keys.size > mostKeys ? null : [...keys].map((key) => Buffer.from(key, "latin1"));
}

function verdict(table: PlanTable, counted: Counted, apart: CountVerdict["apart"]): CountVerdict {
  const source = counted.source - BigInt(apart?.rowsSource ?? 0);
  const target = counted.target - BigInt(apart?.rowsTarget ?? 0);
  const equal = source === target;
  const rows = equal
    ? `${rowsOf(source)} on both sides`
    : `${rowsOf(source)} at the source and ${String(target)} on the target`;
  const beside =
    apart === null
      ? ""
      : ` that nothing touched; ${String(apart.keys)} keys were touched meanwhile and are not among them`;
  return {
    table: table.source,
    result: equal ? "equal" : "different",
    rowsSource: String(counted.source),
    rowsTarget: String(counted.target),
    apart,
    position: counted.at.position,
    sentence: `${table.source}: ${rows}${beside}.`,
  };
}

function rowsOf(count: bigint): string {
  return count === 1n ? "1 row" : `${String(count)} rows`;
}

function pending(table: PlanTable, counted: Counted, why: string): CountVerdict {
  return {
    table: table.source,
    result: "pending",
    rowsSource: String(counted.source),
    rowsTarget: String(counted.target),
    apart: null,
    position: counted.at.position,
    sentence: `${table.source}: its rows were changed at each look, so its counts are of two moments: ${why.replace(/\.$/u, "")}.`,
  };
}

/** The server's own count, in a view of its own. */
async function countRows(reader: RowReader, table: PlanTable, signal: AbortSignal): Promise<bigint> {
  const writer = new RowWriter([{ op: ops.bytes, wire: 0, parameter: 0, write: null }], new Output(null, 1));
  const counted: bigint[] = [];
  await reader.read(
    {
      table: table.source,
      select: ["CAST(COUNT(*) AS CHAR)"],
      key: null,
      range: null,
      ordered: false,
    },
    {
      row(packet, start, end) {
        writer.out.at = 0;
        writer.row(packet, start, end);
        // One field, its length in front of it.
        counted.push(BigInt(writer.out.bytes.toString("latin1", 6, writer.out.at)));
      },
      full: () => false,
      drained: () => Promise.resolve(),
    },
    signal,
  );
  const [count] = counted;
  if (count === undefined) throw new Fault("bug", `The source gave no count of ${table.source}.`);
  return count;
}
