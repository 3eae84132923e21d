/**
 * The steps of a cutover, in their order, as one list: what `cutover` walks, `--dry-run` prints, the journal names and the
 * runbook tells. Each has an act and, up to the decision, what takes it back. A note that undoing needs is made first and
 * journalled before the act.
 */
import type { Note } from "../cutover-port.js";
import { Fault } from "../errors.js";
import type { Event } from "./machine.js";
import type { Night, Proof } from "./night.js";

export interface StepRun {
  /** Ends every wait: the budget, a write that came through, a person. */
  readonly signal: AbortSignal;
  /** Made by this step before its act. */
  readonly note: Note | null;
  /** What the act of a step before it left. */
  readonly left: (step: StepName) => Note | null;
  /** The note of a step before it. */
  readonly noted: (step: StepName) => Note | null;
  /** Somebody waits for transactions to end. */
  readonly onWaiting: (sentence: string) => void;
  /** Throws what speaks against going on, asked right before the decision. */
  readonly lastLook: () => Promise<void>;
}

export const stepNames = [
  "before-fence",
  "decision-row",
  "fence",
  "after-fence",
  "drain",
  "proof",
  "keys",
  "source-triggers",
  "canary",
  "before-switch",
  "decide",
  "open-target",
  "switch",
  "after-switch",
] as const;

export type StepName = (typeof stepNames)[number];

export interface Step {
  readonly name: StepName;
  readonly describe: string;
  /** Read before the act, for undoing it. */
  readonly note?: (night: Night) => Promise<Note>;
  readonly forward: (night: Night, run: StepRun) => Promise<Note | null>;
  readonly undo?: (night: Night, note: Note | null) => Promise<void>;
  /** What the machine is told once it is done. */
  readonly event?: Event;
  /** Its act changes nothing that undoing has to wait for: it is left alone where it does not end in time. */
  readonly leavable: boolean;
  /** Its act may come to pass with nobody waiting for it, and a second time it changes nothing: past the decision it is waited for as long as the budget is, and asked for again. */
  readonly repeatable?: true;
  /** Neither fence nor switch: a rehearsal does it. */
  readonly rehearsed: boolean;
}

const hook = (
  name: "before-fence" | "after-fence" | "before-switch" | "switch" | "after-switch",
  describe: string,
) =>
  ({
    name,
    describe,
    forward: async (night: Night, { signal }: StepRun) => {
      await night.hook(name, { cutover: night.cutover }, signal);
      return null;
    },
    leavable: true,
    rehearsed: false,
  }) as const satisfies Step;

