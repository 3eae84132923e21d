/**
 * What ends a cutover from outside before the decision: a write pause past its budget, a write that came through the fence,
 * a person. And the last look right before the decision: the fence read again, on the server life that was fenced.
 */
import type { Note, Probe } from "../cutover-port.js";
import { Fault } from "../errors.js";
import { eitherOf, orStopped, throwIfStopped } from "../stop.js";
import type { StepRecord } from "./journey.js";
import type { Waiting } from "./persisting.js";
import type { Night } from "./night.js";

/** Null where no URL is configured. */
export interface Probes {
  readonly source: Probe | null;
  readonly target: Probe | null;
}

/** How often an application's account tries to write. */
const probeEveryMs = 100;

export interface LookoutOptions extends Waiting {
  readonly night: Night;
  readonly budgetMs: number;
  readonly probes: Probes;
  readonly onWord: (sentence: string) => void;
}

export class Lookout {
  /** Ends the steps before the decision. */
  readonly signal: AbortSignal;
  readonly #options: LookoutOptions;
  readonly #breach = new AbortController();
  readonly #over = new AbortController();
  readonly #running: Promise<void>[] = [];
  #began: number | null = null;
  #ended: number | null = null;
  #fenced = false;
  #decided = false;
  /** The source's statements are bounded by the signal until then. */
  #release: () => void = () => undefined;

  constructor(options: LookoutOptions) {
    this.#options = options;
    this.signal = eitherOf(options.stop, this.#breach.signal);
  }

  /** Why it ends, where it was this. */
  get breach(): Fault | null {
    const reason: unknown = this.#breach.signal.reason;
    return this.#breach.signal.aborted && reason instanceof Fault ? reason : null;
  }

  /** The first statement of the fence is next. */
  begin(): void {
    this.#began = this.#options.now();
    this.#release = this.#options.night.source.until(this.signal);
    this.#running.push(this.#budget(), this.#probe("source"), this.#probe("target"));
  }

  fenced(left: Note | null): void {
    if (left !== null) this.#fenced = true;
  }

  decided(): void {
    this.#decided = true;
    this.#release();
  }

  /** Somebody can write again, on either side. */
  end(): void {
    this.#ended ??= this.#options.now();
    this.#fenced = false;
  }

  /** From the first statement of the fence until somebody could write again. */
  seconds(): number | null {
    if (this.#began === null) return null;
    return ((this.#ended ?? this.#options.now()) - this.#began) / 1000;
  }

  /** Right before the decision. */
  async lastLook(fence: StepRecord | null): Promise<void> {
    const { night, probes, budgetMs, now } = this.#options;
    if (fence === null || fence.note === null || fence.done === null)
      throw new Fault("bug", "It is to be decided, and nothing is fenced.");
    for (const side of ["source", "target"] as const)
      if ((await this.#attempt(probes[side], this.signal)) === "written") throw written(side);
    const state = await night.source.fenceState(fence.note);
    if (state.raised !== "yes")
      throw new Fault("fence-refused", `The fence does not hold any more: ${state.gaps.join(" ")}`);
    if (state.serverLife !== fence.done.note?.["serverLife"])
      throw new Fault("fence-refused", "The source was started again since it was fenced.");
    throwIfStopped(this.signal);
    if (this.#began !== null && now() - this.#began > budgetMs) throw past(budgetMs);
  }

  async stop(): Promise<void> {
    this.#release();
    this.#over.abort(new Fault("interrupted", "The cutover is over."));
    await Promise.all(this.#running);
  }

  async #budget(): Promise<void> {
    const { budgetMs } = this.#options;
    if (!(await this.#slept(budgetMs)) || this.#decided) return;
    this.#breach.abort(past(budgetMs));
  }

  async #probe(side: "source" | "target"): Promise<void> {
    const { onWord } = this.#options;
    const probe = this.#options.probes[side];
    if (probe === null) return;
    do {
      // An attempt that began before the fence stood says nothing about it.
      const counts = side === "source" ? this.#fenced : !this.#decided;
      try {
        const found = await this.#attempt(probe, this.#over.signal);
        if (found !== "written" || !counts || (side === "source" ? !this.#fenced : this.#decided)) continue;
        onWord(written(side).message);
        if (!this.#decided) this.#breach.abort(written(side));
      } catch (error) {
        if (this.#over.signal.aborted) return;
        onWord(`the probe of the ${side} could not try: ${String(error)}`);
      }
    } while (await this.#slept(probeEveryMs));
  }

  /** A server that has gone silent answers no prober either, and nobody waits for it past the end. */
  async #attempt(probe: Probe | null, signal: AbortSignal): ReturnType<Probe["attempt"]> {
    if (probe === null) return "unreachable";
    return await orStopped(probe.attempt(signal), signal);
  }

  /** False where it was over first. */
  async #slept(milliseconds: number): Promise<boolean> {
    try {
      await this.#options.wait(milliseconds, this.#over.signal);
      return true;
    } catch (error) {
      if (this.#over.signal.aborted) return false;
      throw error;
    }
  }
}

function written(side: "source" | "target"): Fault {
  return new Fault("fence-refused", `An application's account has written on the ${side} while nobody may.`);
}

function past(budgetMs: number): Fault {
  return new Fault(
    "cutover-aborted",
    `The write pause is past its budget of ${String(budgetMs / 1000)} s (cutover.maxWritePause).`,
    { next: "headgate cutover --rehearse" },
  );
}
