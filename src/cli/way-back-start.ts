/**
 * The way back before the switch, in one life of an engine: made when nothing else is in the way of `ready`, read from then on
 * (src/migration/way-back-watch.ts). Where it cannot be made, that is told, kept back for, and tried again.
 */
import { Fault } from "../errors.js";
import { WayBackWatch } from "../migration/way-back-watch.js";
import { stopReason } from "../stop.js";
import { wayBackPlan } from "../stream/way-back.js";
import type { Log } from "../watch/log.js";
import type { Crew } from "./crew.js";
import type { ReverseLedger, WayBack } from "../cutover-port.js";
import type { Plan, Position } from "../model.js";

export interface WayBackStartOptions {
  readonly plan: Plan;
  /** The claim's. */
  readonly epoch: string;
  readonly crew: () => Promise<Crew>;
  readonly wait: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  readonly log: Log;
  readonly signal: AbortSignal;
}

const againMs = 5000;

export class WayBackStart {
  readonly #options: WayBackStartOptions;
  #running: Promise<void> | null = null;
  #watch: WayBackWatch | null = null;

  constructor(options: WayBackStartOptions) {
    this.#options = options;
  }

  /** What keeps `ready` back. Begins once nothing else does. */
  blocking(level: boolean): readonly string[] {
    if (level) this.#running ??= this.#run();
    return this.#watch?.blocking() ?? ["no-way-back"];
  }

  /** As WayBackWatch.compares; before it runs nothing foreign was seen. */
  compares(): (equal: ReadonlySet<string>) => void {
    return this.#watch?.compares() ?? (() => undefined);
  }

  /** Fault not-ready before it runs. */
  get watch(): WayBackWatch {
    if (this.#watch === null) throw new Fault("not-ready", "The way back does not run yet.");
    return this.#watch;
  }

  /** Resolves once it has ended, by its signal. */
  async ended(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    const { log, signal, wait } = this.#options;
    while (!signal.aborted)
      try {
        await this.#once();
      } catch (error) {
        if (isOver(signal)) return;
        const fault = error instanceof Fault ? error : new Fault("bug", String(error), { cause: error });
        log.warn({ code: fault.code, next: fault.next }, `the way back is not there: ${fault.message}`);
        try {
          await wait(againMs, signal);
        } catch (stopped) {
          if (stopped !== stopReason(signal)) throw stopped;
        }
      }
  }

  async #once(): Promise<void> {
    const { plan, epoch, crew: open, wait, log, signal } = this.#options;
    const crew = await open();
    const { target, source } = crew;
    if (target === null) throw new Fault("bug", "A way back was asked for without a claim.");
    const start = await preparedWayBack(source.wayBack, target.wayBack, plan);
    const checkpoint = await source.wayBack.checkpoint(plan.migration);
    let passed: ((position: Position) => Promise<void>) | null = null;
    if (checkpoint !== null && checkpoint.position !== null) {
      const { seq } = checkpoint;
      await source.wayBack.claim(plan, epoch);
      passed = (position) => source.wayBack.passed(plan.migration, epoch, seq, position);
    }
    const watch = new WayBackWatch({
      wayBack: target.wayBack,
      plan: wayBackPlan(plan),
      // What a soak before this one has brought back is behind it.
      start: checkpoint?.position ?? start,
      passed,
      wait,
      onWord: (sentence) => {
        log.warn({}, sentence);
      },
    });
    this.#watch = watch;
    await watch.run(signal);
    // A fault that does not pass: it is asked anew after a while, and blocks until then.
    await wait(againMs, signal);
  }
}

/**
 * Before the switch only: what a way back before this one has brought back is over, and where it stood lies before a slot
 * that is made now, or in another server's log. Left standing, it would be read from there.
 */
export async function preparedWayBack(
  source: Pick<ReverseLedger, "prepare" | "checkpoint" | "beginAnew">,
  target: Pick<WayBack, "prepare">,
  plan: Plan,
): Promise<Position> {
  await source.prepare(plan);
  // Read before the slot is looked for: an engine that has overtaken this one has moved on from this number.
  const left = await source.checkpoint(plan.migration);
  return await target.prepare(plan, async () => {
    if (left !== null && left.position !== null) await source.beginAnew(plan.migration, left.seq);
  });
}

/** Asked anew: it may have been aborted meanwhile. */
function isOver(signal: AbortSignal): boolean {
  return signal.aborted;
}
