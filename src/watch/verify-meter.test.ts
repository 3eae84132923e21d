/** What is told of a verification's progress: all of its tables, from the first moment on, and after it was resumed. */
import { expect, it } from "vitest";
import { VerifyMeter } from "./verify-meter.js";

function meterOf(share?: number): { readonly meter: VerifyMeter; readonly pass: (seconds: number) => void } {
  let now = 0;
  const expected = new Map([["a", 1000], ["b", 3000]]); // prettier-ignore
  return { meter: new VerifyMeter(expected, () => now, share), pass: (s) => void (now += s * 1000) };
}

it("counts every table that is to be compared, split or not", () => {
  const { meter, pass } = meterOf();
  meter.whole(["a", "b"]);
  expect(meter.read()).toMatchObject({ ranges: { done: 0, total: 2 }, rows: { done: 0, total: 4000 } });
  meter.split("a", 4, 0, 0);
  pass(1);
  meter.compared("a", 500);
  // 3500 rows are left at 500 a second, though only one table has ranges yet.
  expect(meter.read()).toMatchObject({
    ...{ ranges: { done: 1, total: 5 }, rows: { done: 500, total: 4000 } },
    ...{ rowsPerSecond: 500, etaSeconds: 7 },
  });
});

it("what was compared before is done, is no rate, and leaves the rest to do", () => {
  const { meter, pass } = meterOf();
  meter.whole(["a", "b"]);
  meter.split("b", 10, 6, 1800);
  meter.read();
  pass(2);
  meter.compared("b", 300);
  expect(meter.read()).toMatchObject({
    ...{ ranges: { done: 7, total: 11 }, rows: { done: 2100, total: 4000 } },
    ...{ rowsPerSecond: 150, etaSeconds: 13 },
  });
});

it("a table that is through has the rows that it had; of a sample fewer are expected", () => {
  const { meter } = meterOf(0.1);
  meter.whole(["a", "b"]);
  meter.split("a", 1, 0, 0);
  meter.compared("a", 180);
  expect(meter.read().rows).toEqual({ done: 180, total: 480 });
});
