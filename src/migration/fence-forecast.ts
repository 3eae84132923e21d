/**
 * How long drain and proof will take if the fence were raised now: told before anybody is asked. From what is dirty now, and
 * from what earlier verifications of this very migration have taken; the first rates are those that were measured on two
 * slow cores, and are given up as soon as there is something better.
 */
import type { Plan } from "../model.js";
import type { TableProof, VerifyLedger } from "../verify-port.js";
import { throwIfStopped } from "../stop.js";
import { keysIn } from "../verify/tuples.js";

export interface FenceForecast {
  /** Keys to be compared, a key that several batches have touched counted once a batch where `exact` is false. */
  readonly keys: number;
  /** Tables to be compared whole: those that are touched and have no key, and those that a batch touched as a whole. */
  readonly wholeTables: readonly string[];
  readonly drainSeconds: number;
  readonly proofSeconds: number;
  readonly seconds: number;
}

/** Views opened, records read and written, lanes asked once more: whatever the number of keys. */
const fixedSeconds = 0.25;
const keysPerSecond = 15_000;
const rowsPerSecond = 200_000;
/** A marker there and back where nothing is behind. */
const leastDrain = 0.2;
/** Past so many bytes of keys they are not read one by one. */
const countedBytes = 4_000_000;
const lastRuns = 200;

export interface ForecastOptions {
  readonly ledger: VerifyLedger;
  readonly plan: Plan;
  /** How far the lanes are behind; null where nobody knows yet. */
  readonly lagSeconds: number | null;
  readonly signal: AbortSignal;
}

export async function forecastFence({
  ledger,
  plan,
  lagSeconds,
  signal,
}: ForecastOptions): Promise<FenceForecast> {
  const known = await ledger.tables();
  const clean = new Map(known.map(({ table, clean: at }) => [table, at]));
  const dirty = await ledger.dirty?.();
  let [keys, rows] = [0, 0];
  const wholeTables: string[] = [];
  for (const table of plan.tables) {
    throwIfStopped(signal);
    const from = clean.get(table.source) ?? null;
    const touched = dirty?.find((each) => each.table === table.source);
    if (from !== null && dirty !== undefined && touched === undefined) continue;
    const counted = { keys: new Set<string>(), more: 0, bytes: 0, whole: from === null };
    if (from !== null && touched?.whole !== true)
      await ledger.touched(
        table,
        from.seq,
        null,
        (_seq, bytes) => {
          if (bytes === null) counted.whole = true;
          else if (counted.bytes < countedBytes) for (const key of keysIn(bytes)) counted.keys.add(key);
          else counted.more += bytes.length / (counted.bytes / Math.max(1, counted.keys.size));
          counted.bytes += bytes?.length ?? 0;
          return !counted.whole;
        },
        signal,
      );
    if (counted.whole || touched?.whole === true) {
      wholeTables.push(table.source);
      rows += Number(known.find((each) => each.table === table.source)?.rowsSource ?? table.estimatedRows);
    } else keys += counted.keys.size + Math.round(counted.more);
  }
  const measured = await wholeSeconds(ledger, known, plan);
  const all = known.reduce((sum, { rowsSource }) => sum + Number(rowsSource), 0);
  const rate = measured === null || measured <= 0 ? rowsPerSecond : Math.max(1, all / measured);
  const proofSeconds = fixedSeconds + keys / keysPerSecond + rows / rate;
  const drainSeconds = Math.max(leastDrain, lagSeconds ?? 0);
  return { keys, wholeTables, drainSeconds, proofSeconds, seconds: drainSeconds + proofSeconds };
}

/** What the last verification of everything took, in seconds, for as many rows as there are; null where none is known. */
export async function wholeSeconds(
  ledger: Pick<VerifyLedger, "ended">,
  known: readonly TableProof[],
  plan: Plan,
): Promise<number | null> {
  const last = (await ledger.ended(lastRuns)).find(
    ({ scope, facts }) =>
      (scope.kind === "full" || scope.kind === "round" || scope.kind === "dirty") &&
      facts["wholeTables"] === plan.tables.length,
  );
  if (last === undefined || last.endedAt === null || known.length === 0) return null;
  const seconds = (Date.parse(last.endedAt) - Date.parse(last.startedAt)) / 1000;
  return Number.isFinite(seconds) && seconds >= 0 ? seconds : null;
}
