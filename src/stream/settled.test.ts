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
const settled = (id: string | null, note: string | null = "start here"): Settled =>
  new Settled({ feed, start: at(10), join: at(50), startMarker: id === null ? null : { id, note } });

it("stops at the join where the start's marker was not met (trap 52)", () => {
  const lane = settled("7");
  lane.open(0n, null);
  lane.marker("8", "start here");
  expect(lane.meets(at(40))).toBe(false);
  expect(() => lane.meets(at(50))).toThrow(expect.objectContaining({ code: "position-unknown" }) as Error);
});

it("joins where it was, where an earlier life has applied something, and where nobody knows it", () => {
  const met = settled("7");
  met.open(0n, null);
  met.marker("7", "start here");
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
  over.marker("7", "start here");
  expect(() => over.endsUnseen()).not.toThrow();
  const later = settled("7");
  later.open(3n, at(30));
  expect(() => later.endsUnseen()).not.toThrow();
});

it("takes no other server's marker of the same number for it, and asks for no note where none is known", () => {
  const lane = settled("7");
  lane.open(0n, null);
  lane.marker("7", "start elsewhere");
  expect(() => lane.meets(at(50))).toThrow(expect.objectContaining({ code: "position-unknown" }) as Error);
  const old = settled("7", null);
  old.open(0n, null);
  old.marker("7", "start here");
  expect(old.meets(at(50))).toBe(true);
});

it("keeps where topics began with the copy when a feed that knows none has moved the position", () => {
  const topics = [{ topic: "shop.lane-main", offset: "9", begins: true }] as const;
  const lane = new Settled({ feed, start: { ...at(10), topics }, join: at(50) });
  lane.open(3n, at(30));
  expect(lane.base).toEqual({ ...at(30), topics });
  lane.open(4n, { ...at(40), topics: [{ topic: "shop.lane-main", offset: "12" }] });
  expect(lane.base.topics).toEqual([{ topic: "shop.lane-main", offset: "12" }]);
});
