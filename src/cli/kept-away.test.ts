import { expect, it } from "vitest";
import type { JournalEntry, Note } from "../cutover-port.js";
import { keptAway } from "./kept-away.js";

function journal(...lines: readonly [step: string, phase: JournalEntry["phase"], note: Note | null][]) {
  return lines.map(([step, phase, note], at): JournalEntry => ({
    ...{ number: at + 1, cutover: "m-1", step, phase, note, at: "2026-11-28T10:00:00.000Z" },
  }));
}
const triggers = {
  triggers: [
    { name: "t1", table: "orders" },
    { name: "t2", table: "users" },
  ],
  trust: "ON",
};
const night = (canary: Note | null, scheduler: string) =>
  journal(
    ["fence", "about-to", { scheduler }],
    ["fence", "done", null],
    ["source-triggers", "about-to", triggers],
    ["source-triggers", "done", null],
    ["canary", "about-to", null],
    ["canary", "done", canary],
    ["completed", "entered", null],
  );

it("names the triggers that stay dropped, with the journal's line that has them, and events that do not run", () => {
  const kept = keptAway(night({ seq: "1" }, "ON"), "/x/.headgate/m");
  expect(kept).toMatchObject({ line: 3, events: true, journal: "/x/.headgate/m/journal.jsonl" });
  expect(kept.triggers).toEqual(triggers.triggers);
  expect(kept.sentences).toEqual([
    "Triggers of the source that stay dropped: t1 on orders, t2 on users. Their definitions are in line 3 of /x/.headgate/m/journal.jsonl (source-triggers): keep that file.",
    expect.stringContaining("event scheduler stays off"),
  ]);
});

it("names none where there was no way back, and no scheduler that was off before", () => {
  expect(keptAway(night(null, "OFF"), "/x")).toMatchObject({ triggers: [], line: null, sentences: [] });
});
