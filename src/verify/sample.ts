/**
 * `--sample PERCENT --seed N`: single rows, picked on both sides by a hash of the seed and their key. A function of these
 * two and nothing else, so that the same rows are looked at again, and rows of any key have the same chance. Whole ranges
 * would be fewer, larger samples: rows that were written together break together, and no sentence about rows would hold.
 */
import type { PlanTable, SourceEngine } from "../model.js";
import type { DigestText, RowSample } from "../verify-port.js";
import type { Comparer } from "./comparer.js";
import type { Comparing } from "./comparing.js";
import { keyTexts } from "./digest-texts.js";

export interface Sampling {
  /** Above 0, 100 at most. */
  readonly percent: number;
  /** A whole number, 0 or more. */
  readonly seed: number;
}

/** Values of the hash's first 52 bits, all of which are whole numbers to JavaScript too. */
const places = 2 ** 52;

/** The same rows on both sides; null where the key has no exact text, or there is none: such a table is compared whole. */
export function sampleOf(
  table: PlanTable,
  engine: SourceEngine,
  { percent, seed }: Sampling,
): { readonly source: RowSample; readonly target: RowSample } | null {
  const texts = keyTexts(table, engine);
  if (texts === null) return null;
  const below = percent >= 100 ? places : Math.round((percent / 100) * places);
  const seeded = (literal: string): DigestText => ({ value: literal, text: literal, long: false });
  return {
    source: { texts: [seeded(`'${String(seed)}'`), ...texts.source], below },
    target: { texts: [seeded(`'${String(seed)}'::text`), ...texts.target], below },
  };
}

/** Compares the sample's rows only; those that are asked for by key are read whatever the sample says. */
export function sampleComparing(stream: Comparing, sampling: Sampling): Comparing {
  return {
    ...stream,
    range: (comparer, table, range, onSuspects, signal) =>
      stream.range(sampled(comparer, table, sampling), table, range, onSuspects, signal),
    extras: (comparer, table, onSuspects, signal) =>
      stream.extras(sampled(comparer, table, sampling), table, onSuspects, signal),
  };
}

function sampled(comparer: Comparer, table: PlanTable, sampling: Sampling): Comparer {
  const sample = sampleOf(table, comparer.engine, sampling);
  if (sample === null) return comparer;
  const { look, reader, engine } = comparer;
  return {
    engine,
    look: {
      checkpoints: look.checkpoints,
      read: (query, sink, signal) =>
        look.read(query.wanted.kind === "keys" ? query : { ...query, sample: sample.target }, sink, signal),
      count: (counted, signal) => look.count(counted, signal),
      [Symbol.asyncDispose]: () => look[Symbol.asyncDispose](),
    },
    reader: {
      read: (query, sink, signal) =>
        reader.read(query.keys !== undefined ? query : { ...query, sample: sample.source }, sink, signal),
      [Symbol.asyncDispose]: () => reader[Symbol.asyncDispose](),
    },
  };
}

/** How sure the sentence below is. */
const missed = 0.01;

/**
 * The least fault rate that a look at so many rows, picked without regard to their faults, would have shown with 99 %:
 * 1 - (1 - p)^n >= 0.99. In percent, rounded up to two digits, so that what is said is never more than what is so.
 */
export function seenRate(rows: number): number | null {
  if (!(rows >= 1)) return null;
  // 1 - (1 - p)^n as it is for a tiny p, too.
  const exact = -Math.expm1(Math.log(missed) / rows) * 100;
  const digits = 1 - Math.floor(Math.log10(exact));
  const scale = 10 ** digits;
  // Both with room for the last bits of a double, which nobody is told.
  for (let step = Math.ceil(exact * scale - 1e-9); ; step += 1) {
    const percent = Number((step / scale).toFixed(Math.max(0, digits)));
    const enough = rows * Math.log1p(-percent / 100) <= Math.log(missed) * (1 - 1e-12);
    if (percent >= 100 || enough) return Math.min(100, percent);
  }
}

/** Whether a sample leaves rows out: a table whose key has no exact text is compared whole. */
export function leavesOut(table: PlanTable, engine: SourceEngine, sampling: Sampling): boolean {
  return sampling.percent < 100 && sampleOf(table, engine, sampling) !== null;
}

/**
 * What a sample without a fault says, in a sentence. `rows`: looked at; `of`: what the table has afterwards. `percent` of
 * the rows were to be picked; null where none was left out: that as many were looked at as are there later is no proof of
 * that. A row that is missing on the target is none of those that were looked at: it is met as often as a row is picked,
 * however many more of the others chance has picked, so that luck with these makes nothing surer.
 */
export function confidence(rows: number, of: number, percent: number | null): string {
  if (percent === null) return `Every row was looked at, ${String(rows)} in all.`;
  if (rows === 0) return `None of ${String(of)} rows was looked at, which says nothing of them.`;
  const looked =
    rows > of
      ? `${String(rows)} rows, of a table that has ${String(of)} now,`
      : `${String(rows)} of ${String(of)} rows`;
  const rate = seenRate(Math.min(rows, (percent / 100) * of));
  const told =
    rate === null
      ? "these are too few to say anything of the others"
      : `a fault rate above ${plain(rate)} % would have been seen with 99 %`;
  return `${looked} were looked at, each picked by a hash of its key: ${told}. Rows that were not picked were not looked at.`;
}

/** In plain digits, however small. */
function plain(value: number): string {
  const digits = Math.max(0, 1 - Math.floor(Math.log10(value)));
  return value
    .toFixed(Math.min(20, digits))
    .replace(/(\.\d*?)0+$/u, "$1")
    .replace(/\.$/u, "");
}
