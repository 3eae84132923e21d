/** A bell: those who found nothing to do wait for the next ring. */
import type { Fault } from "../errors.js";
import { stopReason } from "../stop.js";

interface Waiter {
  readonly signal: AbortSignal;
  readonly wake: () => void;
  readonly stop: (reason: Fault) => void;
}

export class Bell {
  #waiting = new Set<Waiter>();
  /** Those whose abort is listened for: once each, and not once a wait. All of them are aborted in the end. */
  readonly #heard = new WeakSet<AbortSignal>();

  ring(): void {
    if (this.#waiting.size === 0) return;
    const woken = this.#waiting;
    this.#waiting = new Set();
    for (const { wake } of woken) wake();
  }

  /** Resolves at the next ring; look for work and call this without a wait between. Rejects when the signal is aborted. */
  async next(signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw stopReason(signal);
    this.#hear(signal);
    await new Promise<void>((wake, stop) => {
      this.#waiting.add({ signal, wake, stop });
    });
  }

  /** Waits for rings until `done` says so. */
  async until(done: () => boolean, signal: AbortSignal): Promise<void> {
    while (!done()) await this.next(signal);
  }

  #hear(signal: AbortSignal): void {
    if (this.#heard.has(signal)) return;
    this.#heard.add(signal);
    const stopped = (): void => {
      for (const waiter of [...this.#waiting]) {
        if (waiter.signal !== signal) continue;
        this.#waiting.delete(waiter);
        waiter.stop(stopReason(signal));
      }
    };
    signal.addEventListener("abort", stopped, { once: true });
  }
}
