/**
 * How a random schema is thrown: fast-check's own generator, drawn from step by step, because what a table may have
 * next hangs on what it has already. One seed gives one schema, whatever ran before it.
 */
import fc from "fast-check";
import type { Arbitrary, GeneratorValue } from "fast-check";

export interface Dice {
  draw<T>(arbitrary: Arbitrary<T>): T;
  pick<T>(list: readonly T[]): T;
  /** From min to max, both included. */
  between(min: number, max: number): number;
  /** True so often of a hundred times. */
  chance(percent: number): boolean;
}

/** One throw of a seed. */
export function thrown<T>(seed: number, make: (dice: Dice) => T): T {
  const [result] = fc.sample(
    fc.gen().map((g) => make(diceOf(g))),
    { seed, numRuns: 1 },
  );
  if (result === undefined) throw new Error(`seed ${String(seed)} gave nothing`);
  return result;
}

function diceOf(g: GeneratorValue): Dice {
  const drawn = <T>(arbitrary: Arbitrary<T>): T => g(() => arbitrary);
  // Without fast-check's liking for the ends of an interval: a choice among kinds has none.
  const between = (min: number, max: number): number => drawn(fc.noBias(fc.integer({ min, max })));
  return {
    draw: drawn,
    between,
    pick: (list) => {
      const one = list[between(0, list.length - 1)];
      if (one === undefined) throw new Error("nothing to pick from");
      return one;
    },
    chance: (percent) => between(1, 100) <= percent,
  };
}
