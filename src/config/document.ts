/**
 * The text of headgate.yaml as a tree that remembers where everything stood. The YAML library parses; this file keeps
 * what its values forget (line, column, how a number was written) and says its errors in our own words, because the
 * library's may quote a line of the file, and a line may hold a password. Anchors, aliases and tags have no place in
 * a file that people read at night.
 */
import type { Node as YamlNode, YAMLError } from "yaml";
import { LineCounter, isAlias, isMap, isScalar, isSeq, parseDocument } from "yaml";

export type KeyPath = readonly (string | number)[];

/** 1-based. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** A number that is not written as plain decimal digits (1e3, 0x10, .inf, 5000.0): valid nowhere in this file. */
export class OddNumber {
  readonly source: string;
  constructor(source: string) {
    this.source = source;
  }
}

export type Tree =
  | { readonly kind: "map"; readonly place: Place; readonly entries: readonly Entry[] }
  | { readonly kind: "list"; readonly place: Place; readonly items: readonly Tree[] }
  | {
      readonly kind: "scalar";
      readonly place: Place;
      readonly value: string | number | boolean | null | OddNumber;
      /** Where the nth `${` of the text stands. */
      readonly openings: readonly Place[];
    };

export interface Entry {
  readonly key: string;
  readonly place: Place;
  readonly value: Tree;
}

export interface DocumentProblem {
  readonly place: Place;
  readonly sentence: string;
}

export type DocumentResult = { readonly tree: Tree } | { readonly problems: readonly DocumentProblem[] };

const sentences: Readonly<Record<string, string>> = {
  ALIAS_PROPS: "An alias cannot have properties.",
  BAD_ALIAS: "Aliases are not part of this file. A text that begins with * stands in quotes.",
  BAD_DQ_ESCAPE: 'Broken escape in a "..." text. In single quotes a backslash is only a backslash.',
  BAD_INDENT: "The indentation fits neither the lines above nor those below.",
  BAD_SCALAR_START: "A text cannot begin with this character; put it in quotes.",
  BLOCK_AS_IMPLICIT_KEY:
    'Two values on one line, or a missing quote. A text with ": " in it stands in quotes.',
  BLOCK_IN_FLOW: "Indented lines cannot stand within { } or [ ].",
  DUPLICATE_KEY: "This key stands twice in the same map.",
  MISSING_CHAR: "A closing quote, bracket, colon or comma is missing.",
  MULTILINE_IMPLICIT_KEY: "A key must stand on one line, with its colon.",
  MULTIPLE_DOCS: "The file holds more than one YAML document (---).",
  NON_STRING_KEY: "A key must be a plain text.",
  TAB_AS_INDENT: "Indentation is a tab. Allowed: spaces.",
  UNEXPECTED_TOKEN:
    "Something stands where YAML does not allow it; look for a missing quote, bracket or line break.",
};

/** Parses; never throws. Either the whole tree or every problem of the syntax. */
export function readDocument(text: string): DocumentResult {
  const counter = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: counter,
    prettyErrors: false,
    stringKeys: true,
    schema: "core",
    merge: false,
    logLevel: "error",
  });
  const placeOf = (offset: number): Place => {
    const { line, col } = counter.linePos(offset);
    return { line, column: col };
  };
  const broken = [...document.errors, ...document.warnings];
  if (broken.length > 0)
    return { problems: firstOfEachLine(broken.map((error) => told(error, placeOf, text))) };
  const problems: DocumentProblem[] = [];
  const refuse = (offset: number, sentence: string): Tree => {
    problems.push({ place: placeOf(offset), sentence });
    return { kind: "scalar", place: placeOf(offset), value: null, openings: [] };
  };

  const walk = (node: YamlNode | null, otherwise: number): Tree => {
    if (node === null) return { kind: "scalar", place: placeOf(otherwise), value: null, openings: [] };
    const [start, end] = node.range ?? [otherwise, otherwise];
    if (isAlias(node)) return refuse(start, sentences["BAD_ALIAS"] ?? "");
    if (node.anchor !== undefined && node.anchor !== "")
      return refuse(start, "Anchors are not part of this file. A text that begins with & stands in quotes.");
    if (node.tag?.startsWith("!") === true)
      return refuse(start, "Tags are not part of this file. A text that begins with ! stands in quotes.");
    const place = placeOf(start);
    if (isMap(node)) {
      const entries = node.items.map((pair): Entry => {
        const key = pair.key;
        const at = isScalar(key) ? (key.range?.[0] ?? start) : start;
        const after = isScalar(key) ? (key.range?.[1] ?? start) : start;
        const name = isScalar(key) ? String(key.value) : "";
        const value = isYamlNode(pair.value) ? pair.value : null;
        if (name === "__proto__") refuse(at, '"__proto__" cannot be a key.');
        return { key: name, place: placeOf(at), value: walk(value, after) };
      });
      return { kind: "map", place, entries };
    }
    if (isSeq(node))
      return {
        kind: "list",
        place,
        items: node.items.map((item) => walk(isYamlNode(item) ? item : null, start)),
      };
    if (!isScalar(node)) return refuse(start, "This is no text, number, list or map.");
    return { kind: "scalar", place, value: scalar(node.value, node.source), openings: openings(start, end) };
  };
  const openings = (start: number, end: number): Place[] => {
    const found: Place[] = [];
    for (let at = text.indexOf("${", start); at >= 0 && at < end; at = text.indexOf("${", at + 2))
      found.push(placeOf(at));
    return found;
  };

  if (document.contents === null)
    return { problems: [{ place: { line: 1, column: 1 }, sentence: "The file is empty." }] };
  const tree = walk(document.contents, 0);
  return problems.length > 0 ? { problems } : { tree };
}

function isYamlNode(value: unknown): value is YamlNode {
  return isMap(value) || isSeq(value) || isScalar(value) || isAlias(value);
}

function scalar(value: unknown, source: string | undefined): string | number | boolean | null | OddNumber {
  if (typeof value === "string" || typeof value === "boolean" || value === null) return value;
  const written = source ?? "";
  const plain = /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/u.test(written);
  if (typeof value !== "number" || !plain) return new OddNumber(written);
  // 5000.0 is not how anybody writes a count, and 9007199254740993 would be another number.
  if (Number.isInteger(value) && (written.includes(".") || !Number.isSafeInteger(value)))
    return new OddNumber(written);
  return value;
}

/** What one missing quote breaks is told once: the parser stumbles on through the rest of the line. */
function firstOfEachLine(problems: readonly DocumentProblem[]): DocumentProblem[] {
  const seen = new Set<number>();
  return problems.filter(({ place }) => {
    const fresh = !seen.has(place.line);
    seen.add(place.line);
    return fresh;
  });
}

function told(error: YAMLError, placeOf: (offset: number) => Place, text: string): DocumentProblem {
  const tag = error.code === "TAG_RESOLVE_FAILED";
  return {
    place: placeOf(error.pos[0]),
    sentence: tag
      ? "Tags are not part of this file. A text that begins with ! stands in quotes."
      : followsDollar(text, error.pos[0])
        ? 'A ${...} within { } or [ ] stands in quotes: "${NAME}".'
        : (sentences[error.code] ?? `This is no YAML (${error.code}).`),
  };
}

/** Whether the parser stopped at the brace of a bare `${`. */
function followsDollar(text: string, offset: number): boolean {
  return text.slice(Math.max(0, offset - 1), offset + 2).includes("${");
}
