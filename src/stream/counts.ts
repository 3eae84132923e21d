/** Where a lane's row changes went (I8). What is pending is what nothing else accounts for, so the sum always holds. */
import type { EventCounts } from "./event.js";

export type Counter = Exclude<keyof EventCounts, "pending">;

export type Counters = Record<Counter, number>;

export function newCounters(): Counters {
  return {
    read: 0,
    applied: 0,
    folded: 0,
    skippedByPosition: 0,
    skippedByCut: 0,
    skippedById: 0,
    filtered: 0,
    discarded: 0,
  };
}

/** Changes that are read and neither settled nor thrown away. */
export function pendingOf(counters: Counters): number {
  const { read, ...settled } = counters;
  return Object.values(settled).reduce((rest, count) => rest - count, read);
}

export function sumOf(all: readonly Counters[]): EventCounts {
  const sum = newCounters();
  for (const counters of all)
    for (const [name, count] of Object.entries(counters)) if (isCounter(name)) sum[name] += count;
  return { ...sum, pending: pendingOf(sum) };
}

function isCounter(name: string): name is Counter {
  return name in newCounters();
}
