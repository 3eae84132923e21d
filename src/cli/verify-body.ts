/**
 * A verification as the contract's JSON and as lines for people. Keys are told as texts in the source's spelling; of a
 * table without a key a row is told by its SHA-256.
 */
import { z } from "zod";
import { exits, recopying } from "../errors.js";
import type { PlanTable, SourceEngine } from "../model.js";
import type { Verified } from "../migration/verified.js";
import { keyTexts } from "../verify/key-text.js";
import type { FoundMismatch, TableOutcome } from "../verify/verification.js";
import { mostRows } from "../verify/settle.js";
import { columnsCompared } from "../verify/unseen.js";
import { shownMismatches } from "../verify/verification.js";
import { clock, count, plural } from "../watch/screen.js";
import { visible } from "../watch/visible.js";
import type { NextStep, VerbResult } from "./output.js";
import { table as tableOf } from "./table.js";

export function mismatchBody(
  table: PlanTable,
  { key, kind, columns, copies, duplicate }: FoundMismatch,
  engine: SourceEngine,
): Readonly<Record<string, unknown>> {
  return {
    ...{ key: keyTexts(table, engine, key), kind, columns },
    ...(kind === "extra" ? { duplicate: duplicate === true } : {}),
    ...(kind === "extra" || copies !== 1 ? { copies } : {}),
  };
}

