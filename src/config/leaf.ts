/**
 * The leaves of the config's schema. Each carries the sentence of what is allowed as its own error text, because
 * that is half of every message: where, what was found, what is allowed. A leaf's error text therefore completes
 * "Allowed: ...", and problem.ts says the rest.
 */
import { z } from "zod";
import { createdNameProblem } from "../safety/reserved.js";
import type { UrlSide } from "./url.js";
import { parseUrl } from "./url.js";

/** A custom issue: `found` completes "KEY is ...", `allowed` completes "Allowed: ...". */
export interface IssueParams {
  readonly found: string;
  readonly allowed: string;
  /** A value that is right in itself, whose part is not built yet. */
  readonly notBuilt?: boolean;
}

/** Adds a custom issue in the form that problem.ts reads; `path` is relative to the schema's own place. */
export function complain(
  context: z.RefinementCtx,
  params: IssueParams,
  path: readonly (string | number)[] = [],
): void {
  context.addIssue({ code: "custom", message: params.found, params: { ...params }, path: [...path] });
}

/** A whole number as YAML writes it: not text, no fraction, no exponent. */
export function integer(min: number, max: number): z.ZodInt {
  const error = `a whole number from ${String(min)} to ${String(max)}`;
  return z.int({ error }).min(min, { error }).max(max, { error });
}

/** A share: 0 to 1, or above where more than all is possible. */
export function fraction(max = 1): z.ZodNumber {
  const error = `a number from 0 to ${String(max)}`;
  return z.number({ error }).min(0, { error }).max(max, { error });
}

export function choice<const T extends readonly [string, ...string[]]>(
  ...options: T
): z.ZodEnum<{
  [K in T[number]]: K;
}> {
  return z.enum(options, { error: list(options, "or") });
}

export function flag(): z.ZodBoolean {
  return z.boolean({ error: "true or false" });
}

/** Any text but an empty one. */
export function text(error: string): z.ZodString {
  return z.string({ error }).min(1, { error });
}

export function shaped(pattern: RegExp, error: string): z.ZodString {
  return z.string({ error }).regex(pattern, { error });
}

export function listOf<T extends z.ZodType>(item: T, error: string): z.ZodArray<T> {
  return z.array(item, { error });
}

/** 500ms, 30s, 10m, 2h. */
export function duration(): z.ZodString {
  return shaped(/^[1-9]\d{0,5}(?:ms|s|m|h)$/u, "a time such as 500ms, 30s, 10m or 2h");
}

const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** What `duration` lets through, in milliseconds; null for any other text. */
export function milliseconds(text: string): number | null {
  if (!duration().safeParse(text).success) return null;
  const [, digits = "", unit = ""] = /^(\d+)([a-z]+)$/u.exec(text) ?? [];
  return Number(digits) * (units[unit] ?? 1);
}

/** A connection URL of one side, checked by the rules of url.ts. */
export function databaseUrl(side: UrlSide): z.ZodString {
  return z.string({ error: "a URL in quotes or plain" }).superRefine((url, context) => {
    const result = parseUrl(url, side);
    if ("problem" in result)
      complain(context, {
        found: result.problem.found,
        allowed: result.problem.allowed,
        notBuilt: result.problem.kind === "not-built-yet",
      });
  });
}

/** A name that Headgate will create on the target. */
export function createdName(): z.ZodString {
  const allowed = "letters, digits and _, no digit first, 63 at most, no reserved word of PostgreSQL";
  return z.string({ error: allowed }).superRefine((name, context) => {
    const problem = createdNameProblem(name);
    if (problem !== null)
      complain(context, { found: `${JSON.stringify(name.slice(0, 80))}, which ${problem}`, allowed });
  });
}

/** "a, b or c". */
export function list(words: readonly string[], joint: "or" | "and"): string {
  const last = words.at(-1) ?? "";
  return words.length < 2 ? last : `${words.slice(0, -1).join(", ")} ${joint} ${last}`;
}
