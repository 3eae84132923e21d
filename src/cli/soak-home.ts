/** The way back as the soak goes it: once at a time, whoever asks for it, and with what did not go back in its answer. */
import { persisting } from "../cutover/persisting.js";
import { rollback } from "../cutover/rollback.js";
import type { StepTold } from "../cutover/walk.js";
import type { Fault } from "../errors.js";
import type { RollbackProof } from "../migration/at-rollback.js";
import type { RefusedChanges } from "../migration/refused.js";
import type { ReverseStream } from "../migration/reverse.js";
import type { Crew } from "./crew.js";
import { differing, walkedBody } from "./cutover-ask.js";
import type { Body } from "./cutover-ask.js";
import type { Living } from "./living.js";
import type { Turning } from "./soak-turning.js";
import type { SoakWalker } from "./soak-walker.js";

export interface SoakHomeParts {
  readonly living: Living;
  readonly crew: Crew;
  readonly walk: SoakWalker;
  readonly reverse: ReverseStream;
  readonly refused: RefusedChanges;
  /** No hook of the switch runs any more when this resolves. */
  readonly hooksEnded: () => Promise<void>;
  /** The last proof of this life; null before one. */
  readonly proven: () => RollbackProof | null;
  /** Is told what the soak has come to. */
  readonly over: Turning;
  readonly signal: AbortSignal;
}

export class SoakHome {
  readonly #parts: SoakHomeParts;
  #going: Promise<Body> | null = null;
  /** Ends the one that is under way. */
  #word = new AbortController();

  constructor(parts: SoakHomeParts) {
    this.#parts = parts;
  }

  /** Null where nobody is on the way. */
  get going(): Promise<Body> | null {
    return this.#going;
  }

  /** Joins whoever is on the way already. */
  go(onStep: (told: readonly StepTold[]) => void, why: Fault | null = null): Promise<Body> {
    this.#going ??= this.#go(onStep, why, this.#word.signal).finally(() => {
      this.#going = null;
      this.#word = new AbortController();
    });
    return this.#going;
  }

  /** Gives up the one that is under way, while it can be; what it came to, null where nobody is on the way. */
  giveUp(why: Fault): Promise<Body> | null {
    if (this.#going !== null) this.#word.abort(why);
    return this.#going;
  }

  async #go(
    onStep: (told: readonly StepTold[]) => void,
    why: Fault | null,
    word: AbortSignal,
  ): Promise<Body> {
    const { living, crew, walk, reverse, refused, proven, over, signal } = this.#parts;
    const { services } = living.context;
    const told: StepTold[] = [];
    await this.#parts.hooksEnded();
    const going = walk.of({
      reverse,
      onStep: (each) => {
        told.push(each);
        onStep(told);
      },
    });
    // Both sides may be shut by now: what passes is not left for somebody to find.
    const walked = await persisting(services, () => rollback(going, why, word), { signal });
    const body = walkedBody(walked, crew.journey, told);
    if (walked.state === "soaking") {
      // Where it was given up the stream has been drained and ended: another life soaks on.
      over.resolve("reopened");
      if (walked.why !== null) this.#tellGivenUp(walked.why);
      const proof = proven();
      return proof === null || proof.equal ? body : { ...body, ...differing(proof) };
    }
    over.resolve("rolled_back");
    const { leftOut } = refused;
    return leftOut.length === 0 ? body : { ...body, leftOut, stayed: proven()?.stayed ?? null };
  }

  #tellGivenUp(why: Fault): void {
    const { living, crew } = this.#parts;
    living.log.error({ code: why.code, next: why.next }, why.message);
    crew.hooks.page(
      { migration: living.migration.id, cutover: crew.journey.cutover, reason: why.message },
      new AbortController().signal,
    );
  }
}
