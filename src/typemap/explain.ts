/**
 * From rules to one decision, told whole: every rule that was tried in order, the condition on which it failed, the
 * refinements taken up on the way and the rule that won. `resolve` is what a plan uses and `plan --explain` prints
 * its trace, so the explanation cannot differ from the decision.
 */
import { Fault } from "../errors.js";
import { type ColumnFacts, failedCondition } from "./match.js";
import type { KeptCollation, NamedRule, Rule } from "./rule.js";
import { fillType, normaliseTargetType } from "./target-type.js";

export interface RuleTried {
  readonly rule: string;
  readonly outcome: "no match" | "refines" | "wins";
  /** Why not, or why: the failed condition, or the rule's own reason. */
  readonly why: string;
}

export interface Resolution {
  /** Name of the rule that won. */
  readonly rule: string;
  /** As format_type() spells it; `enum` asks for a native enum type of the column's labels. */
  readonly targetType: string;
  readonly check: string | null;
  /** keep, drop, or SQL. */
  readonly default: string;
  readonly identity: "identity" | "serial" | "none";
  readonly collation: KeptCollation;
  readonly tried: readonly RuleTried[];
}

/** Tries the rules in order on one column. Throws type-pair when none gives it a type, not-built-yet for a named codec. */
export function resolve(rules: readonly NamedRule[], facts: ColumnFacts): Resolution {
  const tried: RuleTried[] = [];
  let refined: Rule["to"] = {};
  for (const { name, rule } of rules) {
    const failed = failedCondition(rule.match, facts);
    if (failed !== null) {
      tried.push({ rule: name, outcome: "no match", why: failed });
      continue;
    }
    // What an earlier line said stays: the first that matches wins, field by field.
    const to = { ...rule.to, ...said(refined) };
    const type = rule.to.type;
    if (type === undefined) {
      tried.push({ rule: name, outcome: "refines", why: rule.why ?? spoken(rule.to) });
      refined = to;
      continue;
    }
    if (to.codec !== undefined)
      throw new Fault(
        "not-built-yet",
        `The rule ${name} names the codec ${to.codec}; each pair of types has one codec so far.`,
        {
          next: "Take `codec` out of the rule.",
        },
      );
    tried.push({ rule: name, outcome: "wins", why: rule.why ?? "the first rule that matches" });
    return {
      rule: name,
      targetType:
        type.trim().toLowerCase() === "enum" ? "enum" : normaliseTargetType(fillType(type, facts.column)),
      check: to.check === undefined || to.check === "none" ? null : to.check,
      default: to.default ?? "keep",
      identity: to.identity ?? "identity",
      collation: to.collation ?? "keys",
      tried,
    };
  }
  throw new Fault(
    "type-pair",
    `No rule gives ${facts.table}.${facts.column.name} (${facts.column.columnType}) a type.`,
    { next: "Add a typemap rule for it to headgate.yaml, or exclude the table." },
  );
}

function said(to: Rule["to"]): Rule["to"] {
  return Object.fromEntries(Object.entries(to).filter(([, value]) => value !== undefined));
}

function spoken(to: Rule["to"]): string {
  return Object.entries(said(to))
    .map(([field, value]) => `${field}: ${value}`)
    .join(", ");
}
