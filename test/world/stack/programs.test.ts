import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { containerCommand } from "./docker.js";
import { isSource, isTarget } from "../matrix.js";
import { javaHelp, javaVersion } from "./java.js";
import { names } from "./names.js";
import { programsOnPath } from "./path.js";
import { helpFor } from "./programs.js";

describe("a server on PATH", () => {
  let folder: string;
  const path = process.env["PATH"] ?? "";
  beforeEach(() => {
    folder = mkdtempSync("/tmp/headgate-path-");
    chmodSync(folder, 0o755);
    process.env["PATH"] = `${folder}:${path}`;
  });
  afterEach(() => {
    process.env["PATH"] = path;
    rmSync(folder, { recursive: true });
  });

  const program = (version: string): string => {
    const file = join(folder, "mysqld");
    writeFileSync(file, `#!/bin/sh\necho "mysqld  Ver ${version} for Linux on x86_64"\n`, { mode: 0o755 });
    return file;
  };

  it("is taken where it has the right version", async () => {
    const file = program("9.1.0");
    expect(await programsOnPath("mysql9")).toMatchObject({
      provider: "path",
      version: "9.1.0",
      server: [file],
    });
  });

  it("is passed over where it has another, or can't be run", async () => {
    chmodSync(program("8.4.6"), 0o755);
    expect(await programsOnPath("mysql9")).toMatchObject({ unusable: "no mysqld of MySQL 9 on PATH" });
    chmodSync(program("9.1.0"), 0o644);
    expect(await programsOnPath("mysql9")).toHaveProperty("unusable");
  });
});

describe("the one command that would help", () => {
  it("is a command for every server and provider, and binds loopback only", () => {
    for (const name of names) {
      for (const provider of ["auto", "path", "packages", "docker"] as const) {
        for (const platform of ["linux", "darwin"]) {
          expect(helpFor(name, provider, platform)).toMatch(/^(sudo|npm|brew|open) /);
        }
      }
      const command = containerCommand(name);
      expect(command).toMatch(/compose up --wait|-p 127\.0\.0\.1:/);
      if (isSource(name) || isTarget(name))
        expect(command).toContain(
          name.startsWith("postgres") ? "TARGET_URL=postgresql:" : "SOURCE_URL=mysql:",
        );
    }
  });
});

describe("the machine's Java", () => {
  it("tells its version in the words of any maker", () => {
    expect(javaVersion('openjdk version "17.0.15" 2025-04-15')).toBe(17);
    expect(javaVersion('java version "1.8.0_401"')).toBe(8);
    expect(javaVersion('openjdk version "21" 2023-09-19 LTS')).toBe(21);
    expect(javaVersion("command not found")).toBeUndefined();
  });

  it("is one command away where it is missing", () => {
    expect(javaHelp("linux")).toMatch(/^sudo apt-get install .*jre.* maven$/);
    expect(javaHelp("darwin")).toMatch(/^brew install /);
  });
});
