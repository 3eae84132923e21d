/**
 * The sessions of one engine to its target, so that all of them can be left at once: behind a network that has gone silent each
 * would wait for an answer of its own, and none comes.
 */
import type { Fault } from "../../src/errors.js";

export interface Cuttable {
  /** It is lost with this reason, whatever it waits for. */
  cut(why: Fault): void;
}

export class OpenSessions {
  readonly #open = new Set<Cuttable>();

  add(session: Cuttable): void {
    this.#open.add(session);
  }

  delete(session: Cuttable): void {
    this.#open.delete(session);
  }

  /** Those that are open now; whoever comes later is connected as ever. */
  cut(why: Fault): void {
    for (const session of [...this.#open]) session.cut(why);
  }
}
