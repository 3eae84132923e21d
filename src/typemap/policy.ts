/**
 * The `policies:` list of headgate.yaml: what may be changed on the way, declared and counted. Each line has the
 * rules' `match` and says something of zeroDate, nul, badText, enumZero (values), orphans or longIndex (keys); for
 * each the first line that matches and speaks of it holds, else `refuse`. What means nothing for a column's type stays `refuse`, so that a
 * plan shows only policies that can act.
 */
import { z } from "zod";
import type { ColumnPolicy } from "../model.js";
import { type ColumnFacts, failedCondition } from "./match.js";
import { matchSchema } from "./rule.js";

const recode = /^recode\(\s*([a-z0-9_]+)\s*\)$/;

export const policySchema = z
  .strictObject({
    match: matchSchema,
    zeroDate: z.enum(["null", "-infinity", "refuse"]).optional(),
    nul: z.enum(["strip", "bytea", "refuse"]).optional(),
    badText: z
      .union([z.literal("refuse"), z.string().regex(recode, { error: "refuse, or recode(CHARSET)" })])
      .optional(),
    enumZero: z.enum(["keep", "null", "refuse"]).optional(),
    /** Rows without a parent: their foreign key holds for new rows and is never validated. */
    orphans: z.enum(["keep", "refuse"]).optional(),
    /** Values too long for an index entry: a hash of the value is indexed, or the index is left out. */
    longIndex: z.enum(["hash", "leave-out", "refuse"]).optional(),
  })
  .refine((policy) => Object.entries(policy).some(([key, said]) => key !== "match" && said !== undefined), {
    error: "say at least one of zeroDate, nul, badText, enumZero, orphans, longIndex",
  });

export type PolicyRule = z.infer<typeof policySchema>;

const dates = new Set(["date", "datetime", "timestamp"]);
const texts = new Set(["char", "varchar", "tinytext", "text", "mediumtext", "longtext"]);
const labelled = new Set(["enum", "set"]);

/** What may be changed in this column. */
export function columnPolicy(policies: readonly PolicyRule[], facts: ColumnFacts): ColumnPolicy {
  const holding = policies.filter((policy) => failedCondition(policy.match, facts) === null);
  const { type } = facts.column;
  const text = texts.has(type) || labelled.has(type);
  const badText = holding.find((policy) => policy.badText !== undefined)?.badText;
  const nul = holding.find((policy) => policy.nul !== undefined)?.nul ?? "refuse";
  return {
    zeroDate: dates.has(type)
      ? (holding.find((policy) => policy.zeroDate !== undefined)?.zeroDate ?? "refuse")
      : "refuse",
    // Bytes can stand in for a text, not for a JSON document or a label: there `bytea` changes nothing.
    nul: texts.has(type) || nul !== "bytea" ? (text || type === "json" ? nul : "refuse") : "refuse",
    // Labels are part of the schema: their characters are in its CHECK too, and a policy for values cannot mend both.
    badText: texts.has(type) ? recodeOf(badText) : "refuse",
    enumZero:
      type === "enum"
        ? (holding.find((policy) => policy.enumZero !== undefined)?.enumZero ?? "refuse")
        : "refuse",
  };
}

/** What keys and indexes over a column may do about values that stand in their way. */
export interface KeyPolicy {
  readonly orphans: "keep" | "refuse";
  readonly longIndex: "hash" | "leave-out" | "refuse";
}

/** The same for the keys and indexes that the column is part of; no value is changed by it. */
export function keyPolicy(policies: readonly PolicyRule[], facts: ColumnFacts): KeyPolicy {
  const holding = policies.filter((policy) => failedCondition(policy.match, facts) === null);
  return {
    orphans: holding.find((policy) => policy.orphans !== undefined)?.orphans ?? "refuse",
    longIndex: holding.find((policy) => policy.longIndex !== undefined)?.longIndex ?? "refuse",
  };
}

function recodeOf(badText: string | undefined): ColumnPolicy["badText"] {
  const charset = badText === undefined ? undefined : recode.exec(badText)?.[1];
  return charset === undefined ? "refuse" : { recode: charset };
}
