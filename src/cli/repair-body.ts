/** A repair as JSON and as lines for people. */
import { visible } from "../watch/visible.js";
import { z } from "zod";
import { exits, recopying } from "../errors.js";
import type { RepairOutcome } from "../verify/repair.js";
import type { RepairRequest, TableRepair } from "../verify/repair-tools.js";
import { clock, count, plural } from "../watch/screen.js";
import { policySentence } from "./kept.js";
import type { NextStep, VerbResult } from "./output.js";
import { table as tableOf } from "./table.js";

export function repairBody(
  outcome: RepairOutcome,
  { dryRun, showValues }: Pick<RepairRequest, "dryRun" | "showValues">,
  seconds: number,
): Readonly<Record<string, unknown>> {
  return {
    dryRun,
    ...(dryRun ? { valuesShown: showValues } : {}),
    differences: Number(outcome.differences),
    pending: Number(outcome.pending),
    seconds: Math.round(seconds * 10) / 10,
    policies: outcome.policies,
    tables: outcome.tables.map((each) => tableBody(each, dryRun)),
  };
}

function tableBody(each: TableRepair, dryRun: boolean): Readonly<Record<string, unknown>> {
  const { table, named, inserted, updated, deleted, equal, touched, left, statements, unshown } = each;
  return {
    table: table.source,
    named,
    inserted,
    updated,
    deleted,
    equal,
    touched,
    left,
    // Rows without a key that cannot be told from what the log does to them have one way left.
    recopy: table.key === null && !dryRun && (touched > 0 || left.length > 0),
    ...(dryRun ? { statements, statementsUnshown: unshown } : {}),
    differences: each.differences === null ? null : Number(each.differences),
    pending: each.pending === null ? null : Number(each.pending),
  };
}

/** What `repair` says in the end, from its JSON: an engine on this machine has sent it. */
export function repairResult(migration: string, body: Readonly<Record<string, unknown>>): VerbResult {
  const told = toldSchema.parse(body);
  // Rows that were written to at each look are not known to be right.
  const left = told.differences > 0 || told.pending > 0;
  return {
    exit: left && !told.dryRun ? exits.difference : exits.done,
    nextSteps: nextOf(told, left),
    body,
    human: [...linesOf(told), sentenceOf(migration, told)].map(visible),
  };
}

function nextOf({ dryRun, differences, pending, tables }: ToldBody, left: boolean): NextStep[] {
  if (dryRun) return [{ why: "to write this", command: "headgate repair" }];
  const recopies = tables
    .filter(({ recopy }) => recopy)
    .map(({ table }) => ({
      why: `${table} has no key, and its rows cannot be repaired one by one now`,
      command: recopying(table),
    }));
  if (recopies.length > 0) return recopies;
  return left
    ? [{ why: `${plural(differences + pending, "row")} still on record`, command: "headgate verify" }]
    : [{ why: "to keep the proof", command: "headgate report --html report.html" }];
}

const toldSchema = z.looseObject({
  dryRun: z.boolean(),
  valuesShown: z.boolean().optional(),
  differences: z.int(),
  pending: z.int(),
  seconds: z.number(),
  policies: z.array(z.object({ object: z.string(), policy: z.string(), count: z.int() })),
  tables: z.array(
    z.looseObject({
      table: z.string(),
      named: z.int(),
      inserted: z.int(),
      updated: z.int(),
      deleted: z.int(),
      equal: z.int(),
      touched: z.int(),
      left: z.array(z.string()),
      recopy: z.boolean(),
      statements: z.array(z.string()).optional(),
      statementsUnshown: z.int().optional(),
    }),
  ),
});

type ToldBody = z.output<typeof toldSchema>;

function linesOf(told: ToldBody): string[] {
  if (told.tables.length === 0) return [];
  return [
    ...tableOf(
      ["table", "named", "inserted", "updated", "deleted", "right already", "touched"],
      told.tables.map((t) => [
        t.table,
        ...[t.named, t.inserted, t.updated, t.deleted, t.equal, t.touched].map((n) => count(n)),
      ]),
      [1, 2, 3, 4, 5, 6],
    ),
    "",
    ...told.tables.flatMap(({ table, statements = [], statementsUnshown = 0 }) => [
      ...statements,
      ...(statementsUnshown === 0
        ? []
        : [
            `-- ${table}: ${plural(statements.length, "statement")} shown, and ${count(statementsUnshown)} more ${statementsUnshown === 1 ? "is" : "are"} not.`,
          ]),
    ]),
    ...(told.valuesShown === false && told.tables.some(({ statements = [] }) => statements.length > 0)
      ? ["-- Values of columns that are no key are hidden, and stand as ?: --show-values shows them."]
      : []),
    ...told.tables.flatMap(({ table, left }) => left.map((why) => `${table}: left as it is: ${why}`)),
    ...told.policies.map((each) => policySentence(each)),
  ];
}

function sentenceOf(migration: string, told: ToldBody): string {
  if (told.tables.length === 0)
    return told.differences === 0
      ? `${migration}: no row is on record as different, so there is nothing to repair.`
      : `${migration}: no row of these tables is on record as different.`;
  if (told.dryRun) return `${migration}: nothing was written.`;
  const written = told.tables.reduce((sum, t) => sum + t.inserted + t.updated + t.deleted, 0);
  const rest =
    told.differences === 0
      ? told.pending === 0
        ? "looked at again, no row differs"
        : "looked at again, not all of them are known to be right"
      : `looked at again, ${plural(told.differences, "row")} still on record`;
  const pending =
    told.pending === 0
      ? ""
      : ` ${count(told.pending)} more were written to each time they were looked at: a later verification settles them.`;
  return `${migration}: ${plural(written, "row")} repaired in ${clock(told.seconds)}; ${rest}.${pending}`;
}