/** In the order in which they are done. */
export const steps: readonly Step[] = [
  hook("before-fence", "Run the hook before-fence; it may say no."),
  {
    name: "decision-row",
    describe: "Make the row at the source that decides between switch and abort: it is open.",
    // Asked before the journal has it: a row that is decided is of another cutover, and says nothing of this one.
    note: async ({ source, cutover }) => {
      const row = await source.decision();
      if (row !== null)
        throw new Fault(
          "cutover-refused",
          `The source has a decision of ${cutover} already (${row}), which this journal does not know: .headgate is another one, or was lost.`,
        );
      return {};
    },
    forward: async ({ source }) => {
      await source.begin();
      return null;
    },
    leavable: false,
    rehearsed: false,
  },
  {
    name: "fence",
    describe:
      "Stop writes on the source, end the sessions of applications, and prove it. The write pause begins.",
    note: ({ source }) => source.fenceNote(),
    forward: async ({ source }, { signal, note, onWaiting }) => {
      const raised = demanded(note, "fence");
      await source.raise(
        raised,
        (open) => {
          const longest = Math.max(0, ...open.map(({ seconds }) => seconds));
          onWaiting(
            `${String(open.length)} transaction(s) are open at the source, the oldest for ${String(longest)} s`,
          );
        },
        signal,
      );
      const state = await source.fenceState(raised);
      if (state.raised !== "yes")
        throw new Fault("fence-refused", `The fence does not hold: ${state.gaps.join(" ")}`);
      return { serverLife: state.serverLife };
    },
    undo: ({ source }, note) => source.lower(demanded(note, "fence")),
    event: "fenced",
    leavable: false,
    rehearsed: false,
  },
  hook("after-fence", "Run the hook after-fence."),
  {
    name: "drain",
    describe:
      "Read where the source's log ends, and apply everything up to there: a marker is met in every lane.",
    forward: async ({ forward }, { signal }) => ({ position: await forward.drain(signal) }),
    event: "drained",
    leavable: true,
    rehearsed: true,
  },
  {
    name: "proof",
    describe:
      "Compare every row that was written since it was last found equal, and children with their parents.",
    forward: async ({ forward }, { signal }) => {
      const proof = await forward.prove(signal);
      if (!proof.equal)
        throw new Fault(
          "cutover-aborted",
          `The sides differ at the fence: ${proof.differences.slice(0, 5).join(" ")}`,
          { next: "headgate repair, then headgate cutover" },
        );
      return noteOf(proof);
    },
    leavable: true,
    rehearsed: true,
  },
  {
    name: "keys",
    describe:
      "Move the target's sequences and identities past the greatest key of their columns, and to where the source's sequences stand.",
    forward: async ({ source, target }) => {
      await target.pastKeys(await source.sequences());
      return null;
    },
    leavable: true,
    rehearsed: true,
  },
  {
    name: "source-triggers",
    describe: "Write down the source's triggers and drop them: the way back brings what they wrote as rows.",
    note: ({ source }) => source.triggers(),
    forward: async ({ source, reverse }, { note }) => {
      if (reverse !== null) await source.dropTriggers(demanded(note, "source-triggers"));
      return null;
    },
    undo: ({ source }, note) => source.createTriggers(demanded(note, "source-triggers")),
    leavable: false,
    rehearsed: false,
  },
  {
    name: "canary",
    describe:
      "Send a marker from the target to the source: the way back runs, and nobody else has written there.",
    forward: async ({ reverse }, { signal }) => {
      return (await reverse?.canary(signal)) ?? null;
    },
    leavable: true,
    rehearsed: true,
  },
  hook("before-switch", "Run the hook before-switch; it may say no."),
  {
    name: "decide",
    describe:
      "Read the fence again, then decide in one row at the source: from here on the way leads forward.",
    forward: async ({ source }, { lastLook }) => {
      await lastLook();
      const decided = await source.decide("switch");
      if (decided === "abort")
        throw new Fault("cutover-aborted", "Somebody else has decided against this cutover.");
      return null;
    },
    event: "decided",
    leavable: false,
    rehearsed: false,
  },
  {
    name: "open-target",
    describe:
      "Let the roles in and close the forward lanes, in one transaction of the target. The write pause ends.",
    forward: async ({ target }) => {
      await target.open();
      return null;
    },
    event: "opened",
    leavable: false,
    repeatable: true,
    rehearsed: false,
  },
  hook("switch", "Run the hook switch: traffic goes to the target."),
  hook("after-switch", "Run the hook after-switch."),
];

/** What is done in the soak: the target is open, and the way back runs whether or not they succeed. */
export const stepsOpened: readonly Step[] = steps.slice(
  steps.findIndex(({ name }) => name === "open-target") + 1,
);

function demanded(note: Note | null, step: string): Note {
  if (note === null) throw new Fault("bug", `The step ${step} has no note of what was there before.`);
  return note;
}

export function noteOf({
  keysAtFence,
  rowsCleanBefore,
  rowsAtFence,
  full,
  position,
  equal,
  told,
}: Proof): Note {
  return {
    ...{ keysAtFence, rowsCleanBefore },
    ...(rowsAtFence === undefined || full === undefined ? {} : { rowsAtFence, full }),
    ...{ position, equal },
    ...(told === undefined ? {} : { told }),
  };
}
