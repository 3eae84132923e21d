import { expect, it } from "vitest";
import type { ProofView } from "../verify-port.js";
import { besideOf, figuresOnly } from "./report-beside.js";

type Run = ProofView["runs"][number];

const run = (id: string, facts: Run["facts"], scope: Partial<Run["scope"]> = {}): Run => ({
  id,
  scope: { method: "stream", kind: "full", tables: ["t"], sample: null, ...scope },
  startedAt: "begun",
  endedAt: `end ${id}`,
  facts,
});
const sentence = "t: 30 of 3000 rows were looked at: a fault rate above 15 % would have been seen with 99 %.";
const sampled = (differences: string): Run =>
  run(
    "3",
    { sampled: JSON.stringify([{ table: "t", sentence, differences, pending: "0" }]), tables: 1 },
    { kind: "sample", sample: { percent: 1, seed: 7 } },
  );

it("a sample is told in its own words, with what it found", () => {
  const said = "A sample of 1 % by seed 7, ended at end 3: ";
  expect(besideOf([run("4", {}), sampled("0")]).sentences).toEqual([
    `${said}${sentence} None of them differed.`,
  ]);
  expect(besideOf([sampled("2")]).samples[0]).toMatch(/2 of its rows were on record as different then/u);
  expect(figuresOnly(sampled("0").facts)).toEqual({ tables: 1 });
});

it("queries and foreign keys are told as they were last asked, and speak against the target where they do not hold", () => {
  const query = (result: string) => [
    { name: "total", asks: "this", result, sentence: "total: 1 row equal." },
  ];
  const key = (result: string) => [
    { table: "t", foreignKey: "fk", result, sentence: "fk of t: 1 row asks." },
  ];
  const of = (id: string, ...results: readonly [string, string]): Run =>
    run(id, { queries: JSON.stringify(query(results[0])), foreignKeys: JSON.stringify(key(results[1])) });
  const good = besideOf([run("9", {}), of("8", "holds", "holds"), of("7", "broken", "orphans")]);
  expect(good.holds).toBe(true);
  expect(good.sentences).toEqual([
    "1 query of verify.queries holds, asked at end 8.",
    "Query total: holds. total: 1 row equal.",
    "1 foreign key of 1 holds on the target, looked at end 8.",
  ]);
  const bad = besideOf([of("8", "broken", "orphans")]);
  expect(bad.holds).toBe(false);
  expect(bad.sentences).toContain("1 query of 1 of verify.queries does not hold, asked at end 8.");
  expect(bad.sentences).toContain("fk of t: 1 row asks.");
  expect(besideOf([of("8", "holds", "kept")]).holds).toBe(true);
  expect(besideOf([of("8", "holds", "pending")]).holds).toBe(false);
  // A key that the plan leaves out is nothing against the target, and is told.
  const left = besideOf([of("8", "holds", "not-asked")]);
  expect(left.holds).toBe(true);
  expect(left.sentences).toContain("0 foreign keys of 1 hold on the target, looked at end 8.");
  expect(left.sentences).toContain("fk of t: 1 row asks.");
  // What was never looked at does not hold: a verification of some tables asks neither.
  const fk = { table: "t", foreignKey: "fk" };
  expect(besideOf([run("9", {})], { queries: ["this"], foreignKeys: [fk] })).toMatchObject({
    holds: false,
    sentences: [
      "1 query of verify.queries was never asked as it stands there: a verification of all tables asks them.",
      "1 foreign key of the source was never looked at on the target: a verification of all tables looks at them.",
    ],
  });
  const asked = [of("8", "holds", "holds")];
  expect(besideOf(asked, { queries: ["this"], foreignKeys: [fk] }).holds).toBe(true);
  expect(besideOf(asked, { queries: ["this", "that"], foreignKeys: [fk] }).holds).toBe(false);
  // As many, and another one.
  expect(besideOf(asked, { queries: ["that"], foreignKeys: [fk] }).holds).toBe(false);
  const older = asked.map((each) => ({
    ...each,
    facts: { ...each.facts, queries: JSON.stringify([{ name: "total", result: "holds", sentence: "" }]) },
  }));
  expect(besideOf(older, { queries: ["this"], foreignKeys: [fk] }).holds).toBe(false);
  expect(besideOf(asked, { queries: ["this"], foreignKeys: [fk, { ...fk, table: "u" }] }).holds).toBe(false);
  // One that goes on says nothing yet.
  expect(besideOf([{ ...of("8", "broken", "orphans"), endedAt: null }]).sentences).toEqual([]);
});
