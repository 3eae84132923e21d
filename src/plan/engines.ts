/**
 * What a table's storage engine means for its copy. Most engines hold their own rows and only lack transactions. Of
 * others a copy is not what it seems: a MERGE table shows the rows of other tables, FEDERATED those of another server,
 * BLACKHOLE holds none and logs them all the same, MEMORY loses them at a restart. Each of these is an error until the
 * table is excluded, or, of the last two, an override takes it as it is. The engine of the first two holds no key either:
 * what it shows may have duplicates under one.
 */
import type { SourceTable } from "../model.js";
import { anyGlobMatches, excludedLines } from "../typemap/glob.js";
import type { Findings } from "./finding.js";
import type { PlanRequest } from "./request.js";

interface Odd {
  readonly code: "rows-not-own" | "rows-not-kept" | "rows-in-memory";
  /** Completes "NAME is stored by ENGINE, which ...". */
  readonly what: string;
  readonly fix: string;
  /** Whether an override may take the rows as they are, and whether a log then follows them. */
  readonly taken: "never" | "offline" | "always";
}

const elsewhere: Odd = {
  code: "rows-not-own",
  what: "shows rows of another place: what is written there is not in this source's log, and could not be followed",
  fix: "Exclude it and copy the rows from where they are",
  taken: "never",
};

const odd: Readonly<Record<string, Odd>> = {
  mrg_myisam: {
    code: "rows-not-own",
    what: "shows the rows of other tables: they would be copied twice, and the log has what is written to those under their own names only",
    fix: "Exclude it, and create a view over the tables (UNION ALL) on the target",
    taken: "never",
  },
  federated: elsewhere,
  connect: elsewhere,
  spider: elsewhere,
  oqgraph: elsewhere,
  sphinx: elsewhere,
  blackhole: {
    code: "rows-not-kept",
    what: "keeps no row: what is written to it goes to the log and nowhere else, so a target that follows would hold rows that the source never shows",
    fix: "Exclude it",
    taken: "offline",
  },
  memory: {
    code: "rows-in-memory",
    what: "loses all rows at the source's next restart, and the log tells it only once somebody has used the table again",
    fix: "ALTER TABLE ... ENGINE = InnoDB on the source, or exclude it",
    taken: "always",
  },
};

/** Adds what there is to say of one table's engine. */
export function tellEngine({ name, engine }: SourceTable, request: PlanRequest, findings: Findings): void {
  if (/^innodb$/iu.test(engine)) return;
  if (engine === "")
    findings.add({
      code: "table-broken",
      severity: "error",
      object: name,
      sentence: `The source cannot open the table ${name}; its storage is damaged or its engine is missing.`,
      fix: "CHECK TABLE on the source, then repair it, or exclude it.",
      propose: excludedLines(name),
    });
  const found = odd[engine.toLowerCase()];
  if (found !== undefined) tellOdd(name, engine, found, request, findings);
  else if (engine !== "")
    findings.add({
      code: "engine-not-transactional",
      severity: "warning",
      object: name,
      sentence: `${name} is stored by ${engine}, which has no consistent view: rows that are written during the copy may be read half.`,
      fix: "ALTER TABLE ... ENGINE=InnoDB on the source, or let nobody write to it during the copy.",
    });
}

function tellOdd(
  name: string,
  engine: string,
  { code, what, fix, taken }: Odd,
  request: PlanRequest,
  findings: Findings,
): void {
  const declared = taken !== "never" && anyGlobMatches(request.takenEngines ?? [], name);
  const sentence = `${name} is stored by ${engine}, which ${what}.`;
  if (declared)
    findings.add({
      code,
      severity: "warning",
      object: name,
      sentence: `${sentence} It is copied as it stands, as the override source-engines says.`,
      fix:
        taken === "always"
          ? "Nothing to do, unless the rows are worth keeping."
          : "Nothing to do for an offline copy (headgate run --until copied); a run that follows changes wants it excluded.",
    });
  else
    findings.add({
      code,
      severity: "error",
      object: name,
      sentence,
      fix: `${fix}${taken === "never" ? "" : "; or take it as it stands, with an override source-engines"}.`,
      propose: [...excludedLines(name), ...(taken === "never" ? [] : takingLines(name))],
    });
}

function takingLines(table: string): readonly string[] {
  return [
    "overrides:",
    `  - { safeguard: source-engines, value: ${JSON.stringify(table)}, reason: "why it is taken, and who agreed" }`,
  ];
}
