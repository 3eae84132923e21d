import { expect, it } from "vitest";
import type { JournalEntry } from "../cutover-port.js";
import { checkReport } from "./report-check.js";
import { reportDigest } from "./report-digest.js";
import { exampleReport } from "./report-example.js";
import { reportHtml } from "./report-html.js";
import { nightsOf } from "./report-nights.js";

const told = { keysAtFence: 312, rowsCleanBefore: 1000, position: null, equal: true };
const at = (seconds: number): string => new Date(1_700_000_000_000 + seconds * 1000).toISOString();

function journal(
  ...lines: readonly (readonly [string, JournalEntry["phase"], number, JournalEntry["note"]?])[]
) {
  return lines.map(([step, phase, seconds, note], place): JournalEntry => ({
    ...{ number: place + 1, cutover: "m-1", step, phase, at: at(seconds), note: note ?? null },
  }));
}

const there = journal(
  ["fencing", "entered", 0],
  ["fence", "about-to", 1],
  ["proof", "about-to", 1.5],
  ["proof", "done", 2, { ...told, told: ["312 keys were compared inside the fence."] }],
  ["open-target", "done", 2.4],
  ["soaking", "entered", 3],
);
const back = journal(
  ["shut-target", "about-to", 100],
  ["reverse-proof", "done", 101, { ...told, keysAtFence: 7 }],
  ["open-source", "done", 101.6],
  ["rolled_back", "entered", 102],
);

it("tells each night's proofs, and for how long nobody could write", () => {
  const [night] = nightsOf([...there, ...back]);
  expect(night).toMatchObject({
    cutover: "m-1",
    state: "rolled_back",
    pauseSeconds: 1.4,
    backPauseSeconds: 1.6,
  });
  expect(night?.proofs.map(({ at: which, keysAtFence }) => [which, keysAtFence])).toEqual([
    ["fence", 312],
    ["rollback", 7],
  ]);
  expect(night?.sentence).toBe(
    "m-1 is rolled back. Nobody could write for 1.4 s. On the way back nobody could write for 1.6 s. At the fence: 312 keys were compared inside the fence. No difference was left. At the rollback: 7 keys were compared, and at least 1000 rows before that which nothing touched since. No difference was left.",
  );
});

it("says of a night that went back before its proof that nothing was proven", () => {
  const early = journal(["fence", "about-to", 1], ["fence", "undone", 3], ["rolled_back", "entered", 4]);
  expect(nightsOf(early)).toMatchObject([
    {
      pauseSeconds: 2,
      proofs: [],
      sentence: "m-1 is rolled back. Nobody could write for 2.0 s. Nothing was proven in it.",
    },
  ]);
  expect(nightsOf([])).toEqual([]);
});

it("stands in the page and in the digest, so that a changed word is found", () => {
  const body = exampleReport({ nights: nightsOf([...there, ...back]) });
  const page = reportHtml(body);
  expect(page).toContain("312 keys were compared inside the fence.");
  expect(checkReport(page).problems).toEqual([]);
  expect(checkReport(page.replaceAll("312 keys", "313 keys")).problems).not.toEqual([]);
  const json = JSON.stringify({ ...body, digest: reportDigest({ ...body }) });
  expect(checkReport(json).problems).toEqual([]);
  expect(checkReport(json.replace(`"equal":true`, `"equal":false`)).problems).not.toEqual([]);
});
