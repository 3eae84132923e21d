/**
 * Both sides' rows in one key order, walked together. Runs of equal bytes are passed at once: equal bytes from equal
 * starts are the same rows. Where they part, the two rows there are told apart by their keys: the lower one stands
 * alone, and equal keys have different columns. Every row of either side is either passed with its equal or suspected,
 * whatever the order they come in; rows that come in no order at all end the walk, since they would all be suspected.
 */
import { Fault } from "../errors.js";
import type { KeyOrder } from "./key-order.js";
import type { Chunk, Side } from "./side.js";
import type { Suspects } from "./suspects.js";
import { TupleView, tupleEnd } from "./tuple.js";
import type { TupleShape } from "./tuple.js";

/** Bytes that are compared at first; four times as many as long as they are equal. */
const firstRun = 512;

export async function walk(
  shape: TupleShape,
  order: KeyOrder,
  source: Side,
  target: Side,
  suspects: Suspects,
): Promise<void> {
  const step = new Step(shape, order, suspects);
  for (;;) {
    const ours = await source.head();
    const theirs = await target.head();
    if (ours === null && theirs === null) break;
    if (ours !== null && theirs !== null) step.both(ours, theirs);
    else if (ours !== null) step.alone(ours, "source");
    else if (theirs !== null) step.alone(theirs, "target");
    source.shift();
    target.shift();
    if (suspects.full) await suspects.flush(1);
  }
  await suspects.flush();
}

class Step {
  readonly #shape: TupleShape;
  readonly #order: KeyOrder;
  readonly #suspects: Suspects;
  readonly #ours: TupleView;
  readonly #theirs: TupleView;
  /** The highest key that stood alone or was different, a side. */
  readonly #last: Record<"source" | "target", TupleView | null> = { source: null, target: null };

  constructor(shape: TupleShape, order: KeyOrder, suspects: Suspects) {
    this.#shape = shape;
    this.#order = order;
    this.#suspects = suspects;
    this.#ours = new TupleView(shape);
    this.#theirs = new TupleView(shape);
  }

  /** Until one chunk is used up, or there is much to tell. */
  both(ours: Chunk, theirs: Chunk): void {
    for (;;) {
      const most = Math.min(ours.end - ours.at, theirs.end - theirs.at);
      if (most === 0 || this.#suspects.full) return;
      const equal = equalBytes(ours, theirs, most);
      // The end of either chunk is the end of a row on both sides.
      const passed = equal === most ? most : wholeTuples(ours.bytes, ours.at, equal);
      ours.at += passed;
      theirs.at += passed;
      if (equal < most) this.#parted(ours, theirs);
    }
  }

  /** All of a chunk that nothing of the other side can be equal to. */
  alone(chunk: Chunk, side: "source" | "target"): void {
    while (chunk.at < chunk.end && !this.#suspects.full) {
      if (side === "source") this.#missing(chunk, this.#ours.read(chunk.bytes, chunk.at));
      else this.#extra(chunk, this.#theirs.read(chunk.bytes, chunk.at));
    }
  }

  #parted(ours: Chunk, theirs: Chunk): void {
    const a = this.#ours.read(ours.bytes, ours.at);
    const b = this.#theirs.read(theirs.bytes, theirs.at);
    const order = this.#order(a, b);
    if (order < 0) this.#missing(ours, a);
    else if (order > 0) this.#extra(theirs, b);
    else if (a.sameKey(b)) {
      this.#suspects.add(a.key(), "different", a.parting(b));
      this.#inOrder("source", a);
      this.#inOrder("target", b);
      ours.at = a.end;
      theirs.at = b.end;
    } else {
      // One place in the order, two keys: 0 and -0, a day and 24 hours.
      this.#missing(ours, a);
      this.#extra(theirs, b);
    }
  }

  #missing(chunk: Chunk, row: TupleView): void {
    const refused = row.refused();
    this.#suspects.add(row.key(), refused.length > 0 ? "different" : "missing", refused);
    this.#inOrder("source", row);
    chunk.at = row.end;
  }

  #extra(chunk: Chunk, row: TupleView): void {
    this.#suspects.add(row.key(), "extra", []);
    this.#inOrder("target", row);
    chunk.at = row.end;
  }

  #inOrder(side: "source" | "target", row: TupleView): void {
    const last = this.#last[side];
    if (last !== null && this.#order(last, row) > 0)
      throw new Fault(
        "bug",
        `The ${side} gave rows of ${this.#shape.table.source} in another order than that of their keys.`,
      );
    const kept = last ?? new TupleView(this.#shape);
    kept.read(Buffer.from(row.bytes.subarray(row.start, row.end)), 0);
    this.#last[side] = kept;
  }
}

/** How many bytes are equal from where both chunks stand, up to `most`. */
function equalBytes(ours: Chunk, theirs: Chunk, most: number): number {
  let at = 0;
  for (let run = firstRun; at < most; run *= 4) {
    const to = Math.min(most, at + run);
    if (!sameRun(ours, theirs, at, to)) return firstPart(ours, theirs, at, to);
    at = to;
  }
  return most;
}

function sameRun(ours: Chunk, theirs: Chunk, from: number, to: number): boolean {
  return (
    ours.bytes.compare(theirs.bytes, theirs.at + from, theirs.at + to, ours.at + from, ours.at + to) === 0
  );
}

/** Where two runs that are not equal part: half by half. */
function firstPart(ours: Chunk, theirs: Chunk, from: number, to: number): number {
  let [low, high] = [from, to];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (sameRun(ours, theirs, low, middle)) low = middle;
    else high = middle;
  }
  return low;
}

/** Bytes of the tuples that end at or before `limit` bytes from `at` on. */
function wholeTuples(bytes: Buffer, at: number, limit: number): number {
  let whole = at;
  for (;;) {
    const end = tupleEnd(bytes, whole);
    if (end - at > limit) return whole - at;
    whole = end;
  }
}
