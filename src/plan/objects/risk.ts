/**
 * How much work a program is to move, judged by what its bare text contains. The list below is all there is to it;
 * docs/programs.md prints it. A program without any of these is low: plain statements, IF, loops, parameters, which
 * have a near word in PL/pgSQL. Low is no promise that it is easy, and nothing is translated.
 */
import type { ProgramRisk } from "../../model.js";
import type { FunctionUse } from "./mysql-functions.js";

export interface Construct {
  readonly name: string;
  readonly risk: "medium" | "high";
  readonly find: RegExp;
  readonly why: string;
}

export const constructs: readonly Construct[] = [
  {
    name: "dynamic SQL",
    risk: "high",
    find: /\bPREPARE\s+\S+\s+FROM\b|\bEXECUTE\s+IMMEDIATE\b/iu,
    why: "the statement is put together at run time, and nobody can read it here",
  },
  {
    name: "named locks",
    risk: "high",
    find: /\b(?:GET_LOCK|RELEASE_LOCK|RELEASE_ALL_LOCKS|IS_FREE_LOCK|IS_USED_LOCK)\s*\(/iu,
    why: "advisory locks of PostgreSQL wait otherwise",
  },
  {
    name: "table locks",
    risk: "high",
    find: /\b(?:UN)?LOCK\s+TABLES?\b/iu,
    why: "LOCK TABLE of PostgreSQL lasts to the transaction's end",
  },
  {
    name: "files",
    risk: "high",
    find: /\bLOAD\s+DATA\b|\bINTO\s+(?:OUTFILE|DUMPFILE)\b|\bLOAD_FILE\s*\(/iu,
    why: "reads or writes files of the server",
  },
  {
    name: "transactions inside",
    risk: "high",
    find: /\bSTART\s+TRANSACTION\b|\bCOMMIT\b|\bROLLBACK\b|\bSAVEPOINT\b|\bSET\s+AUTOCOMMIT\b/iu,
    why: "PL/pgSQL ends transactions in procedures only, and rolls back to a savepoint by BEGIN ... EXCEPTION",
  },
  {
    name: "DDL",
    risk: "high",
    find: /\b(?:CREATE|ALTER|DROP|RENAME|TRUNCATE)\s+(?:OR\s+REPLACE\s+)?(?:TABLE|VIEW|INDEX|DATABASE|SCHEMA|PROCEDURE|FUNCTION|TRIGGER|EVENT|USER)\b|\bTRUNCATE\s+(?!TABLE\b)[`a-z]/iu,
    why: "changes the schema while it runs; on MySQL that commits",
  },
  {
    name: "server settings",
    risk: "high",
    find: /@@|\bSET\s+(?:GLOBAL|PERSIST|SESSION)\b/iu,
    why: "reads or changes settings that the target does not have",
  },
  {
    name: "CONTINUE handlers",
    risk: "high",
    find: /\b(?:CONTINUE|UNDO)\s+HANDLER\b/iu,
    why: "PL/pgSQL cannot go on after the statement that failed",
  },
  {
    name: "cursors",
    risk: "medium",
    find: /\bCURSOR\s+FOR\b|\bCURSOR\s*\(/iu,
    why: "become FOR ... IN loops",
  },
  {
    name: "EXIT handlers",
    risk: "medium",
    find: /\bEXIT\s+HANDLER\b/iu,
    why: "become blocks with EXCEPTION, whose conditions have other names",
  },
  {
    name: "temporary tables",
    risk: "medium",
    find: /\bTEMPORARY\s+TABLE\b/iu,
    why: "outlive the call on both sides, but plans and names differ",
  },
  {
    name: "user variables",
    risk: "medium",
    find: /(?<![@\w'`])@[\w$.`'"]/u,
    why: "live as long as the session; PL/pgSQL has no such thing",
  },
  {
    name: "INSERT ... ON DUPLICATE KEY UPDATE",
    risk: "medium",
    find: /\bON\s+DUPLICATE\s+KEY\b/iu,
    why: "ON CONFLICT wants one named key",
  },
  {
    name: "REPLACE",
    risk: "medium",
    find: /(?:^|;|\b(?:BEGIN|THEN|ELSE|DO|LOOP|REPEAT|ROW|INSERT|UPDATE|DELETE)\s)\s*REPLACE\s+(?!\()/iu,
    why: "deletes and inserts; ON CONFLICT updates",
  },
  {
    name: "IGNORE",
    risk: "medium",
    find: /\b(?:INSERT|UPDATE|DELETE)\s+(?:LOW_PRIORITY\s+|HIGH_PRIORITY\s+|QUICK\s+)?IGNORE\b/iu,
    why: "turns errors into warnings",
  },
  {
    name: "SIGNAL",
    risk: "medium",
    find: /\b(?:RE)?SIGNAL\b|\bGET\s+(?:CURRENT\s+|STACKED\s+)?DIAGNOSTICS\b/iu,
    why: "becomes RAISE ... USING ERRCODE, and the application's error numbers change",
  },
  {
    name: "UPDATE or DELETE of several tables, or with LIMIT",
    risk: "medium",
    find: /\bUPDATE\s+[^;]*?\bJOIN\b[^;]*?\bSET\b|\bDELETE\s+[`\w.,\s]+\bFROM\b[^;]*?\bJOIN\b|\b(?:UPDATE|DELETE)\s[^;]*\bLIMIT\b/iu,
    why: "has another form in PostgreSQL",
  },
];

/** Lines from which the length alone makes a program more work. */
export const longProgram = { medium: 100, high: 500 } as const;

const order: readonly ProgramRisk[] = ["low", "medium", "high"];

export interface Judged {
  readonly risk: ProgramRisk;
  /** `dynamic SQL: why`, worst first; empty when it is low. */
  readonly why: readonly string[];
}

/** Judges a bare text. `kind` event: its schedule has no like in the server. */
export function judgeProgram(
  bare: string,
  facts: { readonly kind: string; readonly lines: number; readonly functions: readonly FunctionUse[] },
): Judged {
  const found: { readonly risk: ProgramRisk; readonly why: string }[] = constructs
    .filter(({ find }) => find.test(bare))
    .map(({ name, risk, why }) => ({ risk, why: `${name}: ${why}` }));
  if (facts.kind === "event")
    found.push({
      risk: "medium",
      why: "schedule: PostgreSQL has no events; pg_cron or the application runs it",
    });
  if (facts.kind === "procedure" && returnsRows(bare))
    found.push({
      risk: "medium",
      why: "result sets: a SELECT hands rows to the caller, which a procedure of PostgreSQL cannot",
    });
  const manual = facts.functions.filter((use) => use.manual).map(({ name }) => name);
  if (manual.length > 0)
    found.push({ risk: "medium", why: `functions without a rewrite: ${manual.join(", ")}` });
  if (facts.lines >= longProgram.medium)
    found.push({
      risk: facts.lines >= longProgram.high ? "high" : "medium",
      why: `${String(facts.lines)} lines`,
    });
  const worst = Math.max(0, ...found.map(({ risk }) => order.indexOf(risk)));
  return {
    risk: order[worst] ?? "low",
    why: found.sort((a, b) => order.indexOf(b.risk) - order.indexOf(a.risk)).map(({ why }) => why),
  };
}

/** A SELECT at the beginning of a statement that goes into no variable. */
function returnsRows(bare: string): boolean {
  const starts = /(?:^|;|\b(?:BEGIN|THEN|ELSE|DO|LOOP|REPEAT)\b)\s*(?:\w+\s*:\s*)?(SELECT\b[^;]*)/giu;
  return [...bare.matchAll(starts)].some((match) => !/\bINTO\b/iu.test(match[1] ?? ""));
}
