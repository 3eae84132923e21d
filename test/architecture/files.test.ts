/**
 * Holds what is true of whole files: names, sizes, openings, no word that gives a machine or a registry away, and a
 * page for each error code. Files past 300 lines are listed, not refused. Each rule is shown failing on a small text.
 */
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { describe, expect, it } from "vitest";
import { codes } from "../../src/errors.js";
import {
  conflictProblems,
  errorPageProblems,
  lineCount,
  lineWarning,
  nameProblems,
  openingProblems,
  sizeProblems,
  skipProblems,
  wordProblems,
} from "./file-rules.js";
import type { ForbiddenWord } from "./file-rules.js";
import { readTree, repoRoot, sources, told } from "./tree.js";

const all = readTree();
const code = sources(all);

// Spelled in pieces, so that this file does not hold them.
const registries = [
  "registry" + ".npmjs.org",
  "deb" + ".debian.org",
  "repo1" + ".maven.org",
  "maven" + ".apache.org",
];
const workshops = ["/wo" + "rk/", "/ro" + "ot/", "/tmp/" + "hg"];

function forbidden(): ForbiddenWord[] {
  const words = [
    ...[...registries, ...machineRegistries()].map((word) => ({ word, reason: "a registry's host" })),
    ...workshops.map((word) => ({ word, reason: "a path of one machine" })),
    { word: repoRoot + "/", reason: "the folder of one checkout" },
    { word: homedir() + "/", reason: "one person's home" },
  ];
  return words.filter(({ word }) => word.length > 4);
}

/** Hosts that this machine's own settings name as package registries. */
function machineRegistries(): string[] {
  const settings = ["/etc/apt/sources.list", `${homedir()}/.npmrc`, `${homedir()}/.m2/settings.xml`].map(
    (path) => {
      try {
        return readFileSync(path, "utf8");
      } catch (error) {
        if (error instanceof Error && "code" in error && typeof error.code === "string") return "";
        throw error;
      }
    },
  );
  const urls = [process.env["npm_config_registry"] ?? "", ...settings].join("\n");
  const hosts = [...urls.matchAll(/https?:\/\/([A-Za-z0-9.-]+\.[a-z]+)/g)].map(([, host]) => host ?? "");
  // Addresses that explain a file's format are no registries.
  return [...new Set(hosts)].filter((host) => !/(^|\.)(w3\.org|apache\.org|127\.0\.0\.1)$/.test(host));
}

describe("the repository", () => {
  it("names its folders and files by what is in them", () => {
    expect(told(all.flatMap(nameProblems))).toEqual([]);
  });

  it("has no file of more than 600 lines", ({ annotate }) => {
    const long = code.filter((file) => lineCount(file) > lineWarning);
    if (long.length > 0) {
      const list = long.map((file) => `${file.path} (${lineCount(file)})`).join(", ");
      void annotate(`past ${lineWarning} lines: ${list}`, "warning");
      console.warn(`past ${lineWarning} lines: ${list}`);
    }
    expect(told(code.flatMap(sizeProblems))).toEqual([]);
  });

  it("opens every file with its purpose", () => {
    const paths = new Set(code.map(({ path }) => path));
    expect(told(code.flatMap((file) => openingProblems(file, paths)))).toEqual([]);
  });

  it("holds no path of one machine and no registry's host", () => {
    const words = forbidden();
    expect(told(all.flatMap((file) => wordProblems(file, words)))).toEqual([]);
  });

  it("leaves no test out without a reason", () => {
    expect(told(all.flatMap(skipProblems))).toEqual([]);
  });

  it("solves no constraint by passing over it", () => {
    expect(told(all.flatMap(conflictProblems))).toEqual([]);
  });

  it("has a page for each error code", () => {
    expect(told(errorPageProblems(codes, all))).toEqual([]);
  });
});

