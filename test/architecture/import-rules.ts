/**
 * The import rules of the house, as one table and a few functions over import lines. The table says for each room
 * what it may name: rooms above are never in it, so the arrows only point down and a room can be read, tested and
 * replaced without those that use it. Type-only imports count: a type that leaks upward is the same dependency.
 * Every rule is a pure function of file texts, so imports.test.ts can show each one failing.
 */
import { posix } from "node:path";
import ts from "typescript";
import type { Problem, RepoFile } from "./tree.js";

/** One import, re-export or dynamic import. `target` is a path in the repository, or the specifier of a package. */
export interface ImportLine {
  readonly from: string;
  readonly line: number;
  readonly specifier: string;
  readonly target: string;
  readonly local: boolean;
}

const base = [
  "src/model.ts",
  "src/port.ts",
  "src/stream-port.ts",
  "src/verify-port.ts",
  "src/mend-port.ts",
  "src/cutover-port.ts",
  "src/measures.ts",
  "src/traces-port.ts",
  "src/errors.ts",
  "src/stop.ts",
];
const bottom = ["src/plan/", "src/typemap/", "src/safety/", "src/translate/"];
const middle = ["src/cutover/", "src/verify/", "src/stream/", "src/snapshot/"];

/** What each room may import, its own files apart. The longest prefix of a path names its room. */
export const mayImport: Readonly<Record<string, readonly string[]>> = {
  "src/model.ts": ["src/port.ts"],
  "src/port.ts": [
    "src/model.ts",
    "src/stream-port.ts",
    "src/verify-port.ts",
    "src/mend-port.ts",
    "src/cutover-port.ts",
    "src/measures.ts",
    "src/traces-port.ts",
  ],
  "src/stream-port.ts": ["src/model.ts", "src/port.ts"],
  "src/verify-port.ts": ["src/model.ts", "src/stream-port.ts"],
  "src/cutover-port.ts": ["src/model.ts", "src/stream-port.ts"],
  "src/measures.ts": ["src/model.ts"],
  "src/traces-port.ts": [],
  "src/mend-port.ts": ["src/model.ts", "src/stream-port.ts"],
  "src/errors.ts": ["src/model.ts", "src/port.ts", "src/stream-port.ts"],
  "src/stop.ts": base,
  "src/plan/": [...base, ...bottom],
  "src/typemap/": [...base, ...bottom],
  "src/safety/": [...base, ...bottom],
  // The parser's tree is known here and nowhere else.
  "src/translate/": [...base, "src/typemap/", "src/safety/identifier.ts"],
  "src/cutover/": [...base, ...bottom],
  "src/verify/": [...base, ...bottom],
  "src/stream/": [...base, ...bottom],
  "src/snapshot/": [...base, ...bottom],
  // The rules of a user's typemap are part of the config file, so config knows their grammar.
  "src/config/": [...base, "src/typemap/", "src/safety/"],
  // Redaction is config's: it alone knows which values are secrets.
  "src/watch/": [...base, "src/config/"],
  "src/migration.ts": [...base, ...bottom, ...middle, "src/config/", "src/watch/", "src/migration/"],
  "src/migration/": [...base, ...bottom, ...middle, "src/config/", "src/watch/", "src/migration.ts"],
  "src/serve/": [...base, "src/config/", "src/watch/"],
  "src/cli/": ["src/"],
  "src/cli/main.ts": ["src/", "connectors/"],
  // The quoting functions are one truth for rooms and connectors alike.
  "connectors/": [...base, "src/typemap/", "src/safety/identifier.ts"],
  "bench/": ["src/", "connectors/", "test/"],
  "test/": ["src/", "connectors/", "bench/"],
};

