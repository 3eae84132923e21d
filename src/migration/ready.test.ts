/** What keeps `ready` back, as codes. */
import { expect, it } from "vitest";
import type { LaneStatus } from "../stream-port.js";
import { blockingOf } from "./ready.js";

const lane: LaneStatus = {
  ...{ lane: "main", seq: 1n, position: null, joined: true, lagSeconds: 0, eventsRead: 0, eventsApplied: 0 },
  ...{ batches: 1, stopped: null, end: 1n, failedInRow: 0 },
};
const nothing = { built: true, unended: false };

it("is told in a fixed order, and nothing where nothing is in the way", () => {
  expect(blockingOf({ lanes: [lane], paused: false }, nothing)).toEqual([]);
  const stands = { ...lane, joined: false, lagSeconds: null, stopped: "x" };
  expect(blockingOf({ lanes: [lane, stands], paused: true }, { built: false, unended: true })).toEqual([
    "paused",
    "lane-stopped",
    "catching-up",
    "prepared-transactions",
    "lag",
  ]);
});

it("an XA transaction without an end is in the way of a join only", () => {
  const unended = { ...nothing, unended: true };
  expect(blockingOf({ lanes: [{ ...lane, joined: false }], paused: false }, unended)).toEqual([
    "catching-up",
    "prepared-transactions",
  ]);
  expect(blockingOf({ lanes: [lane], paused: false }, unended)).toEqual([]);
});

it("is kept back by batches that fail three times in a row, and not by two", () => {
  const failing = (failedInRow: number, failedBatches?: number): readonly string[] =>
    blockingOf({ lanes: [{ ...lane, failedInRow }], paused: false }, { ...nothing, failedBatches });
  expect([failing(2), failing(3)]).toEqual([[], ["batches-failing"]]);
  // As headgate.yaml has it.
  expect([failing(4, 5), failing(5, 5), failing(1, 1)]).toEqual([
    [],
    ["batches-failing"],
    ["batches-failing"],
  ]);
});
