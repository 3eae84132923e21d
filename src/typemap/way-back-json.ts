/**
 * What MySQL makes of a JSON document. It keeps integers of 64 bits and turns every other number into a double, so that
 * 1.50 and 0.1234567890123456789 come out as something else: those are refused. Of a document that the target keeps as
 * text the spelling matters too, because MySQL has one of its own.
 */
import { jsonDouble } from "./json-double.js";
import { JsonSpeller } from "./jsonb.js";
import { refuse } from "./refusal.js";

const tokens = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?|[^"\d-]+|-/gsu;
const speller = new JsonSpeller(false, false);

/** Throws a Refusal where MySQL's text of the document would not be this one. `binary`: of jsonb, whose spelling is one. */
export function demandDocument(text: string, binary: boolean): void {
  for (const [token] of text.matchAll(tokens)) if (/^-?\d/u.test(token)) demandNumber(token, binary);
  if (binary) return;
  const mine = [...text.matchAll(tokens)].map(([token]) => token);
  const ordered = [...spelled(text).matchAll(tokens)].map(([token]) => token);
  if (mine.length !== ordered.length || !mine.every((token, k) => alike(token, ordered[k] ?? "")))
    refuse("a JSON text that is spelled otherwise than the source spells it");
}

/** Numbers were looked at; of a string its escapes must be MySQL's own. */
function alike(mine: string, ordered: string): boolean {
  if (mine === ordered) return true;
  if (mine.startsWith('"'))
    return own.test(mine) && ordered.startsWith('"') && JSON.parse(mine) === JSON.parse(ordered);
  return /^-?\d/u.test(mine) && spelled(mine) === ordered;
}

const own = /^"(?:[^"\\\u0000-\u001f]|\\["\\bfnrt]|\\u00(?:0[0-7be-f]|1[0-9a-f]))*"$/su;

function demandNumber(token: string, binary: boolean): void {
  const printed = printedNumber(token);
  if ((binary ? spelled(printed) : printed) !== token)
    refuse("a JSON number that is no 64-bit integer and that a double does not print as it stands");
}

/** The number as MySQL prints what it keeps of it. */
function printedNumber(token: string): string {
  if (/^-?\d+$/u.test(token)) {
    const value = BigInt(token);
    if (value >= -(1n << 63n) && value < 1n << 64n && token !== "-0") return token;
  }
  const value = Number(token);
  return Number.isFinite(value) ? jsonDouble(value) : refuse("a JSON number past the range of a double");
}

function spelled(text: string): string {
  const bytes = Buffer.from(text, "utf8");
  const { data, length } = speller.spell(bytes, 0, bytes.length);
  return data.toString("utf8", 0, length);
}
