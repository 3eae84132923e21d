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
/** Looks at which a row has to be absent while its table is written to. */
const leastAbsent = 2;
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
 * them. At a look during which nothing was touched all is told. At another one events under way hide a difference only
 * where they are of equal rows, as many as differ: so a suspect is let go that was absent at two looks, and more often
 * than it was there with any one number of copies. An accused row is let go by a still look alone.
 */
async function settleRows(
  tools: VerifyTools,
  run: VerifyRun,
  table: PlanTable,
  kept: number,
  signal: AbortSignal,
): Promise<number> {
  using pacer = tools.pacer?.();
  const accused = new Set<string>();
  const open = new Map<string, OpenRow>();
  for await (const each of onRecord(tools, table))
    if (each.state === "different") accused.add(textOf(each.key));
    else open.set(textOf(each.key), { suspect: each, absent: 0, seen: new Map() });
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
    const touched = tools.following !== null && (await touchedAtAll(tools, table, at, signal));
    const now = new Map(found.map((suspect) => [textOf(suspect.key), suspect]));
    if (touched) note(open, accused, now, { first: look === 1, all: more === 0, kept });
    const left = touched ? [...open.values()].map(({ suspect }) => suspect) : found;
    const hidden = touched && [...accused].some((key) => !now.has(key));
    await pacer?.pace(signal);
    tools.onEvent({
      kind: "rechecked",
      table: table.source,
      equal: left.length === 0 ? 1 : 0,
      different: touched ? 0 : left.length,
      touched: touched ? left.length : 0,
    });
    if (touched && (left.length > 0 || hidden) && look < mostLooks) {
      pacer?.rest();
      continue;
    }
    await recordRows(tools, run, table, left, touched ? { pending: accused } : "different");
    await tools.moment("verify:settled");
    return more;
  }
}

/** A row that is neither accused nor let go. */
interface OpenRow {
  suspect: Suspect;
  /** Looks at which it was not suspected. */
  absent: number;
  /** Looks by what they told of it. */
  readonly seen: Map<string, number>;
}

/** What a look tells while events touch the table. A row that only later looks suspect was absent at those before. */
function note(
  open: Map<string, OpenRow>,
  accused: ReadonlySet<string>,
  now: ReadonlyMap<string, Suspect>,
  look: { readonly first: boolean; readonly all: boolean; readonly kept: number },
): void {
  for (const [key, suspect] of now) {
    if (accused.has(key)) continue;
    // Of rows that are not kept nothing is known.
    if (!open.has(key) && (look.first || !look.all) && open.size < look.kept)
      open.set(key, { suspect, absent: 0, seen: new Map() });
    const row = open.get(key);
    if (row === undefined) continue;
    row.suspect = suspect;
    const told = `${suspect.kind} ${String(suspect.copies)}`;
    row.seen.set(told, (row.seen.get(told) ?? 0) + 1);
  }
  if (!look.all) return;
  for (const [key, row] of open) {
    if (now.has(key)) continue;
    row.absent += 1;
    if (row.absent >= leastAbsent && row.absent > Math.max(0, ...row.seen.values())) open.delete(key);
  }
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

/** These rows are what is on record of the table now; those that are not among them are off it, but for the accused ones that `pending` names. */
async function recordRows(
  tools: VerifyTools,
  run: VerifyRun,
  table: PlanTable,
  found: readonly Suspect[],
  as: "different" | { readonly pending: ReadonlySet<string> },
): Promise<void> {
  const stay = new Set([...found.map(({ key }) => textOf(key)), ...(as === "different" ? [] : as.pending)]);
  const state = as === "different" ? as : "pending";
  for (let at = 0; at < found.length; at += pageKeys)
    await tools.ledger.settle(
      run.id,
      table.source,
      found.slice(at, at + pageKeys).map((suspect) => ({ key: suspect.key, state, suspect })),
    );
  const gone: Buffer[] = [];
  const settle = async (): Promise<void> => {
    const keys = gone.splice(0);
    const none = { state: null, suspect: null };
    if (keys.length > 0)
      await tools.ledger.settle(
        run.id,
        table.source,
        keys.map((key) => ({ key, ...none })),
      );
  };
  for await (const { key } of onRecord(tools, table)) {
    if (!stay.has(textOf(key))) gone.push(key);
    if (gone.length === pageKeys) await settle();
  }
  await settle();
}

/** What is on record of the table, by key. A row that is taken off it meanwhile does no harm. */
async function* onRecord({ ledger }: VerifyTools, { source }: PlanTable): AsyncGenerator<RecordedMismatch> {
  for (let after: Buffer | null = null; ;) {
    const page: readonly RecordedMismatch[] = await ledger.mismatches(
      source,
      ["suspect", "different", "pending"],
      after,
      pageKeys,
    );
    const last = page.at(-1);
    if (last === undefined) return;
    yield* page;
    after = last.key;
  }
}

function textOf(key: Buffer): string {
  return key.toString("latin1");
}
