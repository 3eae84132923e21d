/**
 * What events have touched since a table was last compared (design.md, decision 9): their keys are compared again, some
 * thousand in one look, batch by batch of the lane, and the table is clean as of the last of these batches. A table that
 * was touched whole, or has no key, has to be compared whole.
 */
import { Fault } from "../errors.js";
import type { PlanTable } from "../model.js";
import type { Pacer } from "../safety/turns.js";
import type { LaneCheckpoint } from "../stream-port.js";
import type { TableProof, VerifyRun } from "../verify-port.js";
import type { AskedAnswer, AskedPage } from "./asked-keys.js";
import { again, giveWay, looking } from "./tools.js";
import type { VerifyTools } from "./tools.js";
import { keysIn, tuplesOf } from "./tuples.js";

/** Keys that are compared in one look, unless one batch has more. */
const pageKeys = 20_000;
/** Looks for the parents of a page's rows, while there are some without. */
const mostAsked = 3;

interface Page {
  readonly keys: ReadonlySet<string>;
  /** The last batch whose keys are all among them. */
  readonly upTo: bigint;
}

/** `whole`: its keys do not say what was touched. Otherwise the keys that were compared. */
export async function compareDirty(
  tools: VerifyTools,
  run: VerifyRun,
  table: PlanTable,
  clean: NonNullable<TableProof["clean"]>,
  signal: AbortSignal,
): Promise<"whole" | number> {
  let compared = 0;
  using pacer = tools.pacer?.();
  // What is touched while this works is the next verification's.
  const end = await lastTouched(tools, table, clean.seq, signal);
  let { position } = clean;
  for (let from = clean.seq; end !== null && from < end;) {
    giveWay(tools);
    const page = await nextPage(tools, table, from, end, signal);
    if (page === "whole") return "whole";
    if (page === null) break;
    await pacer?.pace(signal);
    const { at, absent } = await again(
      tools,
      `comparing touched keys of ${table.source}`,
      () => comparePage(tools, run, table, page, pacer, signal),
      signal,
    );
    await askParents(
      tools,
      { table, after: from, upTo: page.upTo, keys: bytesOf(page), absent },
      pacer,
      signal,
    );
    // What batches after these have touched is not among the keys: the look's own position would claim them too.
    if (at.seq === page.upTo) position = at.position;
    await tools.ledger.setClean(table.source, page.upTo, position, null);
    await tools.moment("verify:cleaned");
    pacer?.rest();
    compared += page.keys.size;
    from = page.upTo;
  }
  return compared;
}

/** The last batch that touched the table after `clean`; null when none did. */
async function lastTouched(
  { ledger }: VerifyTools,
  table: PlanTable,
  clean: bigint,
  signal: AbortSignal,
): Promise<bigint | null> {
  let last: bigint | null = null;
  const note = (seq: bigint): boolean => {
    last = seq;
    return true;
  };
  await ledger.touched(table, clean, null, note, signal);
  return last;
}

async function nextPage(
  { ledger, comparing }: VerifyTools,
  table: PlanTable,
  after: bigint,
  end: bigint,
  signal: AbortSignal,
): Promise<Page | "whole" | null> {
  if (!comparing.hasKeys(table)) return "whole";
  const keys = new Set<string>();
  const found: { upTo: bigint | null; whole: boolean } = { upTo: null, whole: false };
  await ledger.touched(
    table,
    after,
    end,
    (seq, bytes) => {
      if (bytes === null) {
        found.whole = true;
        return false;
      }
      for (const key of keysIn(bytes)) keys.add(key);
      found.upTo = seq;
      return keys.size < pageKeys;
    },
    signal,
  );
  if (found.whole) return "whole";
  return found.upTo === null ? null : { keys, upTo: found.upTo };
}

async function comparePage(
  tools: VerifyTools,
  run: VerifyRun,
  table: PlanTable,
  page: Page,
  pacer: Pacer | undefined,
  signal: AbortSignal,
): Promise<{ readonly at: LaneCheckpoint; readonly absent: readonly Buffer[] }> {
  const keys = bytesOf(page);
  return await looking(
    tools,
    table,
    async (comparer, at) => {
      const { suspects, absent = keys } = await tools.comparing.keys(comparer, table, tuplesOf(keys), signal);
      await tools.moment("verify:compared");
      if (suspects.length > 0) {
        await tools.ledger.suspect(run.id, suspects);
        tools.onEvent({ kind: "suspects", table: table.source, count: suspects.length });
      }
      tools.onEvent({ kind: "keys", table: table.source, keys: keys.length });
      return { at, absent };
    },
    signal,
    pacer,
  );
}

/**
 * Whether the rows of a page have their parents, before the table counts as compared up to it: afterwards nobody knows which
 * rows they were. Of two lanes one may be ahead, and a row that has been copied again is: so the lanes are waited for.
 */
async function askParents(
  tools: VerifyTools,
  page: AskedPage,
  pacer: Pacer | undefined,
  signal: AbortSignal,
): Promise<void> {
  const { asked, following } = tools;
  if (asked?.concerns(page.table) !== true) return;
  const ask = (): Promise<AskedAnswer> =>
    again(
      tools,
      `looking for the parents of touched rows of ${page.table.source}`,
      () => looking(tools, page.table, ({ look }) => asked.ask(look, page, signal), signal, pacer),
      signal,
    );
  let answer = await ask();
  for (let time = 1; answer.orphans && following !== null && time < mostAsked; time += 1) {
    pacer?.rest("idle");
    if (!(await cameUp(following, answer.lanes, signal))) break;
    await pacer?.pace(signal);
    answer = await ask();
  }
  asked.carry(page, answer);
}

/** False where a lane stands: then it stays unknown what its rows would have been. */
async function cameUp(
  following: NonNullable<VerifyTools["following"]>,
  lanes: readonly string[],
  signal: AbortSignal,
): Promise<boolean> {
  try {
    for (const lane of lanes) await following.caughtUp(lane, signal);
    return true;
  } catch (error) {
    if (signal.aborted || !(error instanceof Fault) || error.code !== "quarantined") throw error;
    return false;
  }
}

function bytesOf({ keys }: Page): readonly Buffer[] {
  return [...keys].map((key) => Buffer.from(key, "latin1"));
}
