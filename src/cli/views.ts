/** What became of the views, for people and for scripts: a view that shows other rows is said loudly, by name. */
import { viewsToLookAt } from "../migration.js";
import type { Finding } from "../model.js";
import type { LedgerView } from "../port.js";
import type { GeneratedVerdict } from "../verify/generated.js";
import type { ViewVerdict } from "../verify/views.js";

/** The verdicts as findings; equal views are none. */
export function viewFindings(views: readonly ViewVerdict[]): readonly Finding[] {
  return views.flatMap((verdict): Finding[] => {
    const { view, result, note, rowsSource, rowsTarget } = verdict;
    const finding = (
      code: string,
      severity: Finding["severity"],
      sentence: string,
      fix: string,
    ): Finding[] => [{ code, severity, object: view, sentence, fix, count: 1, sampleKeys: [] }];
    switch (result) {
      case "equal":
        return note === ""
          ? []
          : finding("view-partly-compared", "info", `The view ${view} is equal ${note}.`, "Nothing to do.");
      case "different":
        return finding(
          "view-differs",
          "error",
          `The view ${view} shows other rows on the target than on the source (${rowsSource ?? "?"} and ${rowsTarget ?? "?"}).`,
          "Look at both, mend the view on the target, and run the same command again: it compares anew.",
        );
      case "refused":
        return finding(
          "view-refused",
          "error",
          `The view ${view} could not be created: ${note}`,
          "Write it by hand on the target.",
        );
      case "unread":
        return finding(
          "view-not-compared",
          "error",
          `The rows of the view ${view} could not be compared: ${note}`,
          "Let Headgate read it (on the side that refuses: GRANT SELECT ON the view TO Headgate's account), or create it where it is missing, and run the same command again: it compares anew.",
        );
      case "counted":
        return finding(
          "view-only-counted",
          "info",
          `The view ${view} has equally many rows; they were not compared: ${note}.`,
          "Nothing to do.",
        );
      case "not-compared":
        return finding(
          "view-not-compared",
          "warning",
          `The rows of the view ${view} were not compared: ${note}.`,
          "Look at it before the switch.",
        );
    }
  });
}

/** Translations of generated columns that are not proven by the rows; the columns themselves hold the source's values. */
export function generatedFindings(verdicts: readonly GeneratedVerdict[]): readonly Finding[] {
  return verdicts.flatMap(({ column, result, rows, note }): Finding[] =>
    result === "equal"
      ? []
      : [
          {
            code: "generated-not-proven",
            severity: "warning",
            object: column,
            sentence:
              result === "different"
                ? `The translation of the generated column ${column} gives another value than the source's in ${rows ?? "some"} rows; the column holds the source's.`
                : `The translation of the generated column ${column} could not be computed; the column holds the source's values: ${note}`,
            fix: "Do not use the expression that plan shows for it.",
            count: 1,
            sampleKeys: [],
          },
        ],
  );
}

/** Lines for the screen. */
export function viewLines(views: readonly ViewVerdict[]): readonly string[] {
  if (views.length === 0) return [];
  const equal = views.filter(({ result }) => result === "equal").length;
  return [
    `${String(views.length)} views: ${String(equal)} created and equal to the source's`,
    ...viewFindings(views).map(
      ({ severity, sentence }) => `${severity === "error" ? "VIEW " : ""}${sentence}`,
    ),
  ];
}

export function viewStep(wrong: readonly ViewVerdict[]): { readonly why: string; readonly command: string } {
  return {
    why: `views differ from the source or could not be compared: ${wrong.map(({ view }) => view).join(", ")}`,
    command: "headgate run --until copied",
  };
}

/** What the ledger kept of them, for `report`. */
export function viewsReported(view: LedgerView): readonly string[] {
  const facts = view.phases.find(({ phase }) => phase === "views")?.facts;
  if (facts === undefined) return [];
  const lines = [`views: ${String(facts["equal"] ?? 0)} of ${String(facts["views"] ?? 0)} created and equal`];
  const wrong = viewsToLookAt(view);
  if (wrong.length > 0) lines.push(`VIEWS THAT DIFFER, WERE REFUSED OR NOT READ: ${wrong.join(", ")}`);
  const left = facts["notCompared"];
  if (typeof left === "string" && left !== "") lines.push(`views not compared by rows: ${left}`);
  return lines;
}
