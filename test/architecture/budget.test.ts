/**
 * Holds the dependency budget over package.json and package-lock.json, looks into the installed packages for machine
 * code that the lock does not tell of, and shows that each line of the budget can be exceeded.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { budget, budgetProblems, runtimePackages } from "./budget-rules.js";
import type { Lock, Manifest } from "./budget-rules.js";
import { repoRoot } from "./tree.js";

const manifest = JSON.parse(readFileSync(join(repoRoot, "package.json"), "utf8")) as Manifest;
const lock = JSON.parse(readFileSync(join(repoRoot, "package-lock.json"), "utf8")) as Lock;

describe("the packages of Headgate", () => {
  it("stay within the budget", () => {
    expect(runtimePackages(lock).length).toBeGreaterThan(0);
    expect(budgetProblems(manifest, lock)).toEqual([]);
  });

  it("bring no machine code", () => {
    const native = runtimePackages(lock).flatMap(([path]) => {
      const folder = join(repoRoot, path);
      if (!existsSync(folder)) return [];
      return readdirSync(folder, { recursive: true, encoding: "utf8" })
        .filter((name) => !name.includes("node_modules/"))
        .filter((name) => name.endsWith(".node") || name.endsWith("binding.gyp"))
        .map((name) => `${path}/${name}`);
    });
    expect(native).toEqual([]);
  });
});

describe("the budget can be exceeded", () => {
  const fine = { version: "1.0.0", integrity: "sha512-x" };

  it("by too many packages", () => {
    const names = Array.from({ length: budget.total + 1 }, (_, i) => `node_modules/p${i}`);
    const many: Manifest = {
      dependencies: Object.fromEntries(names.slice(0, budget.direct + 1).map((n) => [n, "1.0.0"])),
    };
    const problems = budgetProblems(many, { packages: Object.fromEntries(names.map((n) => [n, fine])) });
    expect(problems).toEqual([
      "24 direct runtime dependencies, allowed are 23",
      "101 runtime packages in all, allowed are 100",
    ]);
  });

  it("by an install script, machine code, a missing integrity, a registry's address", () => {
    const packages = {
      "node_modules/a": { ...fine, hasInstallScript: true },
      "node_modules/b": { ...fine, os: ["linux"] },
      "node_modules/c": { version: "1.0.0" },
      "node_modules/d": { ...fine, resolved: "https://example.invalid/d.tgz" },
      "node_modules/e": { ...fine, dev: true, hasInstallScript: true, cpu: ["x64"] },
    };
    expect(budgetProblems({}, { packages })).toHaveLength(4);
  });

  it.each(["^1.0.0", "~1.0.0", "1.x", "latest", ">=1.0.0", "1.0", "git+ssh://x"])(
    "by a version like %s",
    (version) => {
      expect(budgetProblems({ devDependencies: { a: version } }, { packages: {} })).toHaveLength(1);
    },
  );
});
