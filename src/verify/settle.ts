/**
 * Suspects looked at again until each is equal, accused or given up (design.md, decision 10). A row is accused when it
 * differs at a look between whose two sides no event touched it: then the events do not explain it. What was touched
 * each time is `pending`: it is settled by a later verification, or at the fence, where nothing moves.
 */
import type { PlanTable } from "../model.js";
import type { Pacer } from "../safety/turns.js";
import type { RecordedMismatch, Suspect, VerifyRun } from "../verify-port.js";
import { again, giveWay, looking } from "./tools.js";
import type { VerifyTools } from "./tools.js";
import { touchedAmong, touchedAtAll } from "./touched.js";
import { tuplesOf } from "./tuples.js";

/** Looks at one suspect before it is pending; of a few rows that are written to all the time a look is short, and one of many is between two writes. */
const mostLooks = 10;
const fewKeys = 100;
const mostLooksAtFew = 25;
/** Suspects that are looked at in one go. */
const pageKeys = 5_000;
/** Rows of a table without a key that are kept; whoever has more of them is told so, and copies the table again. */
export const mostRows = 100_000;

type States = readonly RecordedMismatch["state"][];

/** Settles what is on record of a table in these states. How many rows differ beyond those that are kept. */
export async function settle(
  tools: VerifyTools,
  run: VerifyRun,
  table: PlanTable,
  states: States,
  signal: AbortSignal,
  kept = mostRows,
): Promise<number> {
  if (!tools.comparing.hasKeys(table)) {
    const [any] = await tools.ledger.mismatches(table.source, states, null, 1);
    return any === undefined ? 0 : await settleRows(tools, run, table, kept, signal);
  }
  for (let after: Buffer | null = null; ;) {
    const page: readonly RecordedMismatch[] = await tools.ledger.mismatches(
      table.source,
      states,
      after,
      pageKeys,
    );
    const last = page.at(-1);
    if (last === undefined) return 0;
    after = last.key;
    const keys = page.map(({ key }) => key);
    await settleKeys(tools, run, table, keys, signal);
  }
}

/** Looks at these keys until each is equal, accused or pending, and records which. */
async function settleKeys(
  tools: VerifyTools,
  run: VerifyRun,
  table: PlanTable,
  keys: readonly Buffer[],
  signal: AbortSignal,
): Promise<void> {
  let left = keys;
  using pacer = tools.pacer?.();
  for (let look = 1; left.length > 0; look += 1) {
    giveWay(tools);
    await pacer?.pace(signal);
    const seen = await again(
      tools,
      `looking again at ${table.source}`,
      () =>
        looking(
          tools,
          table,
          async (comparer, at) => ({
            at,
            found: await tools.comparing.keys(comparer, table, tuplesOf(left), signal),
          }),
          signal,
          pacer,
        ),
      signal,
    );
    const differing = new Map(seen.found.suspects.map((suspect) => [textOf(suspect.key), suspect]));
    await tools.moment("verify:rechecked");
    // A pause holds the lane that is waited for, and waits itself for whoever has a turn.
    pacer?.rest();
    const touched =
      differing.size === 0 || tools.following === null
        ? new Set<string>()
        : await touchedAmong(tools, table, seen.at, new Set(differing.keys()), signal);
    await pacer?.pace(signal);
    const given = look >= (left.length > fewKeys ? mostLooks : mostLooksAtFew);
    const settled = [
      ...left
        .filter((key) => !differing.has(textOf(key)))
        .map((key) => ({ key, state: null, suspect: null })),
      ...[...differing.values()]
        .filter(({ key }) => given || !touched.has(textOf(key)))
        .map((suspect) => ({
          key: suspect.key,
          state: touched.has(textOf(suspect.key)) ? ("pending" as const) : ("different" as const),
          suspect,
        })),
    ];
    if (settled.length > 0) await tools.ledger.settle(run.id, table.source, settled);
    tools.onEvent({
      kind: "rechecked",
      table: table.source,
      equal: settled.filter(({ state }) => state === null).length,
      different: differing.size - touched.size,
      touched: touched.size,
    });
    await tools.moment("verify:settled");
    pacer?.rest();
    if (given) return;
    left = [...touched].flatMap((key) => differing.get(key)?.key ?? []);
  }
}

