/** What is asked of an engine that is to cut over or to go back, and what it answers: the contract's fields, as JSON. */
import { z } from "zod";
import type { Journey } from "../cutover/journey.js";
import type { StepTold, Walked } from "../cutover/walk.js";
import { Fault, exits } from "../errors.js";
import type { FenceProof } from "../verify/fence-proof.js";
import type { VerbResult } from "./output.js";
import { stepSeconds } from "./step-teller.js";

const cutoverAsk = z.strictObject({
  mode: z.enum(["run", "dry-run", "rehearse"]),
  /** Sessions with open transactions are ended, not waited for. */
  endTransactions: z.boolean(),
  /** How long it may take until it is ready. */
  patienceMs: z.number().nonnegative(),
});

export type CutoverAsk = z.output<typeof cutoverAsk>;

export function readCutoverAsk(what: unknown): CutoverAsk {
  const ask = cutoverAsk.safeParse(what);
  if (ask.success) return ask.data;
  throw new Fault("usage", "The cutover that was asked for is not as it should be.", {
    next: "headgate cutover --help",
    cause: ask.error,
  });
}

export type Body = Readonly<Record<string, unknown>>;

/** The final object of a walk. */
export function walkedBody(
  { state, writePauseSeconds, why }: Walked,
  journey: Journey,
  told: readonly StepTold[],
): Body {
  const proof = (journey.steps.get("reverse-proof") ?? journey.steps.get("proof"))?.done?.note ?? null;
  return {
    state,
    cutover: journey.cutover,
    writePauseSeconds,
    proof,
    steps: stepSeconds(told),
    ...(why === null ? {} : { why: { code: why.code, sentence: why.message, next: why.next } }),
  };
}

/** Rows that stand in the way of a rollback: for whoever asked, and for no journal and no log. */
export function differing({
  differences,
  differing: rows,
}: Pick<FenceProof, "differences" | "differing">): Body {
  return { differing: rows, differences };
}

const bodySchema = z.looseObject({
  state: z.string(),
  writePauseSeconds: z.number().nullable(),
  proof: z.looseObject({ keysAtFence: z.number(), rowsCleanBefore: z.number() }).nullable(),
  /** What was moved, what it cost, what is proven; where this walk made it. */
  delivery: z.array(z.string()).default([]),
  why: z.looseObject({ code: z.string(), sentence: z.string(), next: z.string() }).optional(),
  /** Rows that keep it from going back, the first hundred of so many. */
  differing: z.number().default(0),
  differences: z
    .array(
      z.looseObject({
        table: z.string(),
        key: z.array(z.string()),
        kind: z.string(),
        columns: z.array(z.string()),
      }),
    )
    .default([]),
  /** Changes that were left out of the way back, by whose word. */
  leftOut: z
    .array(
      z.looseObject({
        ...{ event: z.string(), table: z.string(), rows: z.string() },
        ...{ who: z.string(), why: z.string() },
      }),
    )
    .default([]),
  /** Rows of them that did not go back; null where another engine has compared. */
  stayed: z
    .array(z.looseObject({ table: z.string(), key: z.array(z.string()) }))
    .nullable()
    .default([]),
});

/** What somebody has to know of a way back on which something was left out. */
function leftOutLines({ leftOut, stayed }: z.output<typeof bodySchema>): readonly string[] {
  if (leftOut.length === 0) return [];
  return [
    ...leftOut.map(
      ({ event, table, rows, who, why: reason }) =>
        `Left out of the way back: ${table} ${rows}, ${event}, by ${who}: ${reason}`,
    ),
    ...(stayed === null
      ? ["Which rows of the target did not go back is in the journal, with the step reverse-proof."]
      : stayed.length === 0
        ? ["All of their rows went back as they were at the end."]
        : stayed.map(
            ({ table, key }) => `Did not go back: ${table} (${key.join(", ")}). The target has it.`,
          )),
  ];
}

const shownRows = 10;

/** The first of them by name, and how many more there are. */
function differingLines({ differing: rows, differences }: z.output<typeof bodySchema>): readonly string[] {
  if (rows === 0) return [];
  const shown = differences.slice(0, shownRows);
  const says = { missing: "the target does not have it", extra: "the source does not have it" };
  return [
    ...shown.map(({ table, key, kind, columns }) => {
      const how = kind === "missing" || kind === "extra" ? says[kind] : columns.join(", ");
      return `Differs: ${table} (${key.join(", ")}): ${how}`;
    }),
    ...(rows > shown.length ? [`And ${String(rows - shown.length)} row(s) more.`] : []),
  ];
}

/** `asked`: the verb, which decides what going back means. */
export function walkedResult(asked: "cutover" | "rollback", migration: string, body: Body): VerbResult {
  const parsed = bodySchema.parse(body);
  const { state, writePauseSeconds, proof, delivery, why } = parsed;
  const pause =
    writePauseSeconds === null ? "" : ` Writes were stopped for ${writePauseSeconds.toFixed(3)} s.`;
  const proven =
    proof === null
      ? ""
      : ` ${String(proof.keysAtFence)} keys were compared while nobody could write, ${String(proof.rowsCleanBefore)} rows before that and touched by nobody since.`;
  if (state === "soaking")
    return {
      exit: asked === "cutover" && why === undefined ? exits.done : exits.personNeeded,
      nextSteps: [
        ...(why === undefined ? [] : [{ why: why.sentence, command: why.next }]),
        { why: "the way back is open while an engine runs", command: "headgate run" },
        { why: "back to the source", command: "headgate rollback" },
        { why: "ends the soak and closes the way back", command: "headgate complete" },
      ],
      body,
      human: [
        ...(delivery.length === 0
          ? [`${migration}: soaking. The target is open.${pause}${proven}`]
          : [`${migration}: soaking. The target is open.`, ...delivery]),
        ...(why === undefined ? [] : [`${why.code}: ${why.sentence}`]),
        ...differingLines(parsed),
      ],
    };
  const aborted = asked === "cutover";
  return {
    exit: aborted ? exits.aborted : exits.done,
    nextSteps: [
      ...(why === undefined ? [] : [{ why: why.sentence, command: why.next }]),
      { why: "the way forward is open again", command: "headgate run" },
    ],
    body,
    human: [
      `${migration}: rolled back. The source is open, as before.${pause}`,
      ...(why === undefined ? [] : [`Why: ${why.code}: ${why.sentence}`]),
      ...leftOutLines(parsed),
    ],
  };
}
