import fc from "fast-check";
import { expect, it } from "vitest";
import { exits } from "../errors.js";
import { homeSteps } from "./home-steps.js";
import { code, plain, runbookMarkdown } from "./runbook-markdown.js";
import type { RunbookFacts } from "./runbook.js";
import { runbookOf } from "./runbook.js";
import { steps } from "./steps.js";

const facts: RunbookFacts = {
  migration: "20261122_shop",
  environment: "production",
  source: "db1.internal:3306/shop",
  target: "db2.internal:5432/shop",
  targetDatabase: "shop",
  command: "headgate",
  tables: [
    { table: "orders", rows: 180_000, keyless: false },
    { table: "stock|`moves", rows: 25_000, keyless: true },
  ],
  estimate: "2 tables, about 205,000 rows.",
  settings: {
    maxWritePause: "30s",
    fence: "accounts",
    accounts: ["app"],
    roles: ["app"],
    wayBack: true,
    guard: "30m",
    triggers: ["replication lag above 30 s for 60s"],
    hooks: ["switch", "page"],
    latencies: "Nobody gives latencies.",
  },
  rehearsal: null,
  warnings: ["orders.note | may be longer"],
  overrides: [],
};

it("has every exit code of the contract, each with what to do", () => {
  const { exits: advised } = runbookOf(facts);
  expect(advised.map(({ exit }) => exit).sort((a, b) => a - b)).toEqual(
    Object.values(exits).sort((a, b) => a - b),
  );
  for (const { means, then } of advised) expect(means.length * then.length).toBeGreaterThan(0);
});

it("gives each step that is typed a command, what it prints, when to give up and how to go back", () => {
  for (const { steps } of runbookOf(facts).parts)
    for (const step of steps)
      for (const text of [step.does, step.expect, step.abort, step.undo]) expect(text).not.toBe("");
});

it("walks the very list that a cutover and a rollback walk, but for hooks that are not set", () => {
  const { night, home } = runbookOf(facts);
  const unset = ["before-fence", "after-fence", "before-switch", "after-switch"];
  expect(night.map(({ stage }) => stage)).toEqual(
    steps.map(({ name }) => name).filter((name) => !unset.includes(name)),
  );
  expect(home.map(({ stage }) => stage)).toEqual(homeSteps.map(({ name }) => name));
});

it("says of a step that nobody measured that nobody did, and what the last rehearsal took", () => {
  expect(runbookMarkdown(runbookOf(facts))).toContain("There was no rehearsal yet");
  const text = runbookMarkdown(
    runbookOf({
      ...facts,
      rehearsal: {
        at: "2026-11-21T02:00:00Z",
        of: "rehearsal",
        steps: [
          { step: "drain", seconds: 0.25 },
          { step: "proof", seconds: 1.5 },
        ],
      },
    }),
  );
  expect(text).toContain("Seconds are of the rehearsal of 2026-11-21T02:00:00Z.");
  expect(text).toMatch(/`drain` \|[^|]*\| 0\.25 \|/u);
  expect(text).toMatch(/`fence` \|[^|]*\| not measured \|/u);
  expect(text).toMatch(/`headgate cutover --confirm shop` \|[^|]*\| 1\.75 \|/u);
});

it("asks for the database's name where the environment does, as a shell takes it", () => {
  const text = (more: Partial<RunbookFacts>): string => runbookMarkdown(runbookOf({ ...facts, ...more }));
  expect(text({ targetDatabase: "my shop's" })).toContain("--confirm 'my shop'\\''s'");
  expect(text({ environment: "staging" })).not.toContain("--confirm");
  expect(text({ settings: { ...facts.settings, wayBack: false } })).toContain("no way back");
});

it("has tables of as many cells in each line, whatever the names hold", () => {
  const cells = (line: string): number => line.replaceAll(/\\\|/gu, "").split("|").length;
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 20 }), (name) => {
      const text = runbookMarkdown(
        runbookOf({
          ...facts,
          settings: { ...facts.settings, accounts: [name], roles: [name] },
          targetDatabase: name,
          tables: [{ table: name, rows: 1, keyless: true }],
        }),
      );
      let width = 0;
      for (const line of text.split("\n")) {
        if (!line.startsWith("|")) width = 0;
        else if (width === 0) width = cells(line);
        else expect(cells(line)).toBe(width);
      }
      expect(plain(name) + code(name)).not.toMatch(/[\p{Cc}\u202e]/u);
    }),
  );
});