export function verifyBody(
  { outcome, gates, orphans }: Verified,
  engine: SourceEngine,
  beside: { readonly seconds: number; readonly mismatchFile: string | null },
): Readonly<Record<string, unknown>> {
  return {
    method: outcome.method,
    begun: outcome.run.startedAt,
    resumed: outcome.resumed,
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
  { table, proof, whole, keysCompared, differences, pending, mismatches, unlisted }: TableOutcome,
  engine: SourceEngine,
): Readonly<Record<string, unknown>> {
  return {
    table: table.source,
    rowsSource: Number(proof.rowsSource),
    rowsTarget: Number(proof.rowsTarget),
    ranges: proof.ranges,
    equal: differences === 0n && pending === 0n && unlisted === 0,
    mismatches: mismatches.map((each) => mismatchBody(table, each, engine)),
    truncated: differences > BigInt(shownMismatches),
    differences: Number(differences),
    pending: Number(pending),
    unlisted,
    way: proof.method,
    unseen: columnsCompared(table, engine, proof.method === "digest" ? "digest" : "stream").unseen,
    compared: whole ? "whole" : "touched keys",
    keysCompared,
    position: proof.clean?.position ?? null,
    at: proof.clean?.at ?? null,
    comparedAt: proof.whole?.at ?? null,
  };
}

/** What `verify` says in the end, from its JSON: an engine on this machine has sent it. */
export function verifyResult(migration: string, body: Readonly<Record<string, unknown>>): VerbResult {
  const told = toldSchema.parse(body);
  const broken = told.queries.filter(({ result }) => result !== "holds");
  // A foreign key that could not be judged yet is work that waits, as rows are.
  const alone = told.orphans.filter(({ result }) => ["orphans", "refused", "pending"].includes(result));
  const open = told.differences > 0 || told.pending > 0 || broken.length > 0 || alone.length > 0;
  return {
    exit: open ? exits.difference : exits.done,
    nextSteps: nextOf(told, open),
    body,
    human: [
      ...linesOf(told),
      "",
      ...told.tables.flatMap(({ sentence }) => (sentence === undefined ? [] : [sentence])),
      ...resumedLine(told),
      ...unseenLine(told),
      ...(told.followed === false
        ? [
            "Nobody follows the source's log here: rows that it has written since they were copied are among the differences.",
          ]
        : []),
      ...(told.replica === true
        ? [
            "The source's rows were read on source.replica: what the replica has otherwise than the source itself was not looked at.",
          ]
        : []),
      ...told.tables.flatMap(({ table, unlisted = 0 }) =>
        unlisted === 0
          ? []
          : [
              `${table}: ATTENTION: ${count(unlisted)} more rows differ than the ${count(mostRows)} that are kept on record, and are in no list. Copy the table again.`,
            ],
      ),
      ...told.orphans.flatMap(({ result, sentence, keys = [] }) =>
        result === "holds" || result === "kept" ? [] : [`${sentence}${firstKeys(keys)}`],
      ),
      ...told.queries.map(
        ({ name, result, sentence, keys = [] }) => `${name}: ${result}. ${sentence}${firstKeys(keys)}`,
      ),
      sentenceOf(migration, told),
    ].map(visible),
  };
}

function firstKeys(keys: readonly (readonly string[])[]): string {
  const first = keys.slice(0, 10).map((key) => `(${key.join(", ")})`);
  return first.length === 0 ? "" : ` First keys: ${first.join(", ")}.`;
}

/** What was compared before is as of then. */
function resumedLine({ begun, resumed = 0 }: ToldBody): string[] {
  if (begun === undefined || resumed === 0) return [];
  return [`It went on from one that was begun at ${begun}: ${plural(resumed, "range")} had been compared.`];
}

/** Whoever chose digests is told that they are blind to some things, and where it says to what. */
function unseenLine({ tables }: ToldBody): string[] {
  const blind = tables.filter(({ way, unseen = [] }) => way === "digest" && unseen.length > 0).length;
  return blind === 0
    ? []
    : [
        `${plural(blind, "table")} compared by digest ${blind === 1 ? "has" : "have"} columns of which a digest does not see everything: headgate report lists them.`,
      ];
}

function nextOf(told: ToldBody, open: boolean): NextStep[] {
  const counted = told.tables.some(({ compared }) => compared === "counts");
  if (told.differences > 0 && !counted) {
    const many = told.tables.filter(({ unlisted = 0 }) => unlisted > 0);
    return many.length > 0
      ? many.map(({ table }) => ({
          why: `more rows of ${table} differ than are kept one by one`,
          command: recopying(table),
        }))
      : [
          {
            why: `${plural(told.differences, "row")} ${told.differences === 1 ? "differs" : "differ"}`,
            command: "headgate repair",
          },
        ];
  }
  if (!open) return [{ why: "to keep the proof", command: "headgate report --html report.html" }];
  return told.pending > 0
    ? [{ why: `${plural(told.pending, counted ? "table" : "row")} not settled`, command: "headgate verify" }]
    : [{ why: "to look at it again", command: "headgate verify" }];
}

/** What the sentences are made of; the rest of the JSON is passed on as it comes. */
const toldSchema = z.looseObject({
  differences: z.int(),
  pending: z.int(),
  seconds: z.number(),
  followed: z.boolean().optional(),
  replica: z.boolean().optional(),
  /** Counts have neither. */
  begun: z.string().optional(),
  resumed: z.int().optional(),
  mismatchFile: z.string().nullable(),
  orphans: z.array(
    z.looseObject({
      result: z.string(),
      sentence: z.string(),
      keys: z.array(z.array(z.string())).optional(),
    }),
  ),
  queries: z.array(
    z.looseObject({
      name: z.string(),
      result: z.string(),
      sentence: z.string(),
      /** Rows against a rule. */
      keys: z.array(z.array(z.string())).optional(),
    }),
  ),
  tables: z.array(
    z.looseObject({
      table: z.string(),
      rowsSource: z.int(),
      rowsTarget: z.int(),
      compared: z.string(),
      sentence: z.string().optional(),
      /** Counts and samples have none of these. */
      unlisted: z.int().optional(),
      way: z.string().nullable().optional(),
      unseen: z.array(z.string()).optional(),
      keysCompared: z.int(),
      differences: z.int(),
      pending: z.int(),
      mismatches: z.array(
        z.looseObject({
          key: z.array(z.string()),
          kind: z.string(),
          columns: z.array(z.string()),
          duplicate: z.boolean().optional(),
        }),
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
    ...(told.tables.some(({ compared }) => compared === "touched keys")
      ? [
          "Rows of tables of which touched keys were compared are those of their last comparison of everything.",
        ]
      : []),
    ...told.tables.flatMap((t) =>
      t.mismatches
        .slice(0, 10)
        .map(
          ({ key, kind, columns, duplicate }) =>
            `${t.table} (${key.join(", ")}): ${kind}${columns.length === 0 ? "" : ` in ${columns.join(", ")}`}${duplicate === true ? ", a copy of what the source has" : ""}`,
        ),
    ),
  ];
}

function sentenceOf(migration: string, told: ToldBody): string {
  const tables = plural(told.tables.length, "table");
  const counted = told.tables.some(({ compared }) => compared === "counts");
  const took = `${counted ? "counted" : "compared"} in ${clock(told.seconds)}`;
  const pending =
    told.pending === 0
      ? ""
      : counted
        ? ` The counts of ${plural(told.pending, "table")} are not settled, as rows came and went at each look.`
        : ` ${plural(told.pending, "row")} ${told.pending === 1 ? "was" : "were"} written to each time ${told.pending === 1 ? "it was" : "they were"} looked at, and ${told.pending === 1 ? "is" : "are"} neither equal nor different yet: headgate verify looks again.`;
  if (told.differences === 0 && told.pending > 0)
    return `${migration}: ${tables} ${took}, not to the end.${pending}`;
  if (told.differences === 0) return `${migration}: ${nothingFound(told, tables)}; ${took}.`;
  const all = told.mismatchFile === null ? "" : ` All of them are in ${told.mismatchFile}.`;
  const one = told.differences === 1;
  const found = counted
    ? `${plural(told.differences, "table")} ${one ? "does" : "do"} not have as many rows on both sides`
    : `${plural(told.differences, "row")} ${one ? "differs" : "differ"} in ${tables}`;
  return `${migration}: ${found}; ${took}.${all}${pending}`;
}

/** No more than was looked at: counts compare no row, a sample some, and of touched keys nobody has looked at the others again. */
function nothingFound(told: ToldBody, tables: string): string {
  const of = (how: string): number => told.tables.filter(({ compared }) => compared === how).length;
  if (of("counts") > 0) return `both sides have as many rows in ${tables}`;
  if (of("sample") > 0) return `no row of the sample differs in ${tables}`;
  const touched = of("touched keys");
  if (touched === 0) return `no row differs in ${tables}`;
  return `no row is on record as different in ${tables}, ${touched === told.tables.length ? "" : `of ${String(touched)} of them `}looked at where events have touched them since they were compared`;
}
