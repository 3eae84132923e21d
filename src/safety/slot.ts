/**
 * Worker slots of a database host, counted across processes: whoever reads, loads or builds holds one, and waits
 * while all are taken. A worker takes the source's slot before the target's and gives the target's back first, so
 * that two migrations that share both hosts cannot wait for each other.
 */
/** All of a host's worker slots are taken. */
export interface NoSlot {
  readonly kind: "no-slot";
  readonly host: "source" | "target";
  readonly slots: number;
}

export interface SlotTools {
  /** Slots of one host, for all engines together. */
  readonly slots: number;
  /** Told once when there is a wait. */
  readonly onEvent: (event: NoSlot) => void;
  readonly wait: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

/** Pause between two looks for a free slot, in milliseconds. */
const pause = 1000;

/** What `take` gives, as soon as it gives something; told once when there is a wait. */
export async function withSlot<T>(
  { slots, onEvent, wait }: SlotTools,
  host: "source" | "target",
  take: (slots: number) => Promise<T | null>,
  signal: AbortSignal,
): Promise<T> {
  for (let told = false; ; told = true) {
    const taken = await take(slots);
    if (taken !== null) return taken;
    if (!told) onEvent({ kind: "no-slot", host, slots });
    await wait(pause, signal);
  }
}
