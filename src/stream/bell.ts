/** A bell: those who found nothing to do wait for the next ring. */
import { stopReason } from "../stop.js";

export class Bell {
  #waiting = new Set<() => void>();

  ring(): void {
    if (this.#waiting.size === 0) return;
    const woken = this.#waiting;
    this.#waiting = new Set();
    for (const wake of woken) wake();
  }

  /** Resolves at the next ring; look for work and call this without a wait between. Rejects when the signal is aborted. */
  async next(signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw stopReason(signal);
    await new Promise<void>((resolve, reject) => {
      const stopped = (): void => {
        this.#waiting.delete(wake);
        reject(stopReason(signal));
      };
      const wake = (): void => {
        signal.removeEventListener("abort", stopped);
        resolve();
      };
      signal.addEventListener("abort", stopped, { once: true });
      this.#waiting.add(wake);
    });
  }

  /** Waits for rings until `done` says so. */
  async until(done: () => boolean, signal: AbortSignal): Promise<void> {
    while (!done()) await this.next(signal);
  }
}
