import { expect, it } from "vitest";
import type { JournalEntry } from "../cutover-port.js";
import { Elapsed } from "./elapsed.js";

const minute = 60_000;
/** Minutes after midnight, as the journal has them. */
const at = (minutes: number): string => new Date(minutes * minute).toISOString();
const line = (minutes: number): JournalEntry => ({
  ...{ number: 1, cutover: "m-1", step: "open-target", phase: "done", note: null },
  at: at(minutes),
});

/** An engine that begins when the wall clock shows so many minutes, with its own clock at nothing. */
function life(wall: number, opened: number, last: number) {
  const clock = { wall: wall * minute, own: 0 };
  const elapsed = new Elapsed(at(opened), [line(last)], {
    now: () => clock.own,
    today: () => new Date(clock.wall),
  });
  return {
    minutes: () => elapsed.ms / minute,
    passes: (minutes: number) => {
      clock.wall += minutes * minute;
      clock.own += minutes * minute;
    },
    sets: (minutes: number) => (clock.wall += minutes * minute),
  };
}

it("counts on from the journal in a life that began later", () => {
  const second = life(40, 10, 12);
  expect(second.minutes()).toBe(30);
  second.passes(5);
  expect(second.minutes()).toBe(35);
});

it("is not lengthened by a clock that is set back, in a life or before it", () => {
  const first = life(10, 10, 10);
  first.passes(20);
  first.sets(-15);
  expect(first.minutes()).toBe(20);
  // The line that was written last is at least so long ago.
  const second = life(5, 10, 28);
  expect(second.minutes()).toBe(18);
  second.passes(3);
  expect(second.minutes()).toBe(21);
});

it("is never less than nothing, and is over where nobody can read the line", () => {
  expect(life(5, 10, 10).minutes()).toBe(0);
  expect(new Elapsed("yesterday", [], { now: () => 0, today: () => new Date(0) }).ms).toBe(Infinity);
});

it("is shortened by as much as a clock is set forward, and counts what its own clock has slept through", () => {
  const first = life(10, 10, 10);
  first.passes(2);
  first.sets(1);
  expect(first.minutes()).toBe(3);
});