/**
 * A table without a key is looked at whole: rows are its only names, and whatever touches the table may have touched any of
 * them. A row that no event explains parts both sides at every look, while what an event brings is there at the next one.
 * So a row that is missing from one look's suspects was equal at it, and one that only a later look suspects was equal at
 * the earlier: where no row is suspected at all looks, nothing differed at the first. As above otherwise.
 */
async function settleRows(
  tools: VerifyTools,
  run: VerifyRun,
  table: PlanTable,
  kept: number,
  signal: AbortSignal,
): Promise<number> {
  using pacer = tools.pacer?.();
  /** Rows that every look so far has suspected. */
  let lasting: readonly Suspect[] | null = null;
  for (let look = 1; ; look += 1) {
    giveWay(tools);
    await pacer?.pace(signal);
    const { at, found, more } = await again(
      tools,
      `looking again at ${table.source}`,
      () => lookWhole(tools, table, kept, pacer, signal),
      signal,
    );
    await tools.moment("verify:rechecked");
    pacer?.rest();
    const touched =
      found.length > 0 && tools.following !== null && (await touchedAtAll(tools, table, at, signal));
    // Of those that are not kept nothing is known.
    if (touched) lasting = more > 0 || lasting === null ? found : suspectedTwice(lasting, found);
    const left = touched ? (lasting ?? []) : found;
    const last = look >= mostLooks;
    await pacer?.pace(signal);
    tools.onEvent({
      kind: "rechecked",
      table: table.source,
      equal: left.length === 0 ? 1 : 0,
      different: touched ? 0 : left.length,
      touched: touched ? left.length : 0,
    });
    if (left.length > 0 && touched && !last) {
      pacer?.rest();
      continue;
    }
    await recordRows(tools, run, table, left, touched ? "pending" : "different");
    await tools.moment("verify:settled");
    return more;
  }
}

/** As the later look tells them; whether they are missing or extra may have changed with the events in between. */
function suspectedTwice(before: readonly Suspect[], now: readonly Suspect[]): readonly Suspect[] {
  const known = new Set(before.map(({ key }) => textOf(key)));
  return now.filter(({ key }) => known.has(textOf(key)));
}

async function lookWhole(
  tools: VerifyTools,
  table: PlanTable,
  most: number,
  pacer: Pacer | undefined,
  signal: AbortSignal,
): Promise<{
  readonly at: Parameters<typeof touchedAtAll>[2];
  readonly found: readonly Suspect[];
  readonly more: number;
}> {
  return await looking(
    tools,
    table,
    async (comparer, at) => {
      const found: Suspect[] = [];
      let more = 0;
      const keep = async (suspects: readonly Suspect[]): Promise<void> => {
        const kept = suspects.slice(0, Math.max(0, most - found.length));
        found.push(...kept);
        more += suspects.length - kept.length;
        return Promise.resolve();
      };
      await tools.comparing.range(comparer, table, null, keep, signal);
      return { at, found, more };
    },
    signal,
    pacer,
  );
}

/** These rows are what is on record of the table now; those that are not among them are off it. */
async function recordRows(
  tools: VerifyTools,
  run: VerifyRun,
  table: PlanTable,
  found: readonly Suspect[],
  state: "different" | "pending",
): Promise<void> {
  const kept = new Set(found.map(({ key }) => textOf(key)));
  for (let at = 0; at < found.length; at += pageKeys)
    await tools.ledger.settle(
      run.id,
      table.source,
      found.slice(at, at + pageKeys).map((suspect) => ({ key: suspect.key, state, suspect })),
    );
  for (let after: Buffer | null = null; ;) {
    const page: readonly RecordedMismatch[] = await tools.ledger.mismatches(
      table.source,
      ["suspect", "different", "pending"],
      after,
      pageKeys,
    );
    const last = page.at(-1);
    if (last === undefined) return;
    after = last.key;
    const gone = page.filter(({ key }) => !kept.has(textOf(key)));
    if (gone.length > 0)
      await tools.ledger.settle(
        run.id,
        table.source,
        gone.map(({ key }) => ({ key, state: null, suspect: null })),
      );
  }
}

function textOf(key: Buffer): string {
  return key.toString("latin1");
}
