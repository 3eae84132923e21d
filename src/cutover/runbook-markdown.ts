/**
 * A runbook as Markdown, for a printer and for a wiki. Names come from databases: whatever could end a cell, open markup or
 * move a reader's cursor is spelled out, so that a page shows what is there and nothing else.
 */
import type { Runbook, RunbookFacts, RunbookPart } from "./runbook.js";

export function runbookMarkdown({ facts, parts, night, home, exits }: Runbook): string {
  return [
    `# ${plain(facts.migration)}: the night`,
    "",
    `${plain(facts.source)} to ${plain(facts.target)}, ${plain(facts.environment)}. ${plain(facts.estimate)}`,
    "",
    ...who(),
    ...figures(facts),
    ...parts.flatMap((part) => partLines(part)),
    ...walk("What `cutover` does by itself", night),
    ...(home.length === 0 ? [] : walk("What `rollback` does out of the soak", home)),
    "## If this, then that",
    "",
    ...rows(
      ["exit code", "it means", "then", "command"],
      exits.map(({ exit, means, then, command }) => [
        String(exit),
        plain(means),
        plain(then),
        command === null ? "" : code(command),
      ]),
    ),
    "",
  ].join("\n");
}

/** Nobody's names are in a plan. */
function who(): readonly string[] {
  return [
    "## Who and when",
    "",
    ...rows(
      ["", "name", "reachable at"],
      [
        ["types the commands", "", ""],
        ["says go and stop", "", ""],
        ["administers the source", "", ""],
        ["administers the target", "", ""],
        ["answers for the application", "", ""],
      ],
    ),
    "",
    "T-0 is on ____________ at ______ UTC. The last moment to begin is ______; the last to go back without a word is ______.",
    "",
  ];
}

function figures({ settings, tables, rehearsal, warnings, overrides }: RunbookFacts): readonly string[] {
  const keyless = tables.filter((table) => table.keyless).map(({ table }) => code(table));
  const largest = [...tables]
    .sort((a, b) => b.rows - a.rows)
    .slice(0, 5)
    .map(({ table, rows: count }) => `${code(table)} (about ${grouped(count)})`);
  const measured =
    rehearsal === null
      ? "There was no rehearsal yet: no step has seconds. `cutover --rehearse` gives them."
      : `Seconds are of the ${rehearsal.of} of ${plain(rehearsal.at)}.`;
  const lines = [
    `Longest write pause: ${settings.maxWritePause}; past it traffic goes back by itself.`,
    measured,
    `Fence: ${plain(settings.fence)}${settings.accounts.length === 0 ? "" : ` (${settings.accounts.map(code).join(", ")})`}. The target opens to ${settings.roles.length === 0 ? "no role: `cutover.open.roles` is empty" : settings.roles.map(code).join(", ")}.`,
    settings.wayBack
      ? `The way back runs from the switch on; triggers act by themselves for ${settings.guard}, then they page.`
      : "There is no way back: `cutover.wayBack` is false.",
    `Triggers: ${settings.triggers.map(plain).join("; ")}. ${plain(settings.latencies)}`,
    `Hooks: ${settings.hooks.length === 0 ? "none" : settings.hooks.map(code).join(", ")}.`,
    `Largest tables: ${largest.join(", ")}.`,
    ...(keyless.length === 0 ? [] : [`Without a key, compared as a multiset: ${keyless.join(", ")}.`]),
    ...overrides.map((one) => `Safeguard set aside: ${plain(one)}`),
    ...warnings.map((one) => `Warning of the plan: ${plain(one)}`),
  ];
  return ["## Figures", "", ...lines.map((line) => `- ${line}`), ""];
}

function walk(title: string, stages: Runbook["night"]): readonly string[] {
  return [
    `## ${title}`,
    "",
    ...rows(
      ["step", "what happens", "seconds", "the way back"],
      stages.map(({ stage, does, seconds, back }) => [
        code(stage),
        plain(does),
        spelled(seconds),
        plain(back),
      ]),
    ),
    "",
  ];
}

function partLines({ title, steps }: RunbookPart): readonly string[] {
  return [
    `## ${title}`,
    "",
    ...rows(
      ["", "step", "command", "expected", "seconds", "give up when", "undo"],
      steps.map((step, at) => [
        String(at + 1),
        plain(step.does),
        step.command === null ? "by hand" : code(step.command),
        plain(step.expect),
        step.command === null ? "" : spelled(step.seconds),
        plain(step.abort),
        plain(step.undo),
      ]),
    ),
    "",
  ];
}

function rows(head: readonly string[], body: readonly (readonly string[])[]): readonly string[] {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...body.map(line)];
}

function spelled(seconds: number | null): string {
  return seconds === null ? "not measured" : seconds.toFixed(seconds < 10 ? 2 : 0);
}

function grouped(count: number): string {
  return String(count).replaceAll(/\B(?=(\d{3})+$)/gu, ",");
}

/** One line; what is markup stands for itself. */
export function plain(text: string): string {
  return unseen(text).replaceAll(/[\\`*_[\]<>|#]/gu, (character) => `\\${character}`);
}

/** A code span, which ends at no backtick of its own. */
export function code(text: string): string {
  const shown = unseen(text).replaceAll("|", "\\|");
  const longest = Math.max(0, ...[...shown.matchAll(/`+/gu)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return longest === 0 ? `${fence}${shown}${fence}` : `${fence} ${shown} ${fence}`;
}

function unseen(text: string): string {
  return text.replaceAll(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}
