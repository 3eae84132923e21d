/** A log that was begun anew is no log to go on in, whatever its topics have. */
import { expect, it } from "vitest";
import type { Position } from "../../src/model.js";
import { demandSameLog } from "./same-log.js";
import type { SameLog } from "./same-log.js";

const at = (set: number): Position => ({ kind: "gtid", set: `u:1-${String(set)}`, file: "", offset: "0" });
const last = (position: Position): number =>
  Number(/-(\d+)$/u.exec(position.kind === "gtid" ? position.set : "")?.[1]);
const book = { holds: (later: Position, earlier: Position) => last(later) >= last(earlier) };
/** Has executed so much, and so much more at each look. */
function asking(first: number, more = 0): SameLog {
  let looks = 0;
  return {
    source: { position: () => Promise.resolve(at(first + more * looks++)) },
    book,
    wait: () => Promise.resolve(),
    signal: new AbortController().signal,
  };
}

it("goes on where the source has all that every lane has applied, if only soon, and not where one lane has more", async () => {
  await demandSameLog(asking(7), [at(5), at(7)]);
  await demandSameLog(asking(7), []);
  await demandSameLog(asking(7, 1), [at(10)]);
  await expect(demandSameLog(asking(7), [at(5), at(8)])).rejects.toMatchObject({
    code: "position-unknown",
    facts: { applied: JSON.stringify([at(5), at(8)]) },
  });
});
