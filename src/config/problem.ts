/**
 * What is wrong in the file, in sentences: where, what was found, what is allowed. Made of zod's issues, because zod
 * knows what it missed, and of the tree, because only it knows the line and how the value was written. A value that
 * was filled in is shown as its template; a URL without its user part.
 */
import type { z } from "zod";
import type { KeyPath, Place } from "./document.js";
import { OddNumber } from "./document.js";
import { list } from "./leaf.js";
import { closest, distance } from "./nearest.js";
import { redacted } from "./url.js";

export interface Problem {
  readonly place: Place;
  readonly path: KeyPath;
  readonly sentence: string;
  readonly notBuilt: boolean;
}

/** What the file said, as zod sees it and as people wrote it. */
export interface Said {
  readonly value: unknown;
  /** The place of the value, or of the nearest thing around it that exists. */
  readonly place: (path: KeyPath) => Place;
  /** The place of a key's name. */
  readonly keyPlace: (path: KeyPath) => Place;
  /** The template of a text that was filled in, else undefined. */
  readonly template: (path: KeyPath) => string | undefined;
  /** Known keys of the map at a path; empty where any key is allowed. */
  readonly knownKeys: (path: KeyPath) => readonly string[];
  /** Where else in the file a key of this name belongs, dotted. */
  readonly homesOf: (key: string) => readonly string[];
}

export function problemsOf(issues: readonly z.core.$ZodIssue[], said: Said): Problem[] {
  // "Say at least one of" beside a misspelled key of the same map would tell one mistake twice.
  const misspelled = new Set(
    issues.filter((issue) => issue.code === "unrecognized_keys").map((issue) => JSON.stringify(issue.path)),
  );
  return issues
    .filter((issue) => issue.code !== "custom" || !misspelled.has(JSON.stringify(issue.path)))
    .flatMap((issue) => problemsOfIssue(issue, [], said));
}

function problemsOfIssue(issue: z.core.$ZodIssue, base: KeyPath, said: Said): Problem[] {
  const path = [...base, ...issue.path.map((part) => (typeof part === "symbol" ? String(part) : part))];
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((key) => ({
      place: said.keyPlace([...path, key]),
      path: [...path, key],
      sentence: unknownKey(path, key, said),
      notBuilt: false,
    }));
  if (issue.code === "invalid_key" || issue.code === "invalid_element")
    return issue.issues.flatMap((inner) => problemsOfIssue({ ...inner, path: [] }, path, said));
  if (issue.code === "invalid_union") {
    const branch = deepest(issue.errors);
    if (branch !== null) return branch.flatMap((inner) => problemsOfIssue(inner, path, said));
  }
  const params: Readonly<Record<string, unknown>> = issue.code === "custom" ? (issue.params ?? {}) : {};
  const given = at(said.value, path);
  const notBuilt = params["notBuilt"] === true;
  if (given === undefined)
    return [
      {
        place: said.place(path),
        path,
        sentence: `${dotted(path)} is missing. Allowed: ${allowedBy(issue)}.`,
        notBuilt,
      },
    ];
  const found =
    typeof params["found"] === "string" ? params["found"] : foundBy(issue, given, said.template(path));
  const allowed = typeof params["allowed"] === "string" ? params["allowed"] : allowedBy(issue);
  // A refinement of the rules' grammar says in its own words what is wrong, not what is allowed.
  const rest =
    issue.code === "custom" && params["found"] === undefined ? `: ${allowed}` : `. Allowed: ${allowed}.`;
  return [{ place: said.place(path), path, sentence: `${dotted(path)} is ${found}${rest}`, notBuilt }];
}

/** The branch of a union that understood most of the value, when one got further than the value itself. */
function deepest(branches: readonly (readonly z.core.$ZodIssue[])[]): readonly z.core.$ZodIssue[] | null {
  const depth = (issues: readonly z.core.$ZodIssue[]): number =>
    Math.max(0, ...issues.map((issue) => issue.path.length + (issue.code === "unrecognized_keys" ? 1 : 0)));
  const best = [...branches].sort((a, b) => depth(b) - depth(a))[0];
  return best !== undefined && depth(best) > 0 ? best : null;
}

