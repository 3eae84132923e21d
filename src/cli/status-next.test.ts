import { expect, it } from "vitest";
import type { LedgerView, QuarantineRecord } from "../port.js";
import { nightLines } from "./status-night.js";
import { nextOf } from "./status-next.js";

const kept = (reason: string, table = "t"): QuarantineRecord => ({
  event: "uuid:7#1",
  lane: "main",
  table,
  reason,
  sentence: "so it is",
  position: null,
  state: "kept",
  keptAt: "2026-11-27T00:00:00.000Z",
  who: null,
  why: null,
  settledAt: null,
});

function view(over: Partial<LedgerView> = {}): LedgerView {
  return {
    state: "streaming",
    since: "2026-11-27T00:00:00.000Z",
    fingerprint: "f",
    epoch: "1",
    holder: null,
    pace: null,
    tables: [],
    built: [],
    policies: [],
    lanes: [],
    phases: [],
    holds: [],
    quarantine: [],
    ...over,
  };
}

const holder = { host: "h", pid: 1, since: "2026-11-27T00:00:00.000Z" };
const commands = (
  over: Partial<LedgerView>,
  held: "no" | "paused" = "no",
  blocking: readonly string[] = [],
): readonly string[] =>
  nextOf(view(over), over.holder === undefined ? null : { held, blocking: [...blocking] }, null).map(
    ({ command }) => command,
  );

it.each([
  ["schema-added", "headgate plan --amend"],
  ["schema-changed", "headgate recopy t"],
  ["divergence", "headgate recopy t"],
  ["value-refused", "headgate skip --event 'uuid:7#1' --reason REASON"],
  ["constraint-refused", "headgate skip --event 'uuid:7#1' --reason REASON"],
])("what stands before %s is answered by the command that takes it", (reason, command) => {
  expect(commands({ quarantine: [kept(reason)] })).toEqual([command]);
  // Other lanes go on meanwhile: it says what stands in the way of the command.
  const [step] = nextOf(view({ quarantine: [kept(reason)], holder }), { held: "no", blocking: [] }, null);
  expect(step?.command).toBe(command);
  expect(step?.why).toMatch(command.includes("skip") ? /headgate resume/u : /stop this one first/u);
});

it("names a table as a shell takes it, and what is settled no more", () => {
  expect(commands({ quarantine: [kept("schema-changed", "it's a table")] })).toEqual([
    "headgate recopy 'it'\\''s a table'",
  ]);
  expect(commands({ quarantine: [{ ...kept("schema-changed"), state: "applied" }] })).toEqual([
    "headgate run",
  ]);
});

it("goes on with what there is to do", () => {
  expect(commands({ state: "copied" })).toEqual(["headgate verify", "headgate report", "headgate run"]);
  expect(commands({ state: "copying" })).toEqual(["headgate run --until copied"]);
  expect(commands({ state: "copying", holder })).toEqual([]);
  expect(commands({ holder })).toEqual([]);
  expect(commands({ holder }, "no", ["lag", "connector-unseen"])).toEqual(["headgate run"]);
  expect(commands({ holder }, "paused")).toEqual(["headgate resume"]);
  expect(commands({ state: "soaking", holder })).toEqual(["headgate rollback", "headgate complete"]);
  expect(commands({ state: "soaking" })).toEqual(["headgate run", "headgate rollback", "headgate complete"]);
  expect(commands({ state: "soaking", holder }, "paused")).toEqual(["headgate resume"]);
  expect(commands({ state: "rolled_back" })).toEqual(["headgate run"]);
  expect(commands({ state: "completed" })).toEqual(["headgate report"]);
});

it("tells the night as the ledger has it", () => {
  const entry = {
    ...{ number: 7, cutover: "m-1", step: "open-target", at: "2026-11-27T23:00:00.000Z", note: null },
    phase: "done",
  } as const;
  const night = { cutover: "m-1", lanesClosed: true, journal: [entry] };
  expect(nightLines(view({ state: "soaking", night }))).toEqual([
    "cutover  m-1: the target is open, and nothing of the source's log is written to it",
    "journal  m-1: open-target done, 2026-11-27T23:00:00.000Z",
  ]);
  expect(nightLines(view({ state: "rolled_back", night: { ...night, lanesClosed: false } }))[0]).toBe(
    "cutover  m-1: rolled back, and the source's log is followed again",
  );
  expect(nightLines(view({ night: { ...night, cutover: null, lanesClosed: false } }))[0]).toBe(
    "cutover  m-1: the target is not open",
  );
  expect([...nightLines(view()), ...nightLines(view({ night: null }))]).toEqual([]);
});
