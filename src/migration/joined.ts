/** That all lanes have joined and what waited for it is built: told once, waited for by many. */
import { stopReason } from "../stop.js";

export class Joined {
  #told: () => void = () => undefined;
  readonly #coming = new Promise<void>((resolve) => {
    this.#told = resolve;
  });
  built = false;

  tell(): void {
    this.built = true;
    this.#told();
  }

  /** Rejects with the signal's own reason when it comes first. */
  async wait(signal: AbortSignal): Promise<void> {
    await Promise.race([this.#coming, stopped(signal)]);
  }
}

/** Never resolves: rejects with the signal's reason. */
export async function stopped(signal: AbortSignal): Promise<never> {
  return await new Promise<never>((_, reject) => {
    const stop = (): void => reject(stopReason(signal));
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
}
