/**
 * The virtual world's time and order. Whatever waits (for a server, a timer, a lock) waits here, and one of those that
 * can go on is chosen by the seed, when nothing else is left to run. An actor that is killed stands still for ever:
 * what it waits for is forgotten.
 */
import { stopReason } from "../../src/stop.js";
import type { Random } from "./random.js";

export interface Actor {
  readonly name: string;
  alive: boolean;
}

interface Step {
  readonly actor: Actor;
  readonly go: () => void;
}

interface Timer extends Step {
  readonly at: number;
}

/** Steps from one round of the event loop to the next. */
const loopEvery = 16;

export class Scheduler {
  now = 1_000_000;
  steps = 0;
  readonly #random: Random;
  #ready: Step[] = [];
  #timers: Timer[] = [];
  /** Whose code asked last: p-retry's timers belong to it. */
  current: Actor;
  readonly trace: string[] | null;

  constructor(random: Random, first: Actor, trace: boolean) {
    this.#random = random;
    this.current = first;
    this.trace = trace ? [] : null;
  }

  /** Resolves when it is the actor's turn. */
  step(actor: Actor, what: string): Promise<void> {
    return new Promise((resolve) => {
      if (!actor.alive) return;
      this.#ready.push({
        actor,
        go: () => {
          this.trace?.push(`${this.now} ${actor.name}: ${what}`);
          resolve();
        },
      });
    });
  }

  wait(actor: Actor, milliseconds: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(stopReason(signal));
        return;
      }
      if (!actor.alive) return;
      const timer: Timer = {
        actor,
        at: this.now + Math.max(1, milliseconds),
        go: () => {
          signal.removeEventListener("abort", stopped);
          resolve();
        },
      };
      const stopped = (): void => {
        this.#timers = this.#timers.filter((one) => one !== timer);
        reject(stopReason(signal));
      };
      signal.addEventListener("abort", stopped, { once: true });
      this.#timers.push(timer);
    });
  }

  /** As setTimeout. */
  after(milliseconds: number, go: () => void): Timer {
    const timer = { actor: this.current, at: this.now + milliseconds, go };
    this.#timers.push(timer);
    return timer;
  }

  cancel(timer: unknown): void {
    this.#timers = this.#timers.filter((one) => one !== timer);
  }

  kill(actor: Actor): void {
    actor.alive = false;
    this.#ready = this.#ready.filter((step) => step.actor !== actor);
    this.#timers = this.#timers.filter((timer) => timer.actor !== actor);
  }

  /**
   * Resolves when nothing is left to run: ticks come when no promise is left to go on. Now and then the whole event loop
   * goes round, which tells of rejections that nobody has handled, and costs as much as a step.
   */
  #rest(): Promise<void> {
    return new Promise((resolve) => {
      if (this.steps % loopEvery === 0) setImmediate(resolve);
      else process.nextTick(resolve);
    });
  }

  /** One step, or the clock moves to the next timer. False when nothing waits at all. */
  async turn(): Promise<boolean> {
    await this.#rest();
    this.steps++;
    // Now and then a timer comes before servers that are slow.
    if (this.#ready.length > 0 && !(this.#timers.length > 0 && this.#random.chance(0.02))) {
      const [step] = this.#ready.splice(this.#random.below(this.#ready.length), 1);
      if (step === undefined) return false;
      this.current = step.actor;
      step.go();
      return true;
    }
    let first = Infinity;
    for (const { at } of this.#timers) if (at < first) first = at;
    const due = this.#timers.filter(({ at }) => at === first);
    if (due.length === 0) return false;
    const timer = this.#random.pick(due);
    this.#timers = this.#timers.filter((one) => one !== timer);
    this.now = Math.max(this.now, timer.at);
    this.current = timer.actor;
    timer.go();
    return true;
  }
}
