/** A limit that cuts off the very statement that lifts it is met again and again, but not for ever; another error passes at once. */
import { expect, it } from "vitest";
import { untilLifted } from "./statement-limit.js";

const numberOf = (error: unknown): unknown => (error instanceof Error ? error.cause : null);

async function tries(numbers: readonly (number | undefined)[]): Promise<{ tried: number; failed: boolean }> {
  let tried = 0;
  const say = async (): Promise<void> => {
    await Promise.resolve();
    const number = numbers[Math.min(tried++, numbers.length - 1)];
    if (number !== undefined) throw new Error("refused", { cause: number });
  };
  const failed = await untilLifted(say, numberOf).then(
    () => false,
    () => true,
  );
  return { tried, failed };
}

it("is lifted by the first try that is not cut off", async () => {
  expect(await tries([1969, 1969, undefined])).toEqual({ tried: 3, failed: false });
});

it("is told of another error at once", async () => {
  expect(await tries([1969, 1045])).toEqual({ tried: 2, failed: true });
});

it("gives up in the end", async () => {
  expect(await tries([1969])).toEqual({ tried: 100, failed: true });
});
