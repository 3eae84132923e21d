/** The marker that a copy began with: a log that does not show it up to the join is not the one that was noted. */
import { expect, it } from "vitest";
import type { Position } from "../model.js";
import type { ChangeFeed } from "../stream-port.js";
import { Settled } from "./settled.js";

const at = (offset: number): Position => ({ kind: "file", file: "log.000001", offset: String(offset) });
const feed: ChangeFeed = {
  holds: (later, earlier) => Number(later.offset) >= Number(earlier.offset),
  read: () => Promise.resolve(),
  retention: () => Promise.resolve(null),
  [Symbol.asyncDispose]: () => Promise.resolve(),
};
const settled = (startMarker: string | null): Settled =>
  new Settled({ feed, start: at(10), join: at(50), startMarker });

it("stops at the join where the start's marker was not met (trap 52)", () => {
  const lane = settled("7");
  lane.open(0n, null);
  lane.marker("8");
  expect(lane.meets(at(40))).toBe(false);
  expect(() => lane.meets(at(50))).toThrow(expect.objectContaining({ code: "position-unknown" }) as Error);
});

it("joins where it was, where an earlier life has applied something, and where nobody knows it", () => {
  const met = settled("7");
  met.open(0n, null);
  met.marker("7");
  expect(met.meets(at(50))).toBe(true);
  const before = settled("7");
  before.open(3n, at(30));
  expect(before.meets(at(50))).toBe(true);
  const unknown = settled(null);
  unknown.open(0n, null);
  expect(unknown.meets(at(50))).toBe(true);
});

it("stops where rows that were prepared before the start are committed before its marker, and nowhere else", () => {
  const over = settled("7");
  over.open(0n, null);
  expect(() => over.endsUnseen()).toThrow(
    expect.objectContaining({ code: "prepared-transactions" }) as Error,
  );
  // None were prepared when the marker was written.
  over.marker("7");
  expect(() => over.endsUnseen()).not.toThrow();
  const later = settled("7");
  later.open(3n, at(30));
  expect(() => later.endsUnseen()).not.toThrow();
});
