/**
 * The steps of the way back out of the soak: the target is shut, what it wrote is brought to the source and looked at, and
 * only then the source opens. A step that the journal has as done is not done again: past the opening the source moves on,
 * and what was true of it before is not.
 */
import { z } from "zod";
import type { Note } from "../cutover-port.js";
import { Fault } from "../errors.js";
import type { Position } from "../model.js";
import { noteOf } from "./steps.js";
import type { StepName } from "./steps.js";
import type { Night, Reverse } from "./night.js";

export const homeStepNames = [
  "shut-target",
  "reverse-drain",
  "reverse-proof",
  "source-keys",
  "forward-lanes",
  "source-triggers-back",
  "open-source",
  "after-rollback",
] as const;

export type HomeStepName = (typeof homeStepNames)[number];

/** The step that gives a way back up: it is in no list, since nothing but a fault or a word leads to it. */
export const reopening = "reopen-target";

export interface HomeRun {
  readonly signal: AbortSignal;
  readonly note: Note | null;
  /** What was noted before a step of this cutover, there or back. */
  readonly noted: (step: StepName | HomeStepName) => Note | null;
  /** What such a step has left. */
  readonly left: (step: StepName | HomeStepName) => Note | null;
}

export interface HomeStep {
  readonly name: HomeStepName;
  readonly describe: string;
  readonly note?: (night: Night) => Promise<Note>;
  readonly act: (night: Night, run: HomeRun) => Promise<Note | null>;
  /** Up to its end the target can be opened again: the source is fenced, and the forward lanes are closed. */
  readonly givable: boolean;
  /** Where it does not end in time it is left alone: what it has written by then is the way back's, whoever goes on. */
  readonly leavable: boolean;
}

export const homeSteps: readonly HomeStep[] = [
  {
    name: "shut-target",
    givable: true,
    leavable: false,
    describe: "Shut the roles out of the target and end their sessions. The write pause begins.",
    note: ({ target }) => target.note(),
    act: async ({ target }, { note, signal }) => {
      await target.shut(note ?? {}, signal);
      await demandShut(target, note ?? {});
      await demandNoStrangers(target);
      return null;
    },
  },
  {
    name: "reverse-drain",
    givable: true,
    leavable: true,
    describe: "Read where the target's log ends, and apply everything up to there to the source.",
    act: async (night, { signal }) => {
      const reverse = wayBack(night);
      const blocking = await reverse.blocking();
      if (blocking.length > 0) throw stands(blocking);
      return { position: await reverse.drain(signal) };
    },
  },
  {
    name: "reverse-proof",
    givable: true,
    leavable: true,
    describe: "Compare every row that either side has written since the switch.",
    act: async (night, { signal, left }) => {
      const proof = await wayBack(night).prove(signal);
      if (!proof.equal) throw stands(proof.differences);
      const home = await demandHome(night, left("reverse-drain")?.["position"]);
      return { ...noteOf(proof), home };
    },
  },
  {
    // Before the marker: where a counter has to be set it is DDL of a table, before which the way forward would stand.
    name: "source-keys",
    givable: true,
    leavable: false,
    describe: "Move the source's AUTO_INCREMENT and sequences past what the target has given away.",
    act: async ({ source, target }) => {
      await source.pastKeys(await target.givenKeys(), await target.sequences());
      return null;
    },
  },
  {
    name: "forward-lanes",
    givable: false,
    leavable: false,
    describe: "Write a marker for every forward lane and move it there: the way forward goes on behind it.",
    act: async ({ target, forward }, { signal }) => {
      // An engine that was killed may have done it. A second time, later, could pass what applications wrote meanwhile.
      if (await target.lanesClosed()) await forward.reopen(signal);
      return null;
    },
  },
  {
    name: "source-triggers-back",
    givable: false,
    leavable: false,
    describe: "Make the source's triggers again, exactly as they were.",
    act: async ({ source }, { noted }) => {
      const note = noted("source-triggers");
      if (note !== null) await source.createTriggers(note);
      return null;
    },
  },
  {
    name: "open-source",
    givable: false,
    leavable: false,
    describe: "Prove that the target is shut, then let writes on the source again. The write pause ends.",
    act: async ({ source, target }, { noted }) => {
      await demandShut(target, noted("shut-target") ?? {});
      await demandNoStrangers(target);
      const note = noted("fence");
      if (note === null) throw new Fault("bug", "The journal has no note of what the fence replaced.");
      await source.lower(note);
      return null;
    },
  },
  {
    name: "after-rollback",
    givable: false,
    leavable: false,
    describe: "Run the hook after-rollback: traffic goes to the source.",
    act: async (night, { signal }) => {
      await night.hook("after-rollback", { cutover: night.cutover }, signal);
      return null;
    },
  },
];

/** A rollback that cannot bring everything back, said before or after the target was shut. */
export function stands(why: readonly string[]): Fault {
  return new Fault(
    "way-back-stopped",
    `Not everything that was written on the target can be brought back: ${why.slice(0, 10).join(" ")}`,
  );
}

export function wayBack({ reverse }: Night): Reverse {
  if (reverse === null)
    throw new Fault("way-back-stopped", "There is no way back: cutover.wayBack was off.", {
      next: "headgate complete",
    });
  return reverse;
}

/** Fault fence-refused where somebody can still write on the target. */
async function demandShut(target: Night["target"], note: Note): Promise<void> {
  const { raised, gaps } = await target.state(note);
  if (raised !== "yes")
    throw new Fault("fence-refused", `The target is not shut: ${gaps.join(" ")}`, {
      next: "headgate rollback",
    });
}

/**
 * Fault fence-refused where somebody whom no fence knows can write on the target: what is written there once it is drained
 * would stay behind.
 */
export async function demandNoStrangers(target: Night["target"]): Promise<void> {
  const strangers = await target.strangers();
  if (strangers.length > 0)
    throw new Fault("fence-refused", `The target is not shut to everybody: ${strangers.join(" ")}`, {
      next: "headgate rollback",
    });
}

const place = z.object({ kind: z.literal("file"), file: z.string(), offset: z.string() });

/**
 * The source still has what was brought to it up to there: one that has crashed since may have lost its last commits, the
 * way back's own note of them among them (innodb_flush_log_at_trx_commit, sync_binlog). Resolves to where it stands.
 */
export async function demandHome({ source }: Pick<Night, "source">, upTo: unknown): Promise<Position> {
  const home = await source.cameHome();
  const [wanted, has] = [place.safeParse(upTo), place.safeParse(home)];
  if (home === null || !wanted.success || !has.success || !covers(has.data, wanted.data))
    throw new Fault(
      "way-back-stopped",
      "The source does not have any more what the way back had written to it: it has crashed since, and lost commits.",
      { next: "headgate rollback" },
    );
  return home;
}

function covers(has: z.output<typeof place>, wanted: z.output<typeof place>): boolean {
  return has.file === wanted.file && BigInt(has.offset) >= BigInt(wanted.offset);
}
