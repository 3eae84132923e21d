import { expect, it } from "vitest";
import type { LedgerView, QuarantineRecord } from "../port.js";
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
const commands = (over: Partial<LedgerView>, held: "no" | "paused" = "no"): readonly string[] =>
  nextOf(view(over), over.holder === undefined ? null : { held }, null).map(({ command }) => command);

it.each([
  ["schema-added", "headgate plan --amend"],
  ["schema-changed", "headgate recopy t"],
  ["divergence", "headgate recopy t"],
  ["value-refused", "headgate skip --event 'uuid:7#1' --reason REASON"],
  ["constraint-refused", "headgate skip --event 'uuid:7#1' --reason REASON"],
])("what stands before %s is answered by the command that takes it", (reason, command) => {
  expect(commands({ quarantine: [kept(reason)] })).toEqual([command]);
  // Other lanes go on meanwhile: it says what stands in the way of the command.
  const [step] = nextOf(view({ quarantine: [kept(reason)], holder }), { held: "no" }, null);
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
  expect(commands({ holder }, "paused")).toEqual(["headgate resume"]);
});
