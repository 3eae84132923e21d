/**
 * What ends a way back out of the soak from outside while it can still be given up: a write pause past its budget, a write that
 * came through where nobody may, a word. Applications' accounts try to write on both sides all the while, to its end.
 */
import type { Probe } from "../cutover-port.js";
import { Fault } from "../errors.js";
import { eitherOf, orStopped, throwIfStopped } from "../stop.js";
import type { Walk } from "./walk.js";

/** How often an application's account tries to write. */
const probeEveryMs = 100;

export class HomeLookout implements AsyncDisposable {
  /** Ends the steps that can be given up. */
  readonly signal: AbortSignal;
  readonly #walk: Walk;
  readonly #breach = new AbortController();
  readonly #over = new AbortController();
  readonly #running: Promise<void>[] = [];
  /** Where an application may write; nowhere while both are shut. */
  #open: "source" | "target" | null = "target";
  #givable = true;
  #release: () => void = () => undefined;
  /** How long nobody could write when it began: by an engine before this one. */
  readonly #elapsedMs: number;
  #began: number;

  constructor(walk: Walk, word: AbortSignal, elapsedMs: number) {
    this.#walk = walk;
    this.#elapsedMs = elapsedMs;
    this.#began = walk.now();
    this.signal = eitherOf(walk.stop, this.#breach.signal, word);
  }

  /** Nothing leads to the source yet. */
  get givable(): boolean {
    return this.#givable;
  }

  /** The target is about to be shut, or is. */
  begin(): void {
    const { night, now } = this.#walk;
    this.#began = now();
    this.#release = night.source.until(this.signal);
    this.#running.push(this.#budget(), this.#probe("source"), this.#probe("target"));
  }

  /** Nobody may write anywhere. */
  shut(): void {
    this.#open = null;
  }

  /** Throws what speaks against going on to the source, right before it. */
  async lastLook(): Promise<void> {
    const { probes, now, budgetMs } = this.#walk;
    for (const side of ["source", "target"] as const) {
      const probe = probes[side];
      if (probe === null) continue;
      if ((await orStopped(probe.attempt(this.signal), this.signal)) === "written") throw this.#written(side);
    }
    throwIfStopped(this.signal);
    if (this.#elapsedMs + now() - this.#began > budgetMs) throw past(budgetMs);
  }

  /** From here on the way leads to the source. */
  committed(): void {
    this.#givable = false;
    this.#release();
  }

  /** The target is about to be open again. */
  reopening(): void {
    this.#open = "target";
    this.committed();
  }

  /** The source is about to be open. */
  opening(): void {
    this.#open = "source";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#release();
    this.#over.abort(new Fault("interrupted", "The way back is over."));
    await Promise.all(this.#running);
  }

  async #budget(): Promise<void> {
    const { budgetMs } = this.#walk;
    if (!(await this.#slept(Math.max(0, budgetMs - this.#elapsedMs))) || !this.#givable) return;
    this.#breach.abort(past(budgetMs));
  }

  async #probe(side: "source" | "target"): Promise<void> {
    const { onWord, probes } = this.#walk;
    const probe = probes[side];
    if (probe === null) return;
    do {
      // An attempt that began while the side was open says nothing of it.
      const counts = this.#open !== side;
      try {
        const found = await this.#attempt(probe);
        if (found !== "written" || !counts || this.#open === side) continue;
        const fault = this.#written(side);
        onWord(fault.message);
        if (this.#givable) this.#breach.abort(fault);
      } catch (error) {
        if (this.#over.signal.aborted) return;
        onWord(`the probe of the ${side} could not try: ${String(error)}`);
      }
    } while (await this.#slept(probeEveryMs));
  }

  #written(side: "source" | "target"): Fault {
    return new Fault(
      "fence-refused",
      `An application's account has written on the ${side} while ${this.#open === null ? "nobody may" : `the ${this.#open} is open: both are writable`}.`,
      { next: "headgate status" },
    );
  }

  async #attempt(probe: Probe): ReturnType<Probe["attempt"]> {
    return await orStopped(probe.attempt(this.#over.signal), this.#over.signal);
  }

  /** False where it was over first. */
  async #slept(milliseconds: number): Promise<boolean> {
    try {
      await this.#walk.wait(milliseconds, this.#over.signal);
      return true;
    } catch (error) {
      if (this.#over.signal.aborted) return false;
      throw error;
    }
  }
}

function past(budgetMs: number): Fault {
  return new Fault(
    "way-back-stopped",
    `The write pause of the way back is past its budget of ${String(budgetMs / 1000)} s (cutover.maxWritePause).`,
    { next: "headgate rollback" },
  );
}
