/**
 * What `headgate --help` loads. Everything that the entry point imports outright is read before the first line is
 * printed, and one validator or driver among it is the difference between at once and half a second; so packages but
 * these two may only be reached through `import()`, when a verb is called.
 */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { repoRoot } from "./tree.js";

/** Packages that are loaded with this file, and the file that names each, and all files of ours; types are gone by then. */
function loadedBy(entry: string): Map<string, string> & { readonly files: ReadonlySet<string> } {
  const packages = new Map<string, string>();
  const seen = new Set<string>();
  const visit = (path: string): void => {
    if (seen.has(path)) return;
    seen.add(path);
    const text = readFileSync(join(repoRoot, path), "utf8");
    const lines = text.matchAll(/^(?:import|export) (?!type\b)(?:[^;"]*? from )?"(?<name>[^"]+)";$/gmu);
    for (const { groups } of lines) {
      const name = groups?.["name"] ?? "";
      if (name.startsWith("node:")) continue;
      if (!name.startsWith(".")) packages.set(name, path);
      else visit(join(dirname(path), name).replace(/\.js$/u, ".ts"));
    }
  };
  expect(existsSync(join(repoRoot, entry))).toBe(true);
  visit(entry);
  return Object.assign(packages, { files: seen });
}

it("help loads commander and what signals need, nothing else", () => {
  expect([...loadedBy("src/cli/main.ts").keys()].sort()).toEqual(["commander", "p-retry"]);
});

it("a command that only looks, and an offline copy, load nothing of what an engine is made of", () => {
  expect([...loadedBy("src/cli/status.ts").keys()].sort()).toEqual(["string-width", "yaml", "zod"]);
  for (const verb of ["verify", "repair"]) expect(loadedBy(`src/cli/${verb}.ts`).has("hono")).toBe(false);
  const all = ["src/cli/run.ts", "connectors/mysql/source.ts", "connectors/postgres/target.ts"].map(loadedBy);
  for (const { files } of all)
    for (const later of [
      "src/cli/live.ts",
      "connectors/mysql/binlog/feed.ts",
      "connectors/postgres/ledger.ts",
    ])
      expect(files).not.toContain(later);
});

it("the look at imports finds what a verb loads", () => {
  expect(loadedBy("src/cli/run.ts").has("zod")).toBe(true);
});
