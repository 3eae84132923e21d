/** How findings are shown to a person, and what of them goes into JSON. */
import type { Finding, Settling } from "../model.js";
import { count } from "../watch/screen.js";
import { visible } from "../watch/visible.js";
import type { NextStep } from "./output.js";

export function findingLines(findings: readonly Finding[], propose: boolean): string[] {
  return findings.flatMap((finding) => {
    const amount = finding.count > 1 ? ` (${count(finding.count)})` : "";
    const lines = [
      `${finding.severity.padEnd(7)} ${finding.code}  ${visible(finding.object)}${amount}`,
      `        ${visible(finding.sentence)}`,
      ...(finding.sampleKeys.length > 0 ? [`        keys: ${visible(finding.sampleKeys.join(", "))}`] : []),
      ...(finding.sampleValues === undefined || finding.sampleValues.length === 0
        ? []
        : [
            `        values: ${visible(finding.sampleValues.map((value) => JSON.stringify(value)).join(", "))}`,
          ]),
      ...(finding.fix === "" ? [] : [`        fix: ${visible(finding.fix)}`]),
    ];
    if (propose && finding.propose !== undefined)
      lines.push(...finding.propose.map((line) => `        | ${line}`));
    return lines;
  });
}

/**
 * All lines that settle errors and warnings, as one piece that can be put into headgate.yaml as it stands: YAML takes
 * no key twice, so the lines of each finding alone would not do where there are several.
 */
export function proposedLines(findings: readonly Finding[]): string[] {
  const settling = findings.flatMap(({ settle }) => settle ?? []);
  // One line may settle several findings, as orphans of two kinds under one key.
  const of = (section: Settling["section"]): string[] => [
    ...new Set(settling.flatMap((one) => (one.section === section ? [one.yaml] : []))),
  ];
  const [renames, columns, rules, policies] = [
    of("rename"),
    columnLines(settling),
    of("typemap"),
    of("policies"),
  ];
  return [
    ...(renames.length + columns.length > 0 ? ["tables:"] : []),
    ...(renames.length > 0 ? ["  rename:", ...renames.map((line) => `    ${line}`)] : []),
    ...(columns.length > 0 ? ["  columns:", ...columns.map((line) => `    ${line}`)] : []),
    ...(rules.length > 0 ? ["typemap:", ...rules.map((line) => `  - ${line}`)] : []),
    ...(policies.length > 0 ? ["policies:", ...policies.map((line) => `  - ${line}`)] : []),
  ];
}

/** One line a table, since YAML takes no key twice: `"orders": { "order": order_, "2024": _2024 }`. */
export function columnLines(settling: readonly Settling[]): string[] {
  const byTable = new Map<string, string[]>();
  for (const { section, table = "", yaml } of settling)
    if (section === "columns") byTable.set(table, [...(byTable.get(table) ?? []), yaml]);
  return [...byTable].map(([table, lines]) => `${JSON.stringify(table)}: { ${lines.join(", ")} }`);
}

/** One line: 2 errors, 1 warning, 5 notes. */
export function findingSummary(findings: readonly Finding[]): string {
  const of = (severity: Finding["severity"]): number =>
    findings.filter((f) => f.severity === severity).length;
  const plural = (n: number, word: string): string => `${String(n)} ${word}${n === 1 ? "" : "s"}`;
  return `${plural(of("error"), "error")}, ${plural(of("warning"), "warning")}, ${plural(of("info"), "note")}`;
}

/**
 * What to do about the errors, null when there are none: the lines that settle them, else the GRANTs, else their own
 * `fix`. Never the command that has just been answered.
 */
export function nextOf(findings: readonly Finding[], proposed = false): NextStep | null {
  const errors = errorsOf(findings);
  if (errors.length === 0) return null;
  const why = errors.length === 1 ? "1 finding is an error" : `${String(errors.length)} findings are errors`;
  const settled = errors.some((finding) => (finding.settle?.length ?? 0) > 0);
  if (settled && !proposed) return { why, command: "headgate check --propose" };
  if (errors.every((finding) => finding.code.startsWith("grant-")))
    return { why: `${why}: rights that an administrator gives`, command: "headgate check --grants" };
  return {
    why: `${why}: ${settled ? "when the lines above are in the file" : "when each fix is done"}`,
    command: "headgate check",
  };
}

export function errorsOf(findings: readonly Finding[]): Finding[] {
  return findings.filter((finding) => finding.severity === "error");
}
