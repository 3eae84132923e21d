/**
 * Whether a text is spelled as the source would print what it stores of it. A target that is a text holds anything, and
 * a source takes much: `007`, ` 7`, `2024-1-1` are stored and come out as something else.
 */
import { isIPv4, isIPv6 } from "node:net";
import type { SourceColumn } from "../model.js";
import { refuse } from "./refusal.js";

/** A decimal with so many digits after the point. */
export function spelledNumber(text: string, scale: number): string {
  const [, whole = "", fraction = ""] =
    /^-?(0|[1-9]\d*)(?:\.(\d+))?$/.exec(text) ?? refuse("a text that is no number");
  if (fraction.length !== scale || (text.startsWith("-") && /^0*$/.test(whole + fraction)))
    refuse("a number that is spelled otherwise than the source spells it");
  return text;
}

/** DATE, DATETIME, TIMESTAMP and TIME with exactly the column's digits after the second. */
export function spelledTime(text: string, { type, fsp }: SourceColumn): string {
  const point = fsp === 0 ? "" : `\\.\\d{${String(fsp)}}`;
  const date = "\\d{4}-(?:0\\d|1[0-2])-(?:[0-2]\\d|3[01])";
  const clock = `[0-5]\\d:[0-5]\\d${point}`;
  const form =
    type === "date"
      ? date
      : type === "time"
        ? `-?(?:\\d\\d|[1-8]\\d\\d):${clock}`
        : `${date} (?:[01]\\d|2[0-3]):${clock}`;
  if (!new RegExp(`^${form}$`).test(text) || /^-[0:.]+$/.test(text))
    refuse(`a text that is no ${type}, or is spelled otherwise than the source spells it`);
  return text;
}

/** The source cuts blanks off the end of a CHAR, and those past a VARCHAR's length, in every mode. */
export function demandLength({ type, length }: SourceColumn, text: string): void {
  if (type === "char" && text.endsWith(" ")) refuse("a text with blanks at its end");
  if (length === null || (type !== "char" && type !== "varchar")) return;
  let chars = text.length;
  // Characters are code points, of which those past U+FFFF are two of JavaScript's.
  if (chars > length) chars = Array.from(text).length;
  if (chars > length) refuse(`a text of ${String(chars)} characters`);
}

/** FLOAT(M,D) and DOUBLE(M,D) are rounded to D digits without a word; this is how (truncate_double in both servers). */
export function demandFloat({ type, precision, scale }: SourceColumn, value: number): void {
  if (precision === null || scale === null) return;
  const unit = 10 ** scale;
  const floor = Math.floor(value);
  const rounded = floor + roundEven((value - floor) * unit) / unit;
  const kept = type === "float" ? Math.fround(rounded) : rounded;
  if (kept !== value) refuse(`a number with more than ${String(scale)} digits after the point`);
}

/** As C's rint. */
function roundEven(value: number): number {
  const below = Math.floor(value);
  const over = value - below;
  if (over === 0.5) return below % 2 === 0 ? below : below + 1;
  return over < 0.5 ? below : below + 1;
}

/** MariaDB's UUID, INET4 and INET6 as it prints them. */
export function spelledAddress(text: string, { type }: SourceColumn): string {
  const known =
    type === "uuid"
      ? /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text)
      : type === "inet4"
        ? isIPv4(text)
        : isIPv6(text) && inet6Text(text) === text;
  return known
    ? text
    : refuse(`a text that is no ${type}, or is spelled otherwise than the source spells it`);
}

/** The address again as MariaDB spells it: the first longest run of zeros left out, IPv4 in dots where it is one. */
function inet6Text(text: string): string {
  const words = wordsOf(text);
  let [gap, longest] = [-1, 0];
  for (let k = 0; k < 8; k++) {
    let run = 0;
    while (k + run < 8 && words[k + run] === 0) run++;
    if (run > longest) [gap, longest] = [k, run];
  }
  let out = "";
  for (let k = 0; k < 8; k++) {
    if (k === gap) {
      out += k === 0 ? "::" : ":";
      k += longest - 1;
    } else if (k === 6 && gap === 0 && (longest === 6 || (longest === 5 && words[5] === 0xffff))) {
      const [high = 0, low = 0] = words.slice(6);
      return `${out}${[high >> 8, high & 255, low >> 8, low & 255].join(".")}`;
    } else out += (words[k] ?? 0).toString(16) + (k < 7 ? ":" : "");
  }
  return out;
}

function wordsOf(text: string): readonly number[] {
  const dotted = /\d+\.\d+\.\d+\.\d+$/.exec(text)?.[0];
  const [a = 0, b = 0, c = 0, d = 0] = dotted?.split(".").map(Number) ?? [];
  const plain =
    dotted === undefined
      ? text
      : text.slice(0, -dotted.length) + `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  const [head = "", tail] = plain.split("::");
  const words = (part: string | undefined): number[] =>
    part === undefined || part === "" ? [] : part.split(":").map((word) => parseInt(word, 16));
  const [left, right] = [words(head), words(tail)];
  return [...left, ...new Array<number>(8 - left.length - right.length).fill(0), ...right];
}
