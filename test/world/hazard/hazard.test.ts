/**
 * The runner on trial, without servers: what a wrong expected.yaml is told, how pieces of config are put together
 * and divided, what differs between findings. And docs/hazards.md is as `npm run hazards` writes it.
 */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { known, readCapabilities, unmet } from "./capability.js";
import { readExpected } from "./expected.js";
import { findingProblems, ownerOf } from "./finding.js";
import type { Found } from "./finding.js";
import { askedFor, readHazards } from "./folder.js";
import { hazardPage, pagePath } from "./page.js";
import { merged, shareOf } from "./settlement.js";

const path = "test/hazards/x/expected.yaml";
const least = `title: t
why: w
origin: [traps.md 1]
target: [{ table: x, columns: { id: integer }, rows: [[1.50], [null], ["null"]] }]
`;

describe("the folders", () => {
  it("are those of docs/hazards.md", () => {
    expect(readFileSync(pagePath, "utf8"), "npm run hazards writes it").toBe(hazardPage(readHazards()));
  });

  it("name capabilities that there are", () => {
    const nothing = { engine: "mysql", abilities: new Set<string>(), surprises: [] } as const;
    const all = readCapabilities();
    for (const { expected } of readHazards())
      for (const condition of [
        expected.applies,
        ...[...expected.findings, ...expected.remains, ...expected.target, ...expected.statements].map(
          ({ when }) => when,
        ),
      ])
        unmet(condition, all, nothing);
    expect(() => unmet({ needs: ["flying"], lacks: [] }, all, nothing)).toThrow("no capability flying");
  });

  it("each apply to one of the stack's servers at least", () => {
    const all = readCapabilities();
    const pairs = (["mysql9", "mariadb", "mysql56"] as const).flatMap((source) =>
      (["postgres18", "postgres17", "postgres15"] as const).map((target) => known(all, source, target)),
    );
    const nowhere = readHazards().filter(({ expected }) =>
      pairs.every((servers) => unmet(expected.applies, all, servers) !== null),
    );
    expect(nowhere.map(({ name }) => name)).toEqual([]);
  });

  it("are asked for by globs, and one that is not there is told", () => {
    const all = readHazards();
    expect(askedFor(all, "zero-date-null").map(({ name }) => name)).toEqual(["zero-date-null"]);
    expect(askedFor(all, "zero-date-*, float-exact").length).toBeGreaterThan(2);
    expect(() => askedFor(all, "zero-dat")).toThrow("HEADGATE_HAZARD=zero-dat names no folder");
  });
});

describe("expected.yaml", () => {
  it("keeps every scalar's text, null excepted", () => {
    expect(readExpected(least, path).target[0]?.rows).toEqual([["1.50"], [null], ["null"]]);
  });

  it("keeps pieces of headgate.yaml as YAML has them", () => {
    const { headgate, settle } = readExpected(
      `${least}headgate: { names: lower }\nsettle: { snapshot: { workers: 1 } }\n`,
      path,
    );
    expect([headgate, settle]).toEqual([{ names: "lower" }, { snapshot: { workers: 1 } }]);
  });

  it.each([
    ["a misspelled key", `${least}finding: []\n`, "finding"],
    [
      "a misspelled key inside",
      `${least}findings: [{ code: c, severity: error, object: x, cuont: 1 }]\n`,
      "findings[0]",
    ],
    [
      "an unknown severity",
      `${least}findings: [{ code: c, severity: fatal, object: x }]\n`,
      "findings[0].severity",
    ],
    [
      "a count that is none",
      `${least}findings: [{ code: c, severity: info, object: x, count: many }]\n`,
      ".count",
    ],
    ["an unknown origin", least.replace("traps.md 1", "hearsay"), "origin[0]"],
    ["a row too short", least.replace("[null]", "[null, 1]"), "a row of x"],
    ["a refusal with a target", `${least}settle: refused\n`, "settle: refused leaves nothing"],
    ["a refusal of nothing", `title: t\nwhy: w\norigin: [traps.md 1]\nsettle: refused\n`, "needs a finding"],
    [
      "no expectation at all",
      `title: t\nwhy: w\norigin: [traps.md 1]\n`,
      "what at least one table must hold",
    ],
    ["a settlement that is no word of ours", `${least}settle: propose\n`, "settle"],
    ["a key twice", `${least}title: again\n`, "Map keys must be unique"],
    ["no YAML", "title: [", "Flow sequence"],
  ])("refuses %s by the file's name", (_, text, words) => {
    expect(() => readExpected(text, path)).toThrow(path);
    expect(() => readExpected(text, path)).toThrow(words);
  });
});

