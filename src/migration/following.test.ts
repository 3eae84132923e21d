/** Who waits for a lane that cannot come, because of an XA transaction without an end, is told so. */
import { expect, it } from "vitest";
import type { Position } from "../model.js";
import type { LaneStatus } from "../stream-port.js";
import { followingOf } from "./following.js";
import type { FollowingOptions } from "./following.js";

const at = (offset: number): Position => ({ kind: "file", file: "log.000001", offset: String(offset) });
const lane: LaneStatus = {
  lane: "main",
  seq: 1n,
  position: at(5),
  joined: true,
  lagSeconds: 0,
  eventsRead: 0,
  eventsApplied: 0,
  batches: 1,
  failedInRow: 0,
  stopped: null,
  end: 1n,
};

/** A lane that stands at 5, a source at 7; `prepared` tells what is prepared at each look, and the lane comes at its end. */
function world(prepared: readonly (readonly string[])[]): { options: FollowingOptions; asked: () => number } {
  let asked = 0;
  let waits = 0;
  return {
    asked: () => asked,
    options: {
      source: {
        mark: () => Promise.resolve("1"),
        position: () => Promise.resolve(at(7)),
        preparedTransactions: () => Promise.resolve(prepared[asked++] ?? []),
      },
      lanes: () => [{ ...lane, position: at(asked >= prepared.length && waits > 300 ? 7 : 5) }],
      standing: () => [],
      holds: (later, earlier) => Number(later.offset) >= Number(earlier.offset),
      wait: () => {
        waits++;
        return Promise.resolve();
      },
    },
  };
}

it("an XA transaction that does not end is told, after two looks", async () => {
  const { options, asked } = world([["kept"], ["kept", "new"], [], []]);
  await expect(followingOf(options).caughtUp("main", new AbortController().signal)).rejects.toMatchObject({
    code: "prepared-transactions",
    message: expect.stringMatching(/lane main does not come .* 1 prepared .*: kept\.$/u) as string,
  });
  expect(asked()).toBe(2);
});

it("those that come and go are waited for", async () => {
  const { options } = world([["one"], ["two"], ["three"], []]);
  await followingOf(options).caughtUp("main", new AbortController().signal);
});
