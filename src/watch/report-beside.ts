/**
 * What a verification has looked at beside whole tables, in the words of a report: the last sample, the queries of
 * verify.queries, and foreign keys on the target. Each is of the verification that asked last, and says when that was.
 */
import { z } from "zod";
import type { ProofView } from "../verify-port.js";

export interface BesideReport {
  /** Of the last sample, a sentence a table. */
  readonly samples: readonly string[];
  readonly queries: readonly { readonly name: string; readonly result: string; readonly sentence: string }[];
  readonly foreignKeys: readonly {
    readonly table: string;
    readonly foreignKey: string;
    readonly result: string;
    readonly sentence: string;
  }[];
}

type Run = ProofView["runs"][number];

/** Facts of a verification that are told here, and not among its figures. */
const besideFacts = ["queries", "foreignKeys", "sampled"] as const;

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
const queries = z.array(z.object({ name: z.string(), result: z.string(), sentence: z.string() }));
const foreignKeys = z.array(
  z.object({ table: z.string(), foreignKey: z.string(), result: z.string(), sentence: z.string() }),
);

export interface Beside extends BesideReport {
  readonly sentences: readonly string[];
  /** Nothing of it speaks against the target. */
  readonly holds: boolean;
}

export function besideOf(runs: readonly Run[]): Beside {
  const sample = lastWith(runs, "sampled", sampled);
  const asked = lastWith(runs, "queries", queries);
  const looked = lastWith(runs, "foreignKeys", foreignKeys);
  const samples = sample === null ? [] : sample.found.map((each) => sampleSentence(sample.run, each));
  const wrong = (looked?.found ?? []).filter(({ result }) => result !== "holds");
  const red = (asked?.found ?? []).filter(({ result }) => result !== "holds");
  return {
    samples,
    queries: asked?.found ?? [],
    foreignKeys: looked?.found ?? [],
    sentences: [
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
    ],
    holds: red.length === 0 && wrong.every(({ result }) => result === "kept"),
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
