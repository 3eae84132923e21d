import { expect, it } from "vitest";
import { shareUsed } from "./pulse.js";

it.each([
  [{ blocks: 100, bfree: 50, bavail: 50 }, 0.5],
  // Half of the disk is set aside for root: of what there is for others a fifth is used.
  [{ blocks: 100, bfree: 90, bavail: 40 }, 0.2],
  [{ blocks: 100, bfree: 5, bavail: 0 }, 1],
  [{ blocks: 0, bfree: 0, bavail: 0 }, null],
])("a disk of %o is used to %s, as df says", (disk, share) => {
  expect(shareUsed(disk)).toBe(share);
});
