/**
 * Holds the import rules of the house over every import line of the repository, and shows on small texts that each
 * rule can fail. A failure prints file, line and rule; the table of rooms is in import-rules.ts.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  cycleProblems,
  exportProblems,
  importsOf,
  mayImport,
  packageProblems,
  roomCycleProblems,
  roomProblems,
} from "./import-rules.js";
import type { ImportLine } from "./import-rules.js";
import { readTree, repoRoot, sources, told } from "./tree.js";

const files = sources(readTree());
const imports = files.flatMap(importsOf);
const manifest = JSON.parse(readFileSync(join(repoRoot, "package.json"), "utf8")) as {
  dependencies: Record<string, string>;
};
const runtime = new Set(Object.keys(manifest.dependencies));

function lines(path: string, text: string): ImportLine[] {
  return importsOf({ path, text });
}

function broken(path: string, text: string): string[] {
  const found = lines(path, text);
  return [...roomProblems(found), ...packageProblems(found, runtime)].map(({ rule }) => rule);
}

describe("the repository", () => {
  it("is read at all", () => {
    expect(files.length).toBeGreaterThan(5);
    expect(imports.some(({ target }) => target === "src/errors.ts")).toBe(true);
  });

  it("imports only downward, connectors only what they may", () => {
    expect(told(roomProblems(imports))).toEqual([]);
  });

  it("keeps drivers, loggers and metrics in their homes", () => {
    expect(told(packageProblems(imports, runtime))).toEqual([]);
  });

  it("has no cycle of files and none of rooms", () => {
    expect(told([...cycleProblems(imports), ...roomCycleProblems(imports)])).toEqual([]);
  });

  it("has no barrels and no default exports", () => {
    // Tools look for a default export in their own configuration.
    const ours = files.filter(({ path }) => !path.endsWith("vitest.config.ts"));
    expect(told(ours.flatMap(exportProblems))).toEqual([]);
  });
});

describe("import lines", () => {
  it("are read in every spelling", () => {
    const text = `import "./a.js";
import type { B } from "../b/b.js";
export { c } from "./c.js";
export const d = await import("./d.js");
export type E = import("./e.js").E;
// import "./not.js"
export const s = 'import "./neither.js"';
`;
    expect(lines("src/plan/x.ts", text).map(({ line, target }) => `${line} ${target}`)).toEqual([
      "1 src/plan/a.ts",
      "2 src/b/b.ts",
      "3 src/plan/c.ts",
      "4 src/plan/d.ts",
      "5 src/plan/e.ts",
    ]);
  });
});

describe("rooms", () => {
  it.each([
    ["src/model.ts", 'import { x } from "./errors.js";'],
    ["src/port.ts", 'import type { x } from "./plan/x.js";'],
    ["src/plan/x.ts", 'import { x } from "../snapshot/y.js";'],
    ["src/plan/x.ts", 'import { x } from "../config/y.js";'],
    ["src/typemap/x.ts", 'import type { x } from "../migration.js";'],
    ["src/snapshot/x.ts", 'import { x } from "../stream/y.js";'],
    ["src/verify/x.ts", 'import { x } from "../cutover/y.js";'],
    ["src/cutover/x.ts", 'import { x } from "../cli/y.js";'],
    ["src/migration.ts", 'import { x } from "../connectors/mysql/y.js";'],
    ["src/migration.ts", 'import { x } from "./cli/y.js";'],
    ["src/cli/run.ts", 'export const x = await import("../../connectors/mysql/y.js");'],
    ["src/cli/run.ts", 'import { x } from "../../test/world/y.js";'],
    ["src/watch/x.ts", 'import { x } from "../migration.js";'],
    ["connectors/mysql/x.ts", 'import { x } from "../postgres/y.js";'],
    ["connectors/mysql/x.ts", 'import { x } from "../../src/plan/y.js";'],
    ["connectors/mysql/x.ts", 'import { x } from "../../src/safety/statement.js";'],
    ["src/loose.ts", 'import { x } from "./errors.js";'],
  ])("%s may not hold %s", (path, text) => {
    expect(broken(path, text)).toEqual(["rooms"]);
  });

  it.each([
    ["src/model.ts", 'import type { x } from "./port.js";'],
    ["src/plan/x.ts", 'import { x } from "../typemap/y.js"; import { f } from "../errors.js";'],
    ["src/snapshot/x.ts", 'import { x } from "../plan/y.js"; import { z } from "./z.js";'],
    ["src/migration.ts", 'import { x } from "./snapshot/y.js"; import { v } from "./verify/v.js";'],
    ["src/cli/main.ts", 'export const x = await import("../../connectors/mysql/y.js");'],
    ["connectors/mysql/x.ts", 'import { x } from "./y.js"; import type { c } from "../../src/typemap/c.js";'],
    ["test/world/x.ts", 'import { x } from "../../src/plan/y.js";'],
  ])("%s may hold %s", (path, text) => {
    expect(broken(path, text)).toEqual([]);
  });

  it("names only rooms that can be above one another", () => {
    for (const [room, allowed] of Object.entries(mayImport))
      if (room.startsWith("src/") && !room.startsWith("src/cli"))
        expect(allowed.filter((name) => name.startsWith("connectors/") || name === "src/cli/")).toEqual([]);
  });
});

describe("packages", () => {
  it.each([
    ["src/snapshot/x.ts", 'import { createConnection } from "mysql2";'],
    ["src/snapshot/x.ts", 'import type { Client } from "pg";'],
    ["connectors/mysql/x.ts", 'import { Client } from "pg";'],
    ["connectors/postgres/x.ts", 'import { x } from "mysql2/promise";'],
    ["src/plan/x.ts", 'import { pino } from "pino";'],
    ["src/plan/x.ts", 'import { it } from "vitest";'],
    ["src/plan/x.ts", 'import { x } from "left-pad";'],
    ["src/model.ts", 'import type { z } from "zod";'],
  ])("%s may not hold %s", (path, text) => {
    expect(broken(path, text)).toEqual(["packages"]);
  });

  it.each([
    ["connectors/mysql/x.ts", 'import { createConnection } from "mysql2/promise";'],
    ["connectors/postgres/x.ts", 'import { from } from "pg-copy-streams"; import { Client } from "pg";'],
    ["src/watch/log.ts", 'import { pino } from "pino";'],
    ["src/plan/x.test.ts", 'import { it } from "vitest";'],
    ["test/world/oracle.ts", 'import { Client } from "pg";'],
    ["src/config/x.ts", 'import { z } from "zod"; import { readFileSync } from "node:fs";'],
  ])("%s may hold %s", (path, text) => {
    expect(broken(path, text)).toEqual([]);
  });
});

describe("cycles", () => {
  it("are found between files, types included", () => {
    const ring = [
      ...lines("src/plan/a.ts", 'import { b } from "./b.js";'),
      ...lines("src/plan/b.ts", 'import { c } from "./c.js";'),
      ...lines("src/plan/c.ts", 'import type { A } from "./a.js";'),
    ];
    expect(cycleProblems(ring).map(({ sentence }) => sentence)).toEqual([
      "imports itself: src/plan/a.ts -> src/plan/b.ts -> src/plan/c.ts -> src/plan/a.ts",
    ]);
    expect(cycleProblems(ring.slice(0, 2))).toEqual([]);
  });

  it("are found between rooms whose files form none", () => {
    const pair = [
      ...lines("src/plan/a.ts", 'import { b } from "../typemap/b.js";'),
      ...lines("src/typemap/c.ts", 'import { d } from "../plan/d.js";'),
    ];
    expect(cycleProblems(pair)).toEqual([]);
    expect(roomCycleProblems(pair)).toHaveLength(1);
  });

  it("are allowed between model and port, which are types only", () => {
    const pair = [
      ...lines("src/model.ts", 'import type { P } from "./port.js";'),
      ...lines("src/port.ts", 'import type { M } from "./model.js";'),
    ];
    expect(cycleProblems(pair)).toEqual([]);
  });
});

describe("exports", () => {
  it.each([
    ["barrels", 'export * from "./a.js"; export const own = 1;'],
    ["barrels", 'export { a } from "./a.js"; export type { B } from "./b.js";'],
    ["default-exports", "export default function f() {}"],
    ["default-exports", "const f = 1; export default f;"],
    ["default-exports", "const f = 1; export { f as default };"],
  ])("%s: %s", (rule, text) => {
    expect(exportProblems({ path: "src/plan/x.ts", text }).map((p) => p.rule)).toEqual([rule]);
  });

  it.each(["export const a = 1;", 'export { a } from "./a.js"; export const b = 2;', 'import "./a.js";'])(
    "may be %s",
    (text) => {
      expect(exportProblems({ path: "src/plan/x.ts", text })).toEqual([]);
    },
  );
});