/** Packages that have one home. Tests and benchmarks talk to servers on their own, beside the code they judge. */
export const homes: Readonly<Record<string, readonly string[]>> = {
  mysql2: ["connectors/mysql/"],
  pg: ["connectors/postgres/"],
  "pg-copy-streams": ["connectors/postgres/"],
  "pg-logical-replication": ["connectors/postgres/"],
  kafkajs: ["connectors/kafka/"],
  avsc: ["connectors/kafka/"],
  mongodb: ["connectors/mongodb/"],
  mssql: ["connectors/sqlserver/"],
  "@guanmingchiu/sqlparser-ts": ["src/safety/", "src/translate/"],
  pino: ["src/watch/"],
  "prom-client": ["src/watch/"],
  hono: ["src/serve/"],
  "@hono/node-server": ["src/serve/"],
  commander: ["src/cli/"],
  "log-update": ["src/cli/", "src/watch/"],
};

/** Reads the import lines of one file with TypeScript's own parser. */
export function importsOf(file: RepoFile): ImportLine[] {
  const tree = ts.createSourceFile(file.path, file.text, ts.ScriptTarget.Latest, true);
  const found: ImportLine[] = [];
  const note = (node: ts.Node, specifier: string): void => {
    const local = specifier.startsWith(".");
    const target = local
      ? posix.normalize(posix.join(posix.dirname(file.path), specifier)).replace(/\.js$/, ".ts")
      : specifier;
    const { line } = tree.getLineAndCharacterOfPosition(node.getStart(tree));
    found.push({ from: file.path, line: line + 1, specifier, target, local });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) {
      if (node.moduleSpecifier && ts.isStringLiteral(node.moduleSpecifier))
        note(node, node.moduleSpecifier.text);
    } else if (ts.isImportTypeNode(node)) {
      if (ts.isLiteralTypeNode(node.argument) && ts.isStringLiteral(node.argument.literal))
        note(node, node.argument.literal.text);
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [argument] = node.arguments;
      if (argument && ts.isStringLiteralLike(argument)) note(node, argument.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return found;
}

/** Rules 1, 2, 3 and the last of 4: each import goes where its room may go. */
export function roomProblems(imports: readonly ImportLine[]): Problem[] {
  return imports.flatMap((line) => {
    if (!line.local) return [];
    const room = roomOf(line.from);
    if (room === undefined) return [problem(line, "rooms", `${line.from} is in no room of the house`)];
    const own = ownHouse(line.from);
    if (own !== undefined && line.target.startsWith(own)) return [];
    const allowed = mayImport[room] ?? [];
    if (allowed.some((prefix) => line.target.startsWith(prefix))) return [];
    return [problem(line, "rooms", `${room} may not import ${line.target}`)];
  });
}

/** Rule 4: a driver, a logger, the metrics library each have one home. */
export function packageProblems(imports: readonly ImportLine[], runtime: ReadonlySet<string>): Problem[] {
  return imports.flatMap((line) => {
    if (line.local || line.specifier.startsWith("node:")) return [];
    const name = packageName(line.specifier);
    const tests = /\.test\.ts$/.test(line.from) || /^(test|bench)\//.test(line.from);
    if (
      /^src\/(model|port|stream-port|verify-port|mend-port|cutover-port|measures|traces-port)\.ts$/.test(
        line.from,
      )
    )
      return [problem(line, "packages", `${line.from} imports nothing but types of model and port`)];
    if (tests) return [];
    const home = homes[name];
    if (home && !home.some((prefix) => line.from.startsWith(prefix)))
      return [problem(line, "packages", `${name} belongs to ${home.join(" or ")}`)];
    if (!runtime.has(name))
      return [problem(line, "packages", `${name} is not among package.json's dependencies`)];
    return [];
  });
}

/** Rule 5: no cycles between files; `model` and `port` may name each other, being types only. */
export function cycleProblems(imports: readonly ImportLine[]): Problem[] {
  const types = new Set(["src/model.ts", "src/port.ts", "src/stream-port.ts"]);
  const edges = imports.filter((line) => line.local && !(types.has(line.from) && types.has(line.target)));
  return rings(edges.map(({ from, target }) => [from, target])).map((ring) => ({
    path: ring[0] ?? "",
    line: 0,
    rule: "cycles",
    sentence: `imports itself: ${ring.join(" -> ")}`,
  }));
}

/** The same between rooms: two rooms that need each other are one room. */
export function roomCycleProblems(imports: readonly ImportLine[]): Problem[] {
  const edges = imports
    .filter((line) => line.local && line.from.startsWith("src/") && line.target.startsWith("src/"))
    .map((line): [string, string] => [roomOf(line.from) ?? "", roomOf(line.target) ?? ""])
    .filter(([from, to]) => from.endsWith("/") && to.endsWith("/") && from !== to);
  return rings(edges).map((ring) => ({
    path: ring[0] ?? "",
    line: 0,
    rule: "room-cycles",
    sentence: `rooms need each other: ${ring.join(" -> ")}`,
  }));
}

/** Rule 5: no barrels and no default exports. */
export function exportProblems(file: RepoFile): Problem[] {
  const tree = ts.createSourceFile(file.path, file.text, ts.ScriptTarget.Latest, true);
  const whole = (rule: string, sentence: string): Problem => ({ path: file.path, line: 0, rule, sentence });
  const problems: Problem[] = [];
  const reExports = tree.statements.filter((s) => ts.isExportDeclaration(s) && s.moduleSpecifier);
  const others = tree.statements.filter((s) => !ts.isExportDeclaration(s) && !ts.isImportDeclaration(s));
  if (reExports.some((s) => ts.isExportDeclaration(s) && !s.exportClause))
    problems.push(whole("barrels", "passes on everything of another file"));
  else if (reExports.length > 0 && others.length === 0)
    problems.push(whole("barrels", "only passes on what other files export"));
  const isDefault = (s: ts.Statement): boolean =>
    ts.isExportAssignment(s) ||
    (ts.canHaveModifiers(s) &&
      (ts.getModifiers(s) ?? []).some((m) => m.kind === ts.SyntaxKind.DefaultKeyword)) ||
    (ts.isExportDeclaration(s) &&
      s.exportClause !== undefined &&
      ts.isNamedExports(s.exportClause) &&
      s.exportClause.elements.some((e) => e.name.text === "default"));
  if (tree.statements.some(isDefault)) problems.push(whole("default-exports", "has a default export"));
  return problems;
}

function roomOf(path: string): string | undefined {
  return Object.keys(mayImport)
    .filter((room) => path === room || (room.endsWith("/") && path.startsWith(room)))
    .sort((a, b) => b.length - a.length)[0];
}

/** The folder whose files may name one another: src/plan/, connectors/mysql/, test/. */
function ownHouse(path: string): string | undefined {
  return /^(?:src\/[^/]+\/|connectors\/[^/]+\/|test\/|bench\/)/.exec(path)?.[0];
}

function packageName(specifier: string): string {
  const parts = specifier.split("/");
  return specifier.startsWith("@") ? parts.slice(0, 2).join("/") : (parts[0] ?? specifier);
}

function problem(line: ImportLine, rule: string, sentence: string): Problem {
  return { path: line.from, line: line.line, rule, sentence };
}

/** One ring for each way back to a node that is still open (depth-first). */
function rings(edges: readonly (readonly [string, string])[]): string[][] {
  const next = new Map<string, string[]>();
  for (const [from, to] of edges) next.set(from, [...(next.get(from) ?? []), to]);
  const closed = new Set<string>();
  const found: string[][] = [];
  const walk = (node: string, open: readonly string[]): void => {
    const at = open.indexOf(node);
    if (at >= 0) {
      found.push([...open.slice(at), node]);
      return;
    }
    if (closed.has(node)) return;
    for (const to of next.get(node) ?? []) walk(to, [...open, node]);
    closed.add(node);
  };
  for (const node of next.keys()) walk(node, []);
  return found;
}
