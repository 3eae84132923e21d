/**
 * Days and microseconds against BigInt arithmetic and JavaScript's own proleptic calendar, in the years where one
 * double would have lost a microsecond and at both ends of MySQL's calendar.
 */
import { describe, expect, it } from "vitest";
import { clockText, dateText, dayNumber, noDay, writeMicroseconds } from "./calendar.js";

const epoch = Date.UTC(2000, 0, 1) / 86_400_000;

function jsDay(year: number, month: number, day: number): number {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return date.getTime() / 86_400_000 - epoch;
}

describe("days", () => {
  it("are the calendar's, forth and back, for every day of 9999 years", () => {
    let expected = jsDay(1, 1, 1);
    for (let year = 1; year <= 9999; year++)
      for (let month = 1; month <= 12; month++) {
        const days = new Date(Date.UTC(year + 2000, month, 0)).getUTCDate();
        for (const day of [1, 28]) {
          const number = dayNumber(year, month, day);
          if (number !== expected + day - 1)
            expect(number, `${year}-${month}-${day}`).toBe(expected + day - 1);
          const text = `${String(year).padStart(4, "0")}-${String(month).padStart(2, "0")}-${day === 1 ? "01" : "28"}`;
          if (dateText(number) !== text) expect(dateText(number)).toBe(text);
        }
        // 2000 years later the leap years are the same.
        expected += days;
      }
    expect(expected).toBe(jsDay(10_000, 1, 1));
  });

  it.each([
    [0, 0, 0],
    [0, 1, 1],
    [2024, 0, 0],
    [2024, 1, 0],
    [2024, 13, 1],
    [2023, 2, 29],
    [1900, 2, 29],
    [2024, 2, 30],
    [2024, 4, 31],
  ])("%i-%i-%i is no day", (year, month, day) => {
    expect(dayNumber(year, month, day)).toBe(noDay);
  });

  it("knows February", () => {
    for (const year of [2000, 2024, 1600]) expect(dayNumber(year, 3, 1) - dayNumber(year, 2, 29)).toBe(1);
    for (const year of [1900, 2023]) expect(dayNumber(year, 3, 1) - dayNumber(year, 2, 28)).toBe(1);
  });
});

describe("microseconds", () => {
  const room = new DataView(new ArrayBuffer(8));

  it.each([1, 1000, 1713, 1714, 1969, 1999, 2000, 2285, 2286, 9999])("are exact in year %i", (year) => {
    for (const [month, day, second] of [
      [1, 1, 0],
      [12, 31, 86_399],
      [6, 15, 43_201],
    ] as const)
      for (const micros of [0, 1, 2, 63, 64, 999_998, 999_999]) {
        const seconds = dayNumber(year, month, day) * 86_400 + second;
        writeMicroseconds(room, 0, seconds, micros);
        expect(room.getBigInt64(0)).toBe(BigInt(seconds) * 1_000_000n + BigInt(micros));
      }
  });

  it("are exact wherever the lower half overflows", () => {
    for (let k = -5000; k < 5000; k++) {
      // Seconds around multiples of 2^32 microseconds.
      const seconds = Math.floor((k * 2 ** 32) / 1e6);
      writeMicroseconds(room, 0, seconds, 999_999);
      expect(room.getBigInt64(0)).toBe(BigInt(seconds) * 1_000_000n + 999_999n);
    }
  });

  it("print hours past a day", () => {
    expect(clockText(838 * 3600 + 59 * 60 + 59)).toBe("838:59:59");
  });
});
