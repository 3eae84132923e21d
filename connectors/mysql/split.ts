/**
 * Bounds of a table's ranges, in the source's own order and made of keys that it has. A large table is halved again
 * and again: the optimizer's index dives say how many rows an interval holds, an interpolated value says where to
 * look for the key that parts it, so a table of any size costs a few short statements a range and no scan. What
 * cannot be halved so is stepped through along the index, inside that interval only. Whatever is guessed or
 * estimated here changes how even the ranges are, never that each row is in exactly one: every bound is a key
 * that the source gave, strictly between its neighbours by the source's own comparison.
 */
import type { PlanTable, Range } from "../../src/model.js";
import { keyShape } from "./key.js";
import type { Bound } from "./key.js";
import { midpoints } from "./midpoint.js";
import { Probe } from "./probe.js";
import type { Wire } from "./wire/wire.js";

/** An interval of keys, its real first and last key at the time of asking, and its rows as estimated. */
interface Interval {
  readonly lower: Bound | null;
  readonly upper: Bound | null;
  readonly min: Bound;
  readonly max: Bound;
  readonly rows: number;
  /** How many halvings in a row have parted off next to nothing. */
  readonly poor: number;
}

/** A piece that is small enough, told by where it ends. */
interface Piece {
  readonly upper: Bound | null;
  readonly rows: number;
}

/** Halvings that may part off next to nothing before an interval is stepped through. */
const patience = 6;

/** Ranges in key order: contiguous, the first and the last unbounded. One where there is no key to tell rows apart. */
export async function* splitTable(
  wire: Wire,
  table: PlanTable,
  rangeRows: number,
  signal: AbortSignal,
): AsyncGenerator<Range> {
  // A cut is one view of one session: there is nobody to share its ranges with.
  const shape = table.key === null || table.exactCut ? null : await keyShape(wire, table.source, table.key);
  let number = 0;
  let lower: Bound | null = null;
  if (shape !== null)
    for await (const upper of evened(pieces(new Probe(wire, shape, signal), rangeRows), rangeRows)) {
      yield { table: table.source, number: number++, lower, upper };
      lower = upper;
    }
  yield { table: table.source, number, lower, upper: null };
}

/** Puts neighbours together while they are less than a range. */
async function* evened(all: AsyncIterable<Piece>, rangeRows: number): AsyncGenerator<Bound> {
  let held = 0;
  let end: Bound | null = null;
  for await (const { upper, rows } of all) {
    if (end !== null && held + rows > rangeRows * 1.25) {
      yield end;
      held = 0;
    }
    held += rows;
    end = upper;
  }
}

async function* pieces(probe: Probe, rangeRows: number): AsyncGenerator<Piece> {
  // Statistics lag behind loads, and a dive never answers more than half of what they say. What is said to be small
  // is therefore counted as it is stepped through.
  const small = (await probe.estimate(null, null)) <= rangeRows * 6;
  const ends = small ? null : await endsOf(probe);
  if (ends === null) yield* stepped(probe, null, null, rangeRows);
  else {
    const whole = { lower: null, upper: null, ...ends, rows: Infinity, poor: 0 };
    await calibrate(probe, whole, rangeRows);
    yield* halved(probe, whole, rangeRows);
  }
}

async function endsOf(probe: Probe): Promise<{ readonly min: Bound; readonly max: Bound } | null> {
  const min = await probe.first(null, null);
  const max = await probe.last(null, null);
  return min === null || max === null ? null : { min, max };
}

/**
 * Dives into one index are all wrong by much the same factor (two is common), so it is measured: three stretches of
 * exactly `rangeRows` rows, at both ends and from the middle on, and the median of what the dives say of them.
 */
async function calibrate(probe: Probe, whole: Interval, rangeRows: number): Promise<void> {
  const middle = await partingKey(probe, whole);
  const stretches: (readonly [Bound | null, Bound | null])[] = [
    [null, await probe.nth(null, null, rangeRows)],
    [await probe.nthLast(rangeRows), null],
  ];
  if (middle !== null) stretches.push([middle, await probe.nth(middle, null, rangeRows)]);
  const factors: number[] = [];
  for (const [lower, upper] of stretches)
    if (upper !== null || lower === stretches[1]?.[0])
      factors.push((await probe.estimate(lower, upper)) / rangeRows);
  factors.sort((a, b) => a - b);
  probe.factor = factors[Math.floor(factors.length / 2)] ?? 1;
}

async function* halved(probe: Probe, whole: Interval, rangeRows: number): AsyncGenerator<Piece> {
  if (whole.rows <= rangeRows * 1.25) {
    yield { upper: whole.upper, rows: whole.rows };
    return;
  }
  const cut = whole.poor > patience ? null : await partingKey(probe, whole);
  if (cut === null) {
    yield* stepped(probe, whole.lower, whole.upper, rangeRows);
    return;
  }
  const left = await probe.estimate(whole.lower, cut);
  const right = await probe.estimate(cut, whole.upper);
  const poor = Math.min(left, right) * 32 < left + right ? whole.poor + 1 : 0;
  const max = await probe.last(whole.lower, cut);
  if (max !== null) yield* halved(probe, { ...whole, upper: cut, max, rows: left, poor }, rangeRows);
  else yield { upper: cut, rows: 0 };
  yield* halved(probe, { ...whole, lower: cut, min: cut, rows: right, poor }, rangeRows);
}

/** A key of the source strictly inside the interval, as near its middle as can be guessed. */
async function partingKey(probe: Probe, { lower, upper, min, max }: Interval): Promise<Bound | null> {
  const place = probe.shape.columns.findIndex((_, i) => min[i] !== max[i]);
  const column = probe.shape.columns[place];
  if (column === undefined) return null;
  for (const text of midpoints(column, min[place] ?? "", max[place] ?? "")) {
    const key = await probe.firstFrom([...max.slice(0, place), text], lower ?? min, upper);
    if (key !== null && !same(key, lower) && (await probe.holds(key))) return key;
  }
  return null;
}

/** Every `rangeRows`-th key along the index. */
async function* stepped(
  probe: Probe,
  from: Bound | null,
  upper: Bound | null,
  rangeRows: number,
): AsyncGenerator<Piece> {
  let lower = from;
  let over = 0;
  for (;;) {
    const key = await probe.nth(lower, upper, rangeRows + over);
    if (key === null || same(key, lower)) break;
    if (await probe.holds(key)) {
      yield { upper: key, rows: rangeRows };
      lower = key;
      over = 0;
      // A key that cannot be bound again makes no bound; the next one will do.
    } else if (++over > 100) break;
  }
  yield { upper, rows: rangeRows };
}

/** A source that does not step past a bound must end the split, not keep it going for ever. */
function same(key: Bound, lower: Bound | null): boolean {
  return lower !== null && key.every((text, i) => text === lower[i]);
}
