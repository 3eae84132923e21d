/**
 * What a verification has looked at beside whole tables, in the words of a report: the last sample, the queries of
 * verify.queries, foreign keys on the target, and counts of rows. Each is of the verification that asked last, and says when that was.
 */
import { z } from "zod";
import type { ProofView } from "../verify-port.js";

export interface BesideReport {
  /** Of the last sample, a sentence a table. */
  readonly samples: readonly string[];
  /** Of the last `verify --counts`, a table each. */
  readonly counts: readonly { readonly table: string; readonly result: string; readonly sentence: string }[];
  readonly queries: readonly { readonly name: string; readonly result: string; readonly sentence: string }[];
  readonly foreignKeys: readonly {
    readonly table: string;
    readonly foreignKey: string;
    readonly result: string;
    readonly sentence: string;
  }[];
}

/** What a proof has to have looked at beside rows before it is complete. */
export interface Wanted {
  /** Queries of the config, each by what it asks. */
  readonly queries: readonly string[];
  /** Foreign keys of the source. */
  readonly foreignKeys: readonly { readonly table: string; readonly foreignKey: string }[];
}

type Run = ProofView["runs"][number];

/** Facts of a verification that are told here, and not among its figures. */
const besideFacts = ["queries", "foreignKeys", "sampled", "counted"] as const;

export function figuresOnly(facts: Run["facts"]): Run["facts"] {
  const beside: readonly string[] = besideFacts;
  return Object.fromEntries(Object.entries(facts).filter(([name]) => !beside.includes(name)));
}

const sampled = z.array(
  z.object({
    table: z.string(),
    sentence: z.string(),
    differences: z.string(),
    pending: z.string(),
  }),
);
const countedRows = z.array(z.object({ table: z.string(), result: z.string(), sentence: z.string() }));
const queries = z.array(
  // Of an older build nobody knows what was asked.
  z.object({ name: z.string(), asks: z.string().optional(), result: z.string(), sentence: z.string() }),
);
const foreignKeys = z.array(
  z.object({ table: z.string(), foreignKey: z.string(), result: z.string(), sentence: z.string() }),
);

export interface Beside extends BesideReport {
  readonly sentences: readonly string[];
  /** All that was wanted was looked at, and nothing of it speaks against the target. */
  readonly holds: boolean;
  /** Rows of the last sample that were on record then, in all its tables; null where none was taken. */
  readonly sampleFound: { readonly differences: bigint; readonly pending: bigint } | null;
  /** When each was looked at last. */
  readonly at: Readonly<Record<"counts" | "queries" | "foreignKeys", string | null>>;
}

const nothing: Wanted = { queries: [], foreignKeys: [] };

export function besideOf(runs: readonly Run[], wanted = nothing): Beside {
  const sample = lastWith(runs, "sampled", sampled);
  const asked = lastWith(runs, "queries", queries);
  const looked = lastWith(runs, "foreignKeys", foreignKeys);
  const counts = lastWith(runs, "counted", countedRows);
  const inSample = (what: "differences" | "pending"): bigint =>
    (sample?.found ?? []).reduce((sum, each) => sum + BigInt(each[what]), 0n);
  const samples = sample === null ? [] : sample.found.map((each) => sampleSentence(sample.run, each));
  const wrong = (looked?.found ?? []).filter(({ result }) => result !== "holds");
  const red = (asked?.found ?? []).filter(({ result }) => result !== "holds");
  const asks = new Set(asked?.found.map((each) => each.asks));
  const unasked = wanted.queries.filter((each) => !asks.has(each)).length;
  const known = new Set(looked?.found.map(({ table, foreignKey }) => JSON.stringify([table, foreignKey])));
  const unseen = wanted.foreignKeys.filter(
    ({ table, foreignKey }) => !known.has(JSON.stringify([table, foreignKey])),
  );
  return {
    samples,
    counts: counts?.found ?? [],
    queries: (asked?.found ?? []).map(({ name, result, sentence }) => ({ name, result, sentence })),
    foreignKeys: looked?.found ?? [],
    sentences: [
      ...(unasked === 0
        ? []
        : [
            `${counted(unasked, "query", "queries")} of verify.queries ${unasked === 1 ? "was" : "were"} never asked as ${unasked === 1 ? "it stands" : "they stand"} there: a verification of all tables asks them.`,
          ]),
      ...(unseen.length === 0
        ? []
        : [
            `${counted(unseen.length, "foreign key", "foreign keys")} of the source ${unseen.length === 1 ? "was" : "were"} never looked at on the target: a verification of all tables looks at them.`,
          ]),
      ...(asked === null
        ? []
        : [
            red.length === 0
              ? `${counted(asked.found.length, "query of verify.queries holds", "queries of verify.queries hold")}, asked at ${at(asked.run)}.`
              : `${counted(red.length, "query", "queries")} of ${String(asked.found.length)} of verify.queries ${red.length === 1 ? "does" : "do"} not hold, asked at ${at(asked.run)}.`,
            ...asked.found.map(({ name, result, sentence }) => `Query ${name}: ${result}. ${sentence}`),
          ]),
      ...(looked === null
        ? []
        : [
            `${counted(looked.found.length - wrong.length, "foreign key", "foreign keys")} of ${String(looked.found.length)} ${looked.found.length - wrong.length === 1 ? "holds" : "hold"} on the target, looked at ${at(looked.run)}.`,
            ...wrong.map(({ sentence }) => sentence),
          ]),
      ...samples,
      ...(counts === null
        ? []
        : counts.found.map(
            ({ sentence }) => `${sentence.replace(/\.$/u, "")}, counted at ${at(counts.run)}.`,
          )),
    ],
    sampleFound:
      sample === null ? null : { differences: inSample("differences"), pending: inSample("pending") },
    at: {
      counts: counts === null ? null : at(counts.run),
      queries: asked === null ? null : at(asked.run),
      foreignKeys: looked === null ? null : at(looked.run),
    },
    // Counts that part are rows to be found, and what was found of rows is told by the tables.
    holds:
      unasked === 0 &&
      unseen.length === 0 &&
      red.length === 0 &&
      // What the target cannot be asked is left out by the plan, with the reason, and is told.
      wrong.every(({ result }) => result === "kept" || result === "not-asked"),
  };
}

function sampleSentence(
  run: Run,
  { sentence, differences, pending }: z.output<typeof sampled>[number],
): string {
  const { percent = 0, seed = 0 } = run.scope.sample ?? {};
  const found =
    differences === "0" && pending === "0"
      ? "None of them differed."
      : `${differences} of its rows were on record as different then, and ${pending} were to be looked at again.`;
  return `A sample of ${String(percent)} % by seed ${String(seed)}, ended at ${at(run)}: ${sentence} ${found}`;
}

/** The newest that has ended and has this among its facts. */
function lastWith<T>(
  runs: readonly Run[],
  fact: (typeof besideFacts)[number],
  schema: z.ZodType<T>,
): { readonly run: Run; readonly found: T } | null {
  for (const run of runs) {
    const text = run.facts[fact];
    if (run.endedAt === null || typeof text !== "string") continue;
    return { run, found: schema.parse(JSON.parse(text)) };
  }
  return null;
}

function at({ endedAt }: Run): string {
  return endedAt ?? "?";
}

function counted(n: number, one: string, many: string): string {
  return `${String(n)} ${n === 1 ? one : many}`;
}
