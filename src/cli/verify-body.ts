/**
 * A verification as the contract's JSON and as lines for people. Keys are told as texts in the source's spelling; of a
 * table without a key a row is told by its SHA-256.
 */
import { z } from "zod";
import { exits } from "../errors.js";
import type { PlanTable, SourceEngine } from "../model.js";
import type { Verified } from "../migration/verifier.js";
import { keyTexts } from "../verify/key-text.js";
import type { FoundMismatch, TableOutcome } from "../verify/verification.js";
import { shownMismatches } from "../verify/verification.js";
import { clock, count, plural } from "../watch/screen.js";
import { visible } from "../watch/visible.js";
import type { VerbResult } from "./output.js";
import { table as tableOf } from "./table.js";

export function mismatchBody(
  table: PlanTable,
  { key, kind, columns, copies }: FoundMismatch,
  engine: SourceEngine,
): Readonly<Record<string, unknown>> {
  return { key: keyTexts(table, engine, key), kind, columns, ...(copies === 1 ? {} : { copies }) };
}

export function verifyBody(
  { outcome, gates, orphans }: Verified,
  engine: SourceEngine,
  beside: { readonly seconds: number; readonly mismatchFile: string | null },
): Readonly<Record<string, unknown>> {
  return {
    method: outcome.method,
    position: outcome.position,
    differences: Number(outcome.differences),
    pending: Number(outcome.pending),
    seconds: Math.round(beside.seconds * 10) / 10,
    mismatchFile: beside.mismatchFile,
    tables: outcome.tables.map((each) => tableBody(each, engine)),
    queries: gates,
    orphans,
  };
}

function tableBody(
  { table, proof, whole, keysCompared, differences, pending, mismatches }: TableOutcome,
  engine: SourceEngine,
): Readonly<Record<string, unknown>> {
  return {
    table: table.source,
    rowsSource: Number(proof.rowsSource),
    rowsTarget: Number(proof.rowsTarget),
    ranges: proof.ranges,
    equal: differences === 0n && pending === 0n,
    mismatches: mismatches.map((each) => mismatchBody(table, each, engine)),
    truncated: differences > BigInt(shownMismatches),
    differences: Number(differences),
    pending: Number(pending),
    way: proof.method,
    compared: whole ? "whole" : "touched keys",
    keysCompared,
    position: proof.clean?.position ?? null,
    at: proof.clean?.at ?? null,
  };
}

/** What `verify` says in the end, from its JSON: an engine on this machine has sent it. */
export function verifyResult(migration: string, body: Readonly<Record<string, unknown>>): VerbResult {
  const told = toldSchema.parse(body);
  const broken = told.queries.filter(({ result }) => result !== "holds");
  const alone = told.orphans.filter(({ result }) => result === "orphans" || result === "refused");
  const differ = told.differences > 0 || broken.length > 0 || alone.length > 0;
  return {
    exit: differ ? exits.difference : exits.done,
    nextSteps:
      told.differences > 0 && !told.tables.some(({ compared }) => compared === "counts")
        ? [{ why: `${count(told.differences)} rows differ`, command: "headgate repair" }]
        : [{ why: "to keep the proof", command: "headgate report --html report.html" }],
    body,
    human: [
      ...linesOf(told),
      "",
      ...told.tables.flatMap(({ sentence }) => (sentence === undefined ? [] : [sentence])),
      ...alone.map(({ sentence }) => sentence),
      ...told.queries.map(({ name, result, sentence }) => `${name}: ${result}. ${sentence}`),
      sentenceOf(migration, told),
    ].map(visible),
  };
}

/** What the sentences are made of; the rest of the JSON is passed on as it comes. */
const toldSchema = z.looseObject({
  differences: z.int(),
  pending: z.int(),
  seconds: z.number(),
  mismatchFile: z.string().nullable(),
  orphans: z.array(z.looseObject({ result: z.string(), sentence: z.string() })),
  queries: z.array(z.looseObject({ name: z.string(), result: z.string(), sentence: z.string() })),
  tables: z.array(
    z.looseObject({
      table: z.string(),
      rowsSource: z.int(),
      rowsTarget: z.int(),
      compared: z.string(),
      sentence: z.string().optional(),
      keysCompared: z.int(),
      differences: z.int(),
      pending: z.int(),
      mismatches: z.array(
        z.looseObject({ key: z.array(z.string()), kind: z.string(), columns: z.array(z.string()) }),
      ),
    }),
  ),
});

type ToldBody = z.output<typeof toldSchema>;

function linesOf(told: ToldBody): string[] {
  return [
    ...tableOf(
      ["table", "compared", "rows source", "rows target", "differ", "pending"],
      told.tables.map((t) => [
        t.table,
        t.compared === "touched keys" ? `${count(t.keysCompared)} touched keys` : t.compared,
        count(t.rowsSource),
        count(t.rowsTarget),
        count(t.differences),
        count(t.pending),
      ]),
      [2, 3, 4, 5],
    ),
    ...told.tables.flatMap((t) =>
      t.mismatches
        .slice(0, 10)
        .map(
          ({ key, kind, columns }) =>
            `${t.table} (${key.join(", ")}): ${kind}${columns.length === 0 ? "" : ` in ${columns.join(", ")}`}`,
        ),
    ),
  ];
}

function sentenceOf(migration: string, told: ToldBody): string {
  const tables = plural(told.tables.length, "table");
  const pending =
    told.pending === 0
      ? ""
      : ` ${count(told.pending)} more were written to each time they were looked at: a later verification settles them.`;
  if (told.differences === 0)
    return `${migration}: no row differs in ${tables}; compared in ${clock(told.seconds)}.${pending}`;
  const all = told.mismatchFile === null ? "" : ` All of them are in ${told.mismatchFile}.`;
  return `${migration}: ${count(told.differences)} rows differ in ${tables}; compared in ${clock(told.seconds)}.${all}${pending}`;
}
