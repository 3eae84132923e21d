/** `report --check FILE`: whether a report is as it was written. Needs no config and no server. */
import { readFile } from "node:fs/promises";
import { exits } from "../errors.js";
import { checkReport } from "../watch/report-check.js";
import type { VerbResult } from "./output.js";

export async function checkReportFile(file: string): Promise<VerbResult> {
  const { kind, migration, named, computed, problems } = checkReport(await readFile(file, "utf8"));
  const fits = problems.length === 0;
  return {
    exit: fits ? exits.done : exits.difference,
    nextSteps: fits
      ? []
      : [{ why: "to write it again from the ledger", command: "headgate report --html report.html" }],
    body: { check: { file, kind, migration, digest: named, computed, problems } },
    human: fits
      ? [
          `${file}: the report of ${migration ?? "?"} is as it was written; its digest is ${computed ?? "?"}.`,
          "Who wrote it is not told by that: compare the digest with one that was kept elsewhere.",
        ]
      : problems.map((problem) => `${file}: ${problem}`),
  };
}
