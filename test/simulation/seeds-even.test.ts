// The even seeds; two files, so that two cores share them.
import { expect, it } from "vitest";
import { runSeeds, toMeet } from "./seeds.js";

it(
  "copies, streams, crashes and is taken over, and the target is the source at every position (even seeds)",
  async () => {
    const { lives, failures, met } = await runSeeds(0, 2);
    expect(failures).toEqual([]);
    if (lives > 1000) expect(toMeet.filter((thing) => !met.has(thing))).toEqual([]);
  },
  4 * 3_600_000,
);
