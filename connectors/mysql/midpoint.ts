/**
 * Where to try to part an interval of keys: texts that ought to lie about half-way between two values of a key
 * column. Only guesses: the source is asked for the first real key at or after each, in its own order, and a
 * guess that its collation sees elsewhere is a probe wasted, never a wrong bound. 64-bit numbers stay bigint.
 */
import type { KeyColumn } from "./key.js";

/** Guesses for `min < guess <= max`, best first; `max` itself comes last, since it parts what cannot be halved. */
export function midpoints(column: KeyColumn, min: string, max: string): readonly string[] {
  if (column.kind === "opaque") return [];
  const guesses = guess(column, min, max);
  return [...new Set([...guesses, max])].filter((text) => text !== min);
}

function guess(column: KeyColumn, min: string, max: string): string[] {
  switch (column.kind) {
    case "integer":
      return half(scaled(min, 0), scaled(max, 0), (value) => String(value));
    case "decimal":
      return half(scaled(min, column.scale), scaled(max, column.scale), (value) =>
        decimal(value, column.scale),
      );
    case "binary":
      return bytes(min, max);
    case "date":
    case "datetime":
      return half(calendar(min), calendar(max), (value) => calendarText(value, column));
    case "time":
      return half(clock(min), clock(max), (value) => clockText(value, column.fsp));
    case "text":
      return min.startsWith("\\x") || max.startsWith("\\x") ? [] : texts(min, max);
    case "opaque":
      return [];
  }
}

function half(min: bigint | null, max: bigint | null, text: (value: bigint) => string): string[] {
  if (min === null || max === null || max <= min) return [];
  return [text(min + (max - min + 1n) / 2n)];
}

/** `-12.50` with scale 2 is -1250n; null for what is no number. */
function scaled(text: string, scale: number): bigint | null {
  const parts = /^(-?)(\d+)(?:\.(\d*))?$/u.exec(text);
  if (parts === null) return null;
  const [, sign = "", whole = "", fraction = ""] = parts;
  const value = BigInt(whole + fraction.padEnd(scale, "0").slice(0, scale));
  return sign === "-" ? -value : value;
}

function decimal(value: bigint, scale: number): string {
  const digits = String(value < 0n ? -value : value).padStart(scale + 1, "0");
  const cut = digits.length - scale;
  return (value < 0n ? "-" : "") + digits.slice(0, cut) + (scale > 0 ? "." + digits.slice(cut) : "");
}

/** Half-way by the first eight bytes in which the two differ. */
function bytes(min: string, max: string): string[] {
  let shared = 0;
  while (shared < min.length && min.slice(shared, shared + 2) === max.slice(shared, shared + 2)) shared += 2;
  const window = (hex: string): bigint => BigInt("0x" + hex.slice(shared, shared + 16).padEnd(16, "0"));
  const width = Math.min(16, Math.max(min.length, max.length) - shared);
  return half(window(min), window(max), (value) =>
    (max.slice(0, shared) + value.toString(16).padStart(16, "0").slice(0, width)).replace(/(?:00)+$/u, ""),
  ).filter((hex) => hex > min);
}

