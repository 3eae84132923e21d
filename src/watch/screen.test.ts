import { expect, it } from "vitest";
import { clock, count, megabytes, openScreen } from "./screen.js";
import type { Reading } from "./meter.js";

const reading: Reading = {
  tables: { done: 1, total: 3 },
  rows: { done: 1234, total: 5000 },
  bytes: 1_500_000,
  rowsPerSecond: 100,
  bytesPerSecond: 2_000_000,
  elapsedSeconds: 61,
  etaSeconds: 3725,
};

it("writes one plain line every ten seconds off a terminal, without cursor codes", () => {
  let now = 0;
  const written: string[] = [];
  const screen = openScreen(
    false,
    () => now,
    (text) => void written.push(text),
  );
  for (; now < 25_000; now += 500) screen.show("copying", reading, "");
  expect(written).toHaveLength(3);
  expect(written[0]).toBe(
    "copying: 1/3 tables, 1,234 of about 5,000 rows, 100 rows/s, 2.0 MB/s, 1:01 gone, about 1:02:05 left\n",
  );
  expect(written.join("")).not.toContain("\u001b");
});

it("spells figures for people", () => {
  expect([count(1_234_567), megabytes(1_550_000), clock(5), clock(3600)]).toEqual([
    "1,234,567",
    "1.6 MB",
    "0:05",
    "1:00:00",
  ]);
});
