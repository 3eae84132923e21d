/**
 * The repository as the architecture tests see it: the tracked files with their text. Git says what is tracked, new
 * files that nobody ignored included, so that a rule is broken here before it is broken in a commit. An unpacked
 * archive has no git; then the folder is walked past what is built or downloaded.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";

/** One file of the repository. `path` is relative to its root, with forward slashes. */
export interface RepoFile {
  readonly path: string;
  readonly text: string;
}

/** A rule that a file breaks. `line` is 1-based, 0 where the whole file is meant. */
export interface Problem {
  readonly path: string;
  readonly line: number;
  readonly rule: string;
  readonly sentence: string;
}

export const repoRoot = resolve(import.meta.dirname, "../..");

const unbuilt = new Set([".git", "node_modules", "dist", ".stack", ".headgate", "coverage"]);

/** Reads every tracked file that is text. */
export function readTree(root: string = repoRoot): RepoFile[] {
  const paths = existsSync(join(root, ".git")) ? gitFiles(root) : walk(root, "");
  const files: RepoFile[] = [];
  for (const path of paths.sort()) {
    const full = join(root, path);
    if (!existsSync(full) || !statSync(full).isFile()) continue;
    const bytes = readFileSync(full);
    if (!bytes.includes(0)) files.push({ path, text: bytes.toString("utf8") });
  }
  return files;
}

/** The TypeScript files among them that are ours to hold to the house rules. */
export function sources(files: readonly RepoFile[]): RepoFile[] {
  return files.filter(({ path }) => /^(src|connectors|test|bench)\/.*\.ts$/.test(path));
}

/** One line a problem, as the failing test prints it. */
export function told(problems: readonly Problem[]): string[] {
  return problems.map((p) => `${p.path}:${p.line} [${p.rule}] ${p.sentence}`);
}

function gitFiles(root: string): string[] {
  const list = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 1 << 26,
  });
  return [...new Set(list.split("\0").filter((path) => path !== ""))];
}

function walk(root: string, under: string): string[] {
  return readdirSync(join(root, under), { withFileTypes: true }).flatMap((entry) => {
    const path = under === "" ? entry.name : `${under}/${entry.name}`;
    if (unbuilt.has(entry.name)) return [];
    return entry.isDirectory() ? walk(root, path) : [path];
  });
}
