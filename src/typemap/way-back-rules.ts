/**
 * The rules of the way back, read from typemaps/postgres-mysql.yaml. They say which pairs of types go back, why, and
 * what the target holds that the source does not; how a value goes back is way-back-ways.ts's, and the examples hold the
 * two together. The file is part of the program: one that does not parse is our own bug.
 */
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { z } from "zod";
import { Fault } from "../errors.js";
import type { PlanColumn } from "../model.js";
import { parseTargetType } from "./family.js";
import { packageFile } from "./rules.js";

const fileName = "postgres-mysql.yaml";

const exampleSchema = z.strictObject({
  /** Column definition on the source. */
  source: z.string().min(1),
  /** As format_type() spells it. */
  target: z.string().min(1),
  engine: z.enum(["mysql", "mariadb"]).optional(),
  policy: z.record(z.string(), z.string()).optional(),
  /** Texts that PostgreSQL makes values of the target of. */
  takes: z.array(z.string()).default([]),
  refuses: z.array(z.string()).default([]),
});

const wayBackRuleSchema = z.strictObject({
  name: z.string().regex(/^[a-z][a-z-]*$/),
  why: z.string().min(1),
  /** Bare target types; `*` is any that no other rule names (native enums). */
  from: z.array(z.string()).min(1),
  /** Bare source types. */
  to: z.array(z.string()).min(1),
  /** Completes the sentence "The target holds more than the source: ..."; absent where it does not. */
  more: z.string().optional(),
  examples: z.array(exampleSchema).min(1),
});

export type WayBackRule = z.infer<typeof wayBackRuleSchema>;

let loaded: readonly WayBackRule[] | undefined;

/** In order; read once a process. */
export function wayBackRules(): readonly WayBackRule[] {
  loaded ??= parseWayBackRules(readFileSync(packageFile(fileName), "utf8"));
  return loaded;
}

export function parseWayBackRules(text: string): readonly WayBackRule[] {
  const result = z.array(wayBackRuleSchema).safeParse(parse(text));
  if (!result.success)
    throw new Fault("bug", `typemaps/${fileName} does not parse: ${z.prettifyError(result.error)}`);
  return result.data;
}

/** The first rule for the column's pair of types; null where nothing goes back. */
export function wayBackRule({
  column,
  targetType,
  nativeEnum,
}: Pick<PlanColumn, "column" | "targetType" | "nativeEnum">): WayBackRule | null {
  const base = nativeEnum === true ? "*" : parseTargetType(targetType).base;
  const rules = wayBackRules().filter(({ to }) => to.includes(column.type));
  return (
    rules.find(({ from }) => from.includes(base)) ?? rules.find(({ from }) => from.includes("*")) ?? null
  );
}