/** Every part in its own radix, zero parts included: an order for the guess, not a calendar. */
function calendar(text: string): bigint | null {
  const parts = /^(\d{4})-(\d\d)-(\d\d)(?: (\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?)?$/u.exec(text);
  if (parts === null) return null;
  const [, year, month, day, hour = "0", minute = "0", second = "0", fraction = ""] = parts;
  return [month, day, hour, minute, second, fraction.padEnd(6, "0")].reduce(
    (sum, part, i) => sum * (radix[i] ?? 1n) + BigInt(part ?? 0),
    BigInt(year ?? 0),
  );
}

const radix = [13n, 32n, 24n, 60n, 60n, 1_000_000n] as const;

function calendarText(value: bigint, column: KeyColumn): string {
  const parts: bigint[] = [];
  let rest = value;
  for (const base of [...radix].reverse()) {
    parts.unshift(rest % base);
    rest /= base;
  }
  const [month = 0n, day = 0n, hour = 0n, minute = 0n, second = 0n, micros = 0n] = parts;
  const two = (part: bigint): string => String(part).padStart(2, "0");
  // A day that every month has: the source would make NULL of February 30th.
  const date = `${String(rest).padStart(4, "0")}-${two(clamp(month, 1n, 12n))}-${two(clamp(day, 1n, 28n))}`;
  if (column.kind === "date") return date;
  const fraction = column.fsp === 0 ? "" : "." + String(micros).padStart(6, "0").slice(0, column.fsp);
  return `${date} ${two(hour)}:${two(minute)}:${two(second)}${fraction}`;
}

function clamp(value: bigint, low: bigint, high: bigint): bigint {
  return value < low ? low : value > high ? high : value;
}

/** Microseconds of a TIME, which may be negative and past 24 hours. */
function clock(text: string): bigint | null {
  const parts = /^(-?)(\d+):(\d\d):(\d\d)(?:\.(\d{1,6}))?$/u.exec(text);
  if (parts === null) return null;
  const [, sign = "", hours = "0", minutes = "0", seconds = "0", fraction = ""] = parts;
  const whole = (BigInt(hours) * 60n + BigInt(minutes)) * 60n + BigInt(seconds);
  const value = whole * 1_000_000n + BigInt(fraction.padEnd(6, "0"));
  return sign === "-" ? -value : value;
}

function clockText(value: bigint, fsp: number): string {
  const size = value < 0n ? -value : value;
  const seconds = size / 1_000_000n;
  const two = (part: bigint): string => String(part).padStart(2, "0");
  const fraction =
    fsp === 0
      ? ""
      : "." +
        String(size % 1_000_000n)
          .padStart(6, "0")
          .slice(0, fsp);
  const text = `${two(seconds / 3600n)}:${two((seconds / 60n) % 60n)}:${two(seconds % 60n)}${fraction}`;
  return value < 0n ? "-" + text : text;
}

const alphabet = "0123456789abcdefghijklmnopqrstuvwxyz";

/** Half-way by digits and letters as nearly every collation sorts them, then by code point as binary ones do. */
function texts(min: string, max: string): string[] {
  const low = Array.from(min);
  const high = Array.from(max);
  let shared = 0;
  while (shared < low.length && low[shared] === high[shared]) shared++;
  const prefix = high.slice(0, shared).join("");
  const guesses: string[] = [];
  // Four characters past the shared ones, as one number: one alone cannot part 'aa…' from 'ab…'.
  const ranks = (of: readonly string[], missing: number): bigint | null =>
    [0, 1, 2, 3].reduce<bigint | null>((sum, i) => {
      const rank = alphabet.indexOf((of[shared + i] ?? "").toLowerCase() || "\0");
      const digit = of[shared + i] === undefined ? missing : rank;
      return sum === null || (digit < 0 && i === 0) ? null : sum * 36n + BigInt(Math.max(digit, 0));
    }, 0n);
  const [a, b] = [ranks(low, 0), ranks(high, 0)];
  guesses.push(
    ...half(a, b, (value) => {
      let rest = value;
      let text = "";
      for (let i = 0; i < 4; i++) {
        text = (alphabet[Number(rest % 36n)] ?? "0") + text;
        rest /= 36n;
      }
      return prefix + text.replace(/0+$/u, "");
    }),
  );
  const [from, to] = [low[shared]?.codePointAt(0) ?? 0x20, high[shared]?.codePointAt(0)];
  if (to !== undefined && to > from + 1) {
    const code = from + Math.ceil((to - from) / 2);
    if (code < 0xd800 || code > 0xdfff) guesses.push(prefix + String.fromCodePoint(code));
  }
  return guesses;
}
