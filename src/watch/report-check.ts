/**
 * Whether a report's file is as it was written: the digest is computed anew from the data in it, and a page is laid out
 * anew from that data and compared with what the file shows. What it cannot tell is who wrote it: whoever can
 * compute a digest can write another report, so a digest that matters is kept elsewhere.
 */
import { z } from "zod";
import type { ReportBody } from "./report-body.js";
import { reportDigest } from "./report-digest.js";
import { dataBegin, dataEnd, reportHtml } from "./report-html.js";
import { unmarked } from "./report-markup.js";

export interface CheckedReport {
  readonly kind: "json" | "html" | "none";
  readonly migration: string | null;
  /** The digest that the file names, and the one that its data has. */
  readonly named: string | null;
  readonly computed: string | null;
  /** What does not fit; empty when the file is as it was written. */
  readonly problems: readonly string[];
}

const objectSchema = z.record(z.string(), z.unknown());

export function checkReport(text: string): CheckedReport {
  return text.trimStart().startsWith("<") ? checkPage(text) : checkJson(text);
}

function checkJson(text: string): CheckedReport {
  const report = parsed(text);
  if (report === null) return nothing("none", "The file is neither a report's JSON nor its page.");
  const named = typeof report["digest"] === "string" ? report["digest"] : null;
  return compared("json", report, named, [...hidden(text), ...strange(report)]);
}

function checkPage(text: string): CheckedReport {
  const begin = text.lastIndexOf(dataBegin);
  const end = text.indexOf(dataEnd, begin);
  if (begin < 0 || end < 0) return nothing("html", "The page has no data of a report in it.");
  const report = parsed(unmarked(text.slice(begin + dataBegin.length, end)));
  if (report === null) return nothing("html", "The page's data is no JSON.");
  const named = /<code id="digest">([^<]*)<\/code>/u.exec(text)?.[1] ?? null;
  return compared("html", report, named, pageProblems(text, report));
}

/** What a reader of the text sees and no parser hands on, so that no digest has it: of a name that is there twice the first value, and `__proto__`. */
function hidden(text: string): string[] {
  const open: (Set<string> | null)[] = [];
  for (const [token, colon] of text.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?|[{}[\]]/gsu)) {
    if (token === "{") open.push(new Set());
    else if (token === "[") open.push(null);
    else if (token === "}" || token === "]") open.pop();
    else if (colon !== undefined) {
      const name = String(JSON.parse(token.slice(0, -colon.length)));
      const names = open.at(-1);
      if (names?.has(name) === true || (name === "__proto__" && open.length === 1))
        return [`The file has ${JSON.stringify(name)} in a place that no digest is taken of: it was added.`];
      names?.add(name);
    }
  }
  return [];
}

const printed = z.looseObject({
  ui: z
    .string()
    .regex(/^\d+\.\d+$/u)
    .optional(),
  verb: z.literal("report").optional(),
  ok: z.literal(true).optional(),
  exit: z.literal(0).optional(),
  nextSteps: z
    .array(
      z.strictObject({
        why: z.enum(["to keep it", "whether it is as it was written"]),
        command: z.string().regex(/^headgate report --(?:html|check) /u),
      }),
    )
    .optional(),
});

/** What the printing adds is in no digest: it has to be as `report` prints it. */
function strange(report: Readonly<Record<string, unknown>>): string[] {
  const read = printed.safeParse(report);
  return read.success
    ? []
    : read.error.issues
        .slice(0, 1)
        .map(
          ({ path }) => `The file's ${path.join(".")} is not as headgate report prints it: it was changed.`,
        );
}

/** Where the page shows something else than its data says. */
function pageProblems(text: string, report: Readonly<Record<string, unknown>>): string[] {
  if (!isBody(report)) return ["The page's data is not a whole report."];
  let page: string;
  try {
    page = reportHtml(report);
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof SyntaxError || error instanceof RangeError))
      throw error;
    return ["The page's data is not a whole report: no page can be made of it."];
  }
  if (page === text) return [];
  const [shown, made] = [text.split("\n"), page.split("\n")];
  const at = shown.findIndex((line, index) => line !== made[index]);
  const place = at < 0 ? shown.length + 1 : at + 1;
  return [
    `The page is not what Headgate makes of its data: they part at line ${String(place)}. It was changed, or another version of Headgate wrote it (it names ${report.headgate}).`,
  ];
}

function compared(
  kind: CheckedReport["kind"],
  report: Readonly<Record<string, unknown>>,
  named: string | null,
  problems: readonly string[],
): CheckedReport {
  const computed = reportDigest(report);
  const migration = typeof report["migration"] === "string" ? report["migration"] : null;
  return {
    kind,
    migration,
    named,
    computed,
    problems: [
      ...(named === null
        ? ["The file names no digest."]
        : named === computed
          ? []
          : [`The file names the digest ${named}, and its data has ${computed}: one of them was changed.`]),
      ...problems,
    ],
  };
}

function nothing(kind: CheckedReport["kind"], problem: string): CheckedReport {
  return { kind, migration: null, named: null, computed: null, problems: [problem] };
}

function parsed(text: string): Readonly<Record<string, unknown>> | null {
  try {
    return objectSchema.safeParse(JSON.parse(text)).data ?? null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** As far as it has to be known before a page is made; the page that comes out is compared with the file in any case. */
function isBody(
  report: Readonly<Record<string, unknown>>,
): report is Readonly<Record<string, unknown>> & ReportBody {
  return (
    ["migration", "headgate", "state", "since", "environment", "fingerprint", "writtenAt"].every(
      (name) => typeof report[name] === "string",
    ) &&
    ["skippedSafeguards", "phases", "tables", "policies"].every((name) => Array.isArray(report[name])) &&
    typeof report["proof"] === "object" &&
    report["proof"] !== null
  );
}
