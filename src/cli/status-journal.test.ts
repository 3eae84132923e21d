import { describe, expect, it } from "vitest";
import type { JournalEntry } from "../cutover-port.js";
import { journeyOf } from "../cutover/journey.js";
import { states } from "../cutover/machine.js";
import type { State } from "../cutover/machine.js";
import { Fault } from "../errors.js";
import { isAway, journalResult, journalSteps, journeyLines } from "./status-journal.js";

const at = "2026-11-28T03:00:00.000Z";

function entries(...told: readonly [string, JournalEntry["phase"], JournalEntry["note"]?][]): JournalEntry[] {
  return told.map(([step, phase, note = null], number) => ({
    ...{ number: number + 1, cutover: "m-1", step, phase, at, note },
  }));
}

const begun = journeyOf(
  entries(
    ["fencing", "entered"],
    ["fence", "about-to"],
    ["fence", "done"],
    ["draining", "entered"],
    ["verifying", "entered"],
    ["proof", "done", { keysAtFence: 7, rowsCleanBefore: 90, equal: true }],
    ["canary", "about-to"],
  ),
);

describe("status with the target dead", () => {
  it("is the journal's word, with the server's exit code and the command that ends it", () => {
    const away = new Fault("server-unreachable", "The target does not answer.");
    const result = journalResult("m", begun, away);
    expect(result).toMatchObject({
      exit: 1,
      nextSteps: [{ command: "headgate rollback" }],
      body: {
        state: "verifying",
        error: { code: "server-unreachable", next: "headgate rollback", retriable: true },
        night: { cutover: "m-1", state: "verifying" },
      },
    });
    expect(result.human).toEqual([
      `m: verifying since ${at}, as the journal beside the config has it`,
      "target   does not answer: The target does not answer.",
      `journal  m-1: canary about-to, ${at}`,
      "proof    7 keys compared inside the fence, 90 rows clean before it: equal",
    ]);
  });

  it("is nothing that another fault leads to", () => {
    expect(isAway(new Fault("login-refused", "no"))).toBe(false);
    expect(isAway(new Error("no"))).toBe(false);
    expect(isAway(new Fault("connection-lost", "gone"))).toBe(true);
  });
});

it("knows what was decided, and why it went back", () => {
  const back = entries(["abort", "decided"], ["rolling_back", "entered", { why: "orders: 1 row differs." }]);
  expect(journeyLines(journeyOf(back))).toEqual(["decided  abort", "why      orders: 1 row differs."]);
  expect(journeyLines(journeyOf([]))).toEqual([]);
});

it("names one command for each state", () => {
  const commands = (state: State): readonly string[] =>
    journalSteps({ state, steps: new Map() }).map(({ command }) => command);
  expect(Object.fromEntries(states.map((state) => [state, commands(state).join()]))).toEqual({
    streaming: "headgate run",
    ready: "headgate run",
    fencing: "headgate rollback",
    draining: "headgate rollback",
    verifying: "headgate rollback",
    switching: "headgate cutover",
    soaking: "headgate run",
    completed: "headgate report",
    rolling_back: "headgate rollback",
    rolled_back: "headgate run",
    abandoned: "headgate report",
  });
});

it("says whether anything was stopped yet", () => {
  const why = (journey: Parameters<typeof journalSteps>[0]): string => journalSteps(journey)[0]?.why ?? "";
  expect(why({ state: "fencing", steps: new Map() })).toMatch(/nothing was stopped yet/u);
  expect(why(begun)).toMatch(/writes on the source may be stopped/u);
});
