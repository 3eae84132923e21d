/**
 * Keys whose part is not built yet. They are valid, and refused when a file sets them: a safeguard that is written
 * down and silently does nothing is worse than an error. Building a part deletes its line here and nothing else.
 */
import type { KeyPath } from "./document.js";

interface Part {
  readonly path: readonly string[];
  readonly part: string;
}

const parts: readonly Part[] = [{ path: ["gates"], part: "gates" }];

export interface NotBuilt {
  readonly path: KeyPath;
  readonly part: string;
}

/**
 * The not-built keys that a file sets. `raw` is the file's own value: defaults are not in it. An empty map or list
 * sets nothing.
 */
export function notBuilt(raw: unknown): NotBuilt[] {
  return parts.flatMap(({ path, part }) => (isEmpty(at(raw, path)) ? [] : [{ path, part }]));
}

/** The dotted keys of the table, for docs. */
export function notBuiltKeys(): readonly string[] {
  return parts.map(({ path }) => path.join("."));
}

function at(raw: unknown, path: readonly string[]): unknown {
  let value = raw;
  for (const key of path) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
    value = Object.entries(value).find(([name]) => name === key)?.[1];
  }
  return value;
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  return typeof value === "object" && Object.values(value).every(isEmpty);
}
