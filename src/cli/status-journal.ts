/**
 * The night as the journal beside the engine has it: more than the ledger knows, and first. It is all that is left where the
 * target does not answer, and it says what an engine that was killed has left half-done.
 */
import type { Journey } from "../cutover/journey.js";
import { Fault } from "../errors.js";
import type { NextStep, VerbResult } from "./output.js";

/** A server that does not answer now; anything else is no reason to do without it. */
export function isAway(error: unknown): error is Fault {
  return error instanceof Fault && (error.code === "server-unreachable" || error.code === "connection-lost");
}

/** `status` without the target: what the journal knows, and what that leaves to do. The exit code is the server's. */
export function journalResult(migration: string, journey: Journey, away: Fault): VerbResult {
  const { cutover, state, since, why } = journey;
  const nextSteps = journalSteps(journey);
  const { code, message: sentence, retriable } = away;
  return {
    exit: away.exit,
    nextSteps,
    body: {
      state,
      since,
      position: { source: null, applied: null },
      lagSeconds: null,
      etaSeconds: null,
      tables: [],
      lastVerify: null,
      blocking: ["target-away"],
      atFence: null,
      error: { code, sentence, next: nextSteps[0]?.command ?? away.next, retriable },
      night: { cutover, state, why, steps: stepsOf(journey) },
    },
    human: [
      `${migration}: ${state} since ${since ?? "?"}, as the journal beside the config has it`,
      `target   does not answer: ${sentence}`,
      ...stepsOf(journey)
        .slice(-1)
        .map(({ step, phase, at }) => `journal  ${cutover ?? ""}: ${step} ${phase}, ${at}`),
      ...journeyLines(journey),
    ],
  };
}

interface StepSaid {
  readonly step: string;
  readonly phase: "about-to" | "done" | "undone";
  readonly at: string;
}

/** By step, oldest first. */
function stepsOf({ steps }: Journey): readonly StepSaid[] {
  return [...steps].map(([step, { at, done, undone }]) => ({
    step,
    phase: undone ? "undone" : done === null ? "about-to" : "done",
    at: done?.at ?? at,
  }));
}

/** What was proven, and why it went back, of the last cutover: nothing before the first. */
export function journeyLines({ decided, why, steps }: Journey): string[] {
  const proof = steps.get("proof")?.done?.note ?? null;
  const { keysAtFence, rowsCleanBefore, equal } = proof ?? {};
  return [
    ...(decided === null ? [] : [`decided  ${decided}`]),
    ...(proof === null
      ? []
      : [
          `proof    ${String(keysAtFence)} keys compared inside the fence, ${String(rowsCleanBefore)} rows clean before it: ${equal === true ? "equal" : "not equal"}`,
        ]),
    ...(why === null ? [] : [`why      ${why}`]),
  ];
}

/** Where somebody has to end what was begun: the one command that does. */
export function journalSteps({ state, steps }: Pick<Journey, "state" | "steps">): NextStep[] {
  const begun = `a cutover was left in ${state}`;
  switch (state) {
    case "fencing":
    case "draining":
    case "verifying":
      return [
        {
          why: steps.has("fence")
            ? `${begun}, so writes on the source may be stopped; this opens it, whatever became of the target`
            : `${begun}; nothing was stopped yet`,
          command: "headgate rollback",
        },
      ];
    case "switching":
      return [{ why: `${begun}, which is decided: it is carried through`, command: "headgate cutover" }];
    case "rolling_back":
      return [{ why: "a way back was left half-way: it goes on", command: "headgate rollback" }];
    case "soaking":
      return [
        {
          why: "applications write to the target, and what they write is there alone until it answers",
          command: "headgate run",
        },
      ];
    case "completed":
      return [{ why: "the migration is completed", command: "headgate report" }];
    case "abandoned":
      return [{ why: "the migration was abandoned", command: "headgate report" }];
    default:
      return [{ why: "the source serves; once the target answers", command: "headgate run" }];
  }
}