describe("pieces of config", () => {
  it("are joined: lists, maps, equal values", () => {
    expect(
      merged([
        { names: "lower", tables: { rename: { a: "b" }, exclude: ["x"] }, typemap: [1] },
        { names: "lower", tables: { rename: { c: "d" }, exclude: ["y"] }, typemap: [2] },
      ]),
    ).toEqual({
      names: "lower",
      tables: { rename: { a: "b", c: "d" }, exclude: ["x", "y"] },
      typemap: [1, 2],
    });
    expect(() => merged([{ names: "keep" }, { names: "lower" }])).toThrow("want names differently");
  });

  it("are divided by the tables that they speak of", () => {
    const line = (table: string): unknown => ({ match: { table, column: "c" }, to: { type: "text" } });
    const proposal = {
      tables: { rename: { a: "a_", b: "b_" } },
      typemap: [line("a"), line("b")],
      policies: [line("b")],
    };
    expect(shareOf(proposal, (table) => table === "a")).toEqual({
      tables: { rename: { a: "a_" } },
      typemap: [line("a")],
    });
    expect(() => shareOf({ names: "lower" }, () => true)).toThrow("whose is names");
    expect(() => shareOf({ typemap: [{ match: { type: "enum" } }] }, () => true)).toThrow("whose is typemap");
  });
});

describe("findings", () => {
  const one: Found = {
    code: "c",
    severity: "error",
    object: "t.c",
    sentence: "s of t.c",
    count: 2,
    sampleKeys: ["1", "2"],
  };
  const held = { own: [one], all: [one], database: "db", exactly: false };
  const want = { code: "c", severity: "error", object: "t.c" } as const;

  it("belong to whoever made the longest name that they begin with", () => {
    const owners = new Map([
      ["t", "first"],
      ["t.x", "second"],
    ]);
    expect(["t", "t.c", "t.x", "t.x.c", "tt", "server.t"].map((object) => ownerOf(object, owners))).toEqual([
      "first",
      "first",
      "second",
      "second",
      null,
      null,
    ]);
  });

  it("are held against what is expected of them", () => {
    const problems = (expected: object, more: object = {}): readonly string[] =>
      findingProblems({ ...held, ...more, expected: [{ ...want, ...expected }] });
    expect(problems({ count: 2, sampleKeys: ["2", "1"], says: ["of t"] })).toEqual([]);
    expect(problems({ count: 1 })[0]).toContain("count 2, not 1");
    expect(problems({ severity: "warning" })[0]).toContain("severity error, not warning");
    expect(problems({ sampleKeys: ["1"] })[0]).toContain("sampleKeys");
    expect(problems({ says: ["never"] })[0]).toContain('without "never"');
    expect(problems({ code: "d" })).toEqual([
      "no finding d for t.c",
      'nobody expects: error c t.c (2; keys ["1","2"]): s of t.c',
    ]);
    expect(problems({}, { all: [one, one] })).toEqual(["2 findings c for t.c"]);
    const whole = { ...one, object: "db" };
    expect(problems({ object: "{database}" }, { own: [], all: [whole] })).toEqual([]);
    const info: Found = { ...one, code: "i", severity: "info" };
    expect(problems({}, { own: [one, info], all: [one, info] })).toEqual([]);
    expect(problems({}, { own: [one, info], all: [one, info], exactly: true })[0]).toContain(
      "nobody expects: info",
    );
  });
});
