/**
 * A whole file's values, filled in. Walks the tree once, tells every secret to the redactor as it passes, and keeps
 * for each value that was filled in the template that people wrote, because that is what messages show.
 */
import { isAbsolute, join } from "node:path";
import type { z } from "zod";
import type { KeyPath, Place, Tree } from "./document.js";
import type { Env } from "./environment.js";
import { FillProblem, fill } from "./fill.js";
import type { Redactor } from "./redact.js";
import { readSecret } from "./secret-file.js";

export interface FilledTree {
  readonly value: unknown;
  /** Templates by JSON.stringify(path). */
  readonly templates: ReadonlyMap<string, string>;
  readonly problems: readonly {
    readonly place: Place;
    readonly path: KeyPath;
    readonly sentence: string;
    readonly code: FillProblem["code"];
  }[];
  /** Where a password stands in the file itself, null when none does. */
  readonly literalPassword: Place | null;
}

/** Relative ${file:...} paths start at `folder`. */
export function fillTree(tree: Tree, redactor: Redactor, env: Env, folder: string): FilledTree {
  const templates = new Map<string, string>();
  const problems: FilledTree["problems"][number][] = [];
  let literalPassword: Place | null = null;
  const sources = {
    env,
    readSecret: (path: string) => readSecret(isAbsolute(path) ? path : join(folder, path), path),
  };
  const text = (scalar: Extract<Tree, { kind: "scalar" }>, template: string, path: KeyPath): string => {
    try {
      const filled = fill(template, sources);
      const isPassword = path.at(-1) === "password";
      for (const secret of filled.secrets) redactor.add(secret);
      if (isPassword) redactor.add(filled.text);
      if (filled.literalPassword || (isPassword && !filled.changed)) literalPassword ??= scalar.place;
      if (filled.changed) templates.set(JSON.stringify(path), template);
      return filled.text;
    } catch (error) {
      if (!(error instanceof FillProblem)) throw error;
      const place = scalar.openings[error.index] ?? scalar.place;
      problems.push({ place, path, sentence: error.message, code: error.code });
      return template;
    }
  };
  const walk = (node: Tree, path: KeyPath): unknown => {
    if (node.kind === "list") return node.items.map((item, index) => walk(item, [...path, index]));
    if (node.kind === "map")
      return Object.fromEntries(node.entries.map(({ key, value }) => [key, walk(value, [...path, key])]));
    return typeof node.value === "string" ? text(node, node.value, path) : node.value;
  };
  const value = walk(tree, []);
  return { value, templates, problems, literalPassword };
}

/**
 * What is filled in is text; where the schema wanted a number or true/false and the text spells one plainly, it
 * becomes one. Only values that came from ${...}: "5000" in quotes stays the mistake that it is. Returns the same
 * value when there was nothing to do.
 */
export function retyped(value: unknown, issues: readonly z.core.$ZodIssue[], filled: FilledTree): unknown {
  const wanted = new Map<string, string>();
  for (const issue of issues)
    if (issue.code === "invalid_type" && filled.templates.has(JSON.stringify(issue.path)))
      wanted.set(JSON.stringify(issue.path), issue.expected);
  if (wanted.size === 0) return value;
  const walk = (node: unknown, path: KeyPath): unknown => {
    if (Array.isArray(node)) return node.map((item: unknown, index) => walk(item, [...path, index]));
    if (typeof node === "object" && node !== null && Object.getPrototypeOf(node) === Object.prototype)
      return Object.fromEntries(Object.entries(node).map(([key, item]) => [key, walk(item, [...path, key])]));
    const type = wanted.get(JSON.stringify(path));
    if (typeof node !== "string" || type === undefined) return node;
    if (type === "boolean") return node === "true" ? true : node === "false" ? false : node;
    // A share such as 0.2 too; 5000.0 stays text, as it is no count in the file either.
    const plain = /^-?(?:0|[1-9]\d{0,14})(?:\.\d{1,9})?$/u.test(node);
    const number = Number(node);
    return plain && !(node.includes(".") && Number.isInteger(number)) ? number : node;
  };
  return walk(value, []);
}
