/**
 * JSON numbers in the spelling of PostgreSQL's numeric: no exponent, fraction digits kept (1.50e1 is 15.0, 1E-3 is
 * 0.001), no negative zero. Digits are moved as bytes; no number is ever computed but the exponent.
 */
import type { Bytes } from "./bytes.js";
import { refuse } from "./refusal.js";

const zero = 48;
const tooFar = "a JSON number beyond the range of PostgreSQL's numeric";
/** numeric holds 131072 digits before and 16383 after the point. */
const wholeDigits = 131_072;
const fractionDigits = 16_383;

/** Appends the number that begins at `at`; returns the offset after it. */
export function spellNumber(source: Buffer, at: number, end: number, out: Bytes): number {
  const negative = source[at] === 45;
  const whole = negative ? at + 1 : at;
  let q = digitsEnd(source, whole, end);
  const point = q;
  if (q === whole || (source[whole] === zero && q > whole + 1)) refuse("text that is no JSON");
  let fraction = q;
  if (q < end && source[q] === 46) {
    fraction = q + 1;
    q = digitsEnd(source, fraction, end);
    if (q === fraction) refuse("text that is no JSON");
  }
  const stop = q;
  let exponent = 0;
  if (q < end && ((source[q] as number) | 32) === 101) {
    q++;
    const sign = source[q] === 45 ? -1 : 1;
    if (source[q] === 45 || source[q] === 43) q++;
    const first = q;
    q = digitsEnd(source, q, end);
    if (q === first) refuse("text that is no JSON");
    for (let k = first; k < q && exponent < 1e7; k++) exponent = exponent * 10 + (source[k] as number) - zero;
    exponent *= sign;
  }
  if (negative && !isZero(source, whole, stop)) out.push(45);
  if (exponent === 0 && q === stop) {
    if (point - whole > wholeDigits || stop - fraction > fractionDigits) refuse(tooFar);
    out.append(source, whole, stop);
  } else moved(source, whole, point, fraction, stop, exponent, out);
  return q;
}

/** Writes digits [whole, point) and [fraction, stop) with the point moved `exponent` places to the right. */
function moved(
  source: Buffer,
  whole: number,
  point: number,
  fraction: number,
  stop: number,
  exponent: number,
  out: Bytes,
): void {
  const before = point - whole;
  const count = before + stop - fraction;
  const digit = (index: number): number =>
    index < 0 || index >= count
      ? zero
      : (source[index < before ? whole + index : fraction + index - before] as number);
  const place = before + exponent;
  const scale = Math.max(0, stop - fraction - exponent);
  let first = 0;
  while (first < place - 1 && first < count && digit(first) === zero) first++;
  // A zero with an exponent has one digit, whatever the exponent says.
  if (first >= count) first = Math.max(first, place - 1);
  if (place - first > wholeDigits || scale > fractionDigits) refuse(tooFar);
  out.room(Math.max(place, 1) - first + scale + 2);
  if (place <= 0) out.push(zero);
  else for (let k = first; k < place; k++) out.push(digit(k));
  if (scale === 0) return;
  out.push(46);
  for (let k = place; k < place + scale; k++) out.push(digit(k));
}

function digitsEnd(source: Buffer, at: number, end: number): number {
  let q = at;
  while (q < end && (source[q] as number) >= zero && (source[q] as number) <= 57) q++;
  return q;
}

function isZero(source: Buffer, at: number, end: number): boolean {
  for (let k = at; k < end; k++) if (source[k] !== zero && source[k] !== 46) return false;
  return true;
}
