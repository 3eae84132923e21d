/**
 * The SQL that a config file holds, each text before the statement guard: checks and defaults of typemap rules, the
 * queries of verification and baseline. What the guard refuses is a problem with its line, unless an override confirms
 * that very text; an override that confirms no text of the file is a problem too, since it was written for another one.
 */
import type { Danger } from "../safety/danger.js";
import { type SqlText, guardSentence, statementDangers } from "../safety/statement-guard.js";
import { namedChecks, namedDefaults } from "../typemap/rule.js";
import type { KeyPath } from "./document.js";
import { dotted } from "./problem.js";
import { type Config, overridden } from "./schema.js";

export interface GuardProblem {
  readonly path: KeyPath;
  readonly sentence: string;
}

interface Written {
  readonly path: KeyPath;
  /** As the file has it; an override names this text. */
  readonly text: string;
  readonly sql: SqlText;
}

/** Loads the parsers only where a file holds SQL. */
export async function guardProblems(config: Config): Promise<readonly GuardProblem[]> {
  const confirmed = overridden(config, "statement-guard");
  const texts = [...ruleTexts(config), ...queryTexts(config)];
  const problems: GuardProblem[] = [];
  for (const { path, text, sql } of texts) {
    const dangers = confirmed.includes(text) ? [] : await statementDangers(sql);
    if (dangers.length > 0) problems.push({ path, sentence: refused(path, text, sql, dangers) });
  }
  for (const [at, { safeguard, value }] of config.overrides.entries())
    if (safeguard === "statement-guard" && !texts.some(({ text }) => text === value))
      problems.push({
        path: ["overrides", at, "value"],
        sentence: `${dotted(["overrides", at, "value"])} is no SQL text of this file. Allowed: the text that is confirmed, exactly as it stands in this file.`,
      });
  return problems;
}

function refused(path: KeyPath, text: string, sql: SqlText, dangers: readonly Danger[]): string {
  const allowed =
    sql.kind === "query" ? "one statement that only reads" : "one expression that only computes";
  return `${dotted(path)} is refused: ${guardSentence(dangers)}. Allowed: ${allowed}, or an override: { safeguard: statement-guard, value: ${JSON.stringify(text)}, reason: "..." }.`;
}

function ruleTexts(config: Config): Written[] {
  return config.typemap.flatMap(({ to }, at) => {
    const written: Written[] = [];
    if (to.check !== undefined && !namedChecks.has(to.check))
      written.push({
        path: ["typemap", at, "to", "check"],
        text: to.check,
        sql: { server: "postgres", kind: "check", text: to.check.replaceAll("{column}", '"c"') },
      });
    if (to.default !== undefined && !namedDefaults.has(to.default))
      written.push({
        path: ["typemap", at, "to", "default"],
        text: to.default,
        sql: { server: "postgres", kind: "default", text: to.default },
      });
    return written;
  });
}

function queryTexts(config: Config): Written[] {
  const query = (server: SqlText["server"], text: string, path: KeyPath): Written => ({
    path,
    text,
    sql: { server, kind: "query", text },
  });
  return [
    ...config.verify.queries.flatMap(({ source, target }, at) => [
      ...(source === undefined ? [] : [query("mysql", source, ["verify", "queries", at, "source"])]),
      ...(target === undefined ? [] : [query("postgres", target, ["verify", "queries", at, "target"])]),
    ]),
    // Timed on the source before the switch and on the target after it.
    ...config.baseline.queries.flatMap((timed, at) =>
      typeof timed === "string"
        ? [
            query("mysql", timed, ["baseline", "queries", at]),
            query("postgres", timed, ["baseline", "queries", at]),
          ]
        : [
            query("mysql", timed.source, ["baseline", "queries", at, "source"]),
            query("postgres", timed.target, ["baseline", "queries", at, "target"]),
          ],
    ),
  ];
}
