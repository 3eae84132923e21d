/**
 * The hooks of a switch that have not succeeded yet. The target is open, so the way back and its triggers run whether or not
 * they do: they are run beside those, once in each life of an engine and at the word `cutover`, and are ended before anybody
 * goes back, so that none of them leads traffic to a side that is shut by then.
 */
import { finish } from "../cutover/runner.js";
import type { Walk } from "../cutover/walk.js";
import { Fault } from "../errors.js";
import { eitherOf } from "../stop.js";

export class SwitchHooks implements AsyncDisposable {
  readonly #walk: () => Walk;
  #running: Promise<Fault | null> | null = null;
  #end = new AbortController();

  constructor(walk: () => Walk) {
    this.#walk = walk;
  }

  /** Null where all of them have succeeded; whoever comes while they run is told how that ended. */
  run(): Promise<Fault | null> {
    return (this.#running ??= this.#run().finally(() => {
      this.#running = null;
    }));
  }

  /** Nothing of them runs when it resolves. */
  async end(): Promise<void> {
    this.#end.abort(new Fault("interrupted", "Traffic goes back to the source."));
    await this.#running;
    this.#end = new AbortController();
  }

  async #run(): Promise<Fault | null> {
    const walk = this.#walk();
    return await finish({ ...walk, stop: eitherOf(walk.stop, this.#end.signal) });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }
}
