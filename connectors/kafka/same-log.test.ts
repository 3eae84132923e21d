/** A log that was begun anew is no log to go on in, whatever its topics have. */
import { expect, it } from "vitest";
import { Fault } from "../../src/errors.js";
import type { Position, ServerFacts } from "../../src/model.js";
import { demandSameLog, unlessTakenOver, watchLog } from "./same-log.js";
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

const facts: ServerFacts = {
  ...{ engine: "mysql", version: "9.7.4", identity: "old", database: "shop", readOnly: false, settings: {} },
};
/** What the source has executed at each look, and who answers; the last look is the end of the test. */
function looking(sets: readonly (number | Fault)[], identities: readonly string[] = []) {
  let [looks, asked] = [0, 0];
  const over = new Fault("usage", "The test has seen enough.");
  return {
    source: {
      position: async () => {
        const set = sets[looks++];
        if (set === undefined) throw over;
        if (set instanceof Fault) throw set;
        return Promise.resolve(at(set));
      },
      facts: () => Promise.resolve({ ...facts, identity: identities[asked++] ?? "old" }),
    },
    book,
    wait: () => Promise.resolve(),
    signal: new AbortController().signal,
  };
}

it("sees a log that is begun anew while it is read, at once and however soon it has grown again", async () => {
  const anew = watchLog(looking([7, 9, 2, 20]), "old", at(5));
  await expect(anew).rejects.toMatchObject({ code: "position-unknown" });
  // Of before the first look, too, and behind a look that came to nothing.
  await expect(watchLog(looking([3, 20]), "old", at(5))).rejects.toMatchObject({ code: "position-unknown" });
  const away = new Fault("connection-lost", "The source is away.");
  await expect(watchLog(looking([9, away, 2, 20]), "old", at(5))).rejects.toMatchObject({
    code: "position-unknown",
  });
});

it("waits for a server that took over to get the end of the log, and for no other", async () => {
  const taken = watchLog(looking([9, 7, 8, 9, 10, 12], ["new"]), "old", at(5));
  await expect(taken).rejects.toMatchObject({ code: "usage" });
  await expect(
    watchLog(looking([9, ...Array.from({ length: 50 }, () => 7)], ["new"]), "old", at(5)),
  ).rejects.toMatchObject({ code: "position-unknown" });
});

it("reads the topics anew where a record's place belies its number because another server answers", async () => {
  const belied = new Fault("position-unknown", "It is misplaced.", { facts: { misplaced: "u:3" } });
  const [same, other] = [looking([], ["old"]), looking([], ["new"])];
  expect(await unlessTakenOver(belied, "old", same.source)).toBe(belied);
  expect(await unlessTakenOver(belied, "old", other.source)).toMatchObject({
    code: "connection-lost",
    retriable: true,
  });
  const another = new Fault("position-unknown", "It is of another kind.");
  expect(await unlessTakenOver(another, "old", other.source)).toBe(another);
});
