/** What an engine does for whoever asks over its socket, from its run's begin to its end: each life of it says so anew. */
import { Fault } from "../errors.js";
import type { JobAct, JobKind, Works } from "../serve/jobs.js";
import { orStopped } from "../stop.js";

/** What a life that cannot do anything yet says: why, or that it is about to, and whoever asks waits for it. */
export type Beginning = { readonly idle: string } | "soon";

interface Word {
  /** null once it is there, or why there will be none. */
  readonly given: Promise<Fault | null>;
  readonly give: (missing: Fault | null) => void;
}

export class Abilities {
  #works: Works = {};
  /** Why it does nothing else. */
  #idle = "The engine has not begun";
  /** The word is the next life's to give. */
  #leaves = false;
  /** The life's word on what it can do. */
  #word = wordToCome();

  constructor() {
    this.#word.give(null);
  }

  /** Another life of the engine. Who waits for a word that the life before left to it goes on waiting. */
  begin(beginning: Beginning): void {
    this.#works = {};
    if (!this.#leaves) this.#word = wordToCome();
    this.#leaves = false;
    if (beginning === "soon") return;
    this.#idle = beginning.idle;
    this.#word.give(null);
  }

  /** This life does this; anything else it does not, for the reason `idle`. */
  are(works: Works, idle: string): void {
    this.#works = works;
    this.#idle = idle;
    this.#word.give(null);
  }

  /** The life ends, and another one is to follow, which whoever asks from now on waits for. */
  leaves(): void {
    this.#works = {};
    this.#word = wordToCome();
    this.#leaves = true;
  }

  /** The life is over. Who waits for its word is told so; what it was doing ends by itself. */
  ended(): void {
    if (this.#leaves) return;
    this.#word.give(
      new Fault("no-engine", "The engine ended or began anew before it could do that.", {
        next: "Run the same command again.",
      }),
    );
  }

  /** Fault usage where this life does not do it, no-engine where it ended before it could say. */
  async work(kind: JobKind, ...what: Parameters<JobAct>): ReturnType<JobAct> {
    const [, , signal] = what;
    const missing = await orStopped(this.#word.given, signal);
    if (missing !== null) throw missing;
    const act = this.#works[kind];
    if (act === undefined)
      throw new Fault("usage", `${this.#idle}, so there is nothing to ${kind}.`, { next: "headgate status" });
    return await act(...what);
  }
}

function wordToCome(): Word {
  let give: Word["give"] = () => undefined;
  const given = new Promise<Fault | null>((resolve) => {
    give = resolve;
  });
  return { given, give };
}
