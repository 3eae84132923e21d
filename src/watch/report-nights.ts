/**
 * What the journal has of cutovers and of the ways back that answered them: how each ended, for how long nobody could write, and
 * what was proven while nobody could, in the proof's own words. A night without a proof says so. No key and no value is in it.
 */
import { z } from "zod";
import type { JournalEntry } from "../cutover-port.js";

export interface NightReport {
  readonly cutover: string;
  /** The last state that the journal has of it. */
  readonly state: string;
  readonly began: string;
  /** Of this machine's clock, for people; null where it was not ended, or never begun. */
  readonly pauseSeconds: number | null;
  readonly backPauseSeconds: number | null;
  readonly proofs: readonly NightProof[];
  readonly sentence: string;
}

export interface NightProof {
  readonly at: "fence" | "rollback";
  readonly when: string;
  readonly keysAtFence: number;
  readonly rowsCleanBefore: number;
  readonly equal: boolean;
  readonly sentences: readonly string[];
}

const proven = z.object({
  keysAtFence: z.number(),
  rowsCleanBefore: z.number(),
  equal: z.boolean(),
  told: z.array(z.string()).optional(),
});

/** The names of the machine's steps, as the journal spells them. */
const steps = {
  fence: { proof: "proof", from: "fence", to: "open-target" },
  rollback: { proof: "reverse-proof", from: "shut-target", to: "open-source" },
} as const;

export function nightsOf(entries: readonly JournalEntry[]): readonly NightReport[] {
  const names = [...new Set(entries.map(({ cutover }) => cutover))];
  return names.map((cutover) =>
    nightOf(
      cutover,
      entries.filter((entry) => entry.cutover === cutover),
    ),
  );
}

function nightOf(cutover: string, entries: readonly JournalEntry[]): NightReport {
  const state = entries.findLast(({ phase }) => phase === "entered")?.step ?? "ready";
  const proofs = (["fence", "rollback"] as const).flatMap((at) => proofsOf(at, entries));
  const pauseSeconds = secondsOf(entries, steps.fence);
  const backPauseSeconds = secondsOf(entries, steps.rollback);
  const told = proofs.map(({ at, equal, sentences }) => {
    const which = at === "fence" ? "At the fence" : "At the rollback";
    return `${which}: ${sentences.join(" ")} ${equal ? "No difference was left." : "The sides were not found equal."}`;
  });
  const paused = (seconds: number | null): string =>
    seconds === null ? "" : ` Nobody could write for ${seconds.toFixed(1)} s.`;
  return {
    cutover,
    state,
    began: entries[0]?.at ?? "",
    pauseSeconds,
    backPauseSeconds,
    proofs,
    sentence: `${cutover} is ${state.replaceAll("_", " ")}.${paused(pauseSeconds)}${
      backPauseSeconds === null
        ? ""
        : ` On the way back nobody could write for ${backPauseSeconds.toFixed(1)} s.`
    } ${told.length === 0 ? "Nothing was proven in it." : told.join(" ")}`,
  };
}

function proofsOf(at: "fence" | "rollback", entries: readonly JournalEntry[]): readonly NightProof[] {
  return entries
    .filter(({ step, phase }) => step === steps[at].proof && phase === "done")
    .flatMap(({ note, at: when }) => {
      const found = proven.safeParse(note);
      if (!found.success) return [];
      const { keysAtFence, rowsCleanBefore, equal, told } = found.data;
      const sentences = told ?? [
        `${String(keysAtFence)} keys were compared, and at least ${String(rowsCleanBefore)} rows before that which nothing touched since.`,
      ];
      return [{ at, when, keysAtFence, rowsCleanBefore, equal, sentences }];
    });
}

/** From the first time that a step was about to be done to the last that the other was. */
function secondsOf(
  entries: readonly JournalEntry[],
  { from, to }: { readonly from: string; readonly to: string },
): number | null {
  const began = entries.find(({ step, phase }) => step === from && phase === "about-to");
  const ended = entries.findLast(
    ({ step, phase }) => (step === to && phase === "done") || (step === from && phase === "undone"),
  );
  if (began === undefined || ended === undefined) return null;
  const seconds = (Date.parse(ended.at) - Date.parse(began.at)) / 1000;
  return Number.isFinite(seconds) && seconds >= 0 ? seconds : null;
}