function unknownKey(path: KeyPath, key: string, said: Said): string {
  const known = said.knownKeys(path);
  const name = path.length === 0 ? JSON.stringify(key) : `${JSON.stringify(key)} under ${dotted(path)}`;
  const near = closest(key.toLowerCase(), known);
  const home = said.homesOf(key)[0];
  const close =
    near !== undefined && distance(key.toLowerCase(), near.toLowerCase()) <= Math.max(2, key.length / 3);
  const hint = close
    ? `Did you mean ${near}?`
    : home !== undefined
      ? `It belongs to ${home}.`
      : near !== undefined
        ? `The nearest is ${near}.`
        : "";
  return `${name} is no known key. ${hint} Allowed: ${list(known, "and")}.`;
}

function foundBy(issue: z.core.$ZodIssue, given: unknown, template: string | undefined): string {
  if (template !== undefined) return `filled in from ${JSON.stringify(template)}, which does not fit`;
  const shown = show(given);
  if (issue.code === "too_small" && typeof given === "number")
    return given < 0 ? `${shown}, a negative number` : `${shown}, which is too small`;
  if (issue.code === "too_big" && typeof given === "number") return `${shown}, which is too large`;
  if (issue.code === "invalid_type" && typeof given === "number" && !Number.isInteger(given))
    return `${shown}, no whole number`;
  if (typeof given === "number") return `the number ${shown}`;
  if (issue.code === "invalid_type" && typeof given === "string") return `the text ${shown}`;
  return shown;
}

/** A value as people wrote it, short, and without the user part of a URL. */
function show(value: unknown): string {
  if (value === null) return "empty";
  if (value instanceof OddNumber) return `${value.source}, not written in plain digits`;
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  if (typeof value === "object") return "a map";
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (typeof value !== "string") return "something else";
  const text = value.includes("://") ? redacted(value) : value;
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}...` : text);
}

/** Our own leaves carry the sentence; what comes from elsewhere is derived from the issue. */
function allowedBy(issue: z.core.$ZodIssue): string {
  if (!/^(?:Invalid|Too (?:small|big)|Unrecognized)/u.test(issue.message)) return issue.message;
  switch (issue.code) {
    case "invalid_type":
      return expected(issue.expected);
    case "invalid_value":
      return list(
        issue.values.map((value) => (value === "null" ? '"null" in quotes' : String(value))),
        "or",
      );
    case "too_small":
      return issue.origin === "string" || issue.origin === "array"
        ? "not empty"
        : `at least ${String(issue.minimum)}`;
    case "too_big":
      return `at most ${String(issue.maximum)}`;
    case "invalid_format":
      return issue.format === "regex" ? `a text like ${issue.pattern ?? ""}` : `a ${issue.format}`;
    case "invalid_union":
      return unionAllows(issue.errors);
    default:
      return issue.message;
  }
}

function unionAllows(branches: readonly (readonly z.core.$ZodIssue[])[]): string {
  const all = branches.flat().map((issue) => allowedBy(issue));
  return all.length === 0 ? "another value" : list([...new Set(all)], "or");
}

function expected(type: string): string {
  const words: Readonly<Record<string, string>> = {
    string: "a text",
    number: "a number",
    int: "a whole number",
    boolean: "true or false",
    array: "a list",
    object: "a map",
    record: "a map",
  };
  return words[type] ?? type;
}

/** source.url, typemap[0].to.type, tables.rename."order-items". */
export function dotted(path: KeyPath): string {
  if (path.length === 0) return "The file";
  return path
    .map((part, at) => {
      if (typeof part === "number") return `[${String(part)}]`;
      const name = /^[\w-]+$/u.test(part) && !part.includes(" ") ? part : JSON.stringify(part);
      return at === 0 ? name : `.${name}`;
    })
    .join("");
}

function at(value: unknown, path: KeyPath): unknown {
  let here = value;
  for (const part of path) {
    if (typeof here !== "object" || here === null) return undefined;
    here = Object.entries(here).find(([key]) => key === String(part))?.[1];
  }
  return here;
}