describe("the rules can fail", () => {
  const file = (path: string, text: string): { path: string; text: string } => ({ path, text });

  it("on a name that says nothing", () => {
    for (const path of ["src/utils/x.ts", "src/plan/helpers.ts", "test/lib/x.sql", "src/common/x.test.ts"])
      expect(nameProblems(file(path, ""))).toHaveLength(1);
    expect(nameProblems(file("src/plan/library.ts", ""))).toEqual([]);
  });

  it("on a file that is two rooms", () => {
    expect(sizeProblems(file("src/plan/x.ts", "x\n".repeat(601)))).toHaveLength(1);
    expect(sizeProblems(file("src/plan/x.ts", "x\n".repeat(600)))).toEqual([]);
  });

  it("on a file without its purpose", () => {
    expect(openingProblems(file("src/x.ts", 'import "./a.js";'))).toHaveLength(1);
    const test = file("src/x.test.ts", 'import "./x.js";');
    expect(openingProblems(test)).toHaveLength(1);
    expect(openingProblems(test, new Set(["src/x.ts"]))).toEqual([]);
    expect(openingProblems(file("src/x.ts", "#!/usr/bin/env node\n/** The start. */"))).toEqual([]);
  });

  it("on a test that cannot say why it is left out", () => {
    for (const way of ["skip", "todo", "skipIf", "runIf"])
      expect(skipProblems(file("src/x.test.ts", `it.${way}("x")`))).toHaveLength(1);
    expect(skipProblems(file("src/x.test.ts", 'it("x", ({ skip }) => { skip("why"); });'))).toEqual([]);
  });

  it("on SQL that passes over a constraint", () => {
    const problems = (sql: string): number =>
      conflictProblems(file("connectors/postgres/x.ts", `// ON CONFLICT DO NOTHING\nconst sql = \`${sql}\`;`))
        .length;
    for (const sql of [
      "INSERT INTO t VALUES (1)\n ON CONFLICT DO NOTHING",
      "INSERT INTO t VALUES (1) ON CONFLICT DO UPDATE SET a = 1",
      "INSERT IGNORE INTO t VALUES (1)",
      "UPDATE IGNORE t SET a = 1",
      "REPLACE INTO t VALUES (1)",
    ])
      expect([sql, problems(sql)]).toEqual([sql, 1]);
    expect(problems("INSERT INTO t VALUES (1) ON CONFLICT (a) DO NOTHING")).toBe(0);
  });

  it("on a word that gives a machine away", () => {
    const words = [{ word: "example.invalid", reason: "a host" }];
    expect(told(wordProblems(file("a.md", "one\nsee example.invalid\n"), words))).toEqual([
      "a.md:2 [words] names a host",
    ]);
    expect(wordProblems(file("a.md", "one\n"), words)).toEqual([]);
  });

  it("on a code without a page, a page without a code, a page that says something else", () => {
    const text = (facts: string): string =>
      `# x\n\n${facts}\n\n## What it means\n\na\n\n## How to confirm\n\nb\n\n## What to do\n\nc\n\n## Is data at risk?\n\nd\n`;
    const table = { good: { exit: 64, retriable: false }, bare: { exit: 1, retriable: true } };
    const good = file("docs/errors/good.md", text("Exit code: 64. Tried again by itself: no."));
    expect(told(errorPageProblems(table, [good]))).toEqual([
      "docs/errors/bare.md:0 [error-pages] is missing",
    ]);
    const rest = { good: table.good };
    expect(errorPageProblems(rest, [good])).toEqual([]);
    expect(errorPageProblems(rest, [good, file("docs/errors/stray.md", good.text)])).toHaveLength(1);
    for (const bad of [
      text("Exit code: 1. Tried again by itself: no."),
      text("Exit code: 64. Tried again by itself: yes."),
      good.text.replace("\n\nc\n", "\n"),
      good.text.replace("## Is data", "## Was data"),
    ])
      expect(errorPageProblems(rest, [file(good.path, bad)])).toHaveLength(1);
  });
});
