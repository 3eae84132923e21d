/**
 * The rules of the house that are about whole files: names, sizes, the opening comment, words that must not be in a
 * public repository, and the pages that error codes promise. A length past 300 lines is told, past 600 it fails:
 * such a file is two rooms. Pure functions of paths and texts; files.test.ts shows each one failing.
 */
import type { Problem, RepoFile } from "./tree.js";

const emptyNames = new Set(["util", "utils", "helper", "helpers", "common", "lib", "misc", "shared"]);

/** No folder (and no file) whose name says nothing. */
export function nameProblems(file: RepoFile): Problem[] {
  const parts = file.path.split("/").map((part) => part.replace(/\.(test\.)?[cm]?[jt]s$/, ""));
  const bad = parts.find((part) => emptyNames.has(part));
  return bad === undefined ? [] : [whole(file, "names", `"${bad}" names nothing: say what is in it`)];
}

export const lineWarning = 300;
export const lineLimit = 600;

/** Lines of a file, a closing line break not counted as one more. */
export function lineCount(file: RepoFile): number {
  return file.text.replace(/\n$/, "").split("\n").length;
}

export function sizeProblems(file: RepoFile): Problem[] {
  const lines = lineCount(file);
  return lines > lineLimit ? [whole(file, "size", `${lines} lines; past ${lineLimit} it is two rooms`)] : [];
}

/** A file opens with its purpose; a hashbang may stand before it. A test beside its file shares that file's. */
export function openingProblems(file: RepoFile, paths: ReadonlySet<string> = new Set()): Problem[] {
  if (file.path.endsWith(".test.ts") && paths.has(file.path.replace(/\.test\.ts$/, ".ts"))) return [];
  const text = file.text.replace(/^#!.*\n/, "");
  return /^(\/\*\*?|\/\/)/.test(text) ? [] : [whole(file, "opening", "does not open with its purpose")];
}

/** A test that is left out must be able to say why, which only `skip(reason)` inside it does. */
export function skipProblems(file: RepoFile): Problem[] {
  if (!file.path.endsWith(".test.ts")) return [];
  return file.text
    .split("\n")
    .flatMap((line, index) =>
      /\b(it|test|describe)\.(skip|todo|skipIf|runIf)\b/.test(line)
        ? [{ path: file.path, line: index + 1, rule: "skips", sentence: "is left out without a reason" }]
        : [],
    );
}

/** SQL of ours that passes over a constraint: a conflict without a target is any of them (invariant I11). */
const passesOver =
  /\bON CONFLICT\s+DO\b|\b(?:INSERT|DELETE)\s+IGNORE\b|\bUPDATE\s+IGNORE\s+\S+\s+SET\b|\bREPLACE\s+INTO\b/giu;

/** Of the connectors, which write; elsewhere such words are others' SQL that is looked at. */
export function conflictProblems(file: RepoFile): Problem[] {
  if (!/^connectors\/.*(?<!\.test)\.ts$/u.test(file.path)) return [];
  const bare = file.text.replaceAll(/^[^\S\n]*(?:\/\/|\/?\*).*$/gmu, "");
  return [...bare.matchAll(passesOver)].map(({ index }) => ({
    path: file.path,
    line: bare.slice(0, index).split("\n").length,
    rule: "conflicts",
    sentence: "passes over whatever constraint a row meets",
  }));
}

/** A word that gives away a machine or a registry, with the reason that the failing test prints. */
export interface ForbiddenWord {
  readonly word: string;
  readonly reason: string;
}

/** Each line that holds a forbidden word. The word itself is not repeated in the problem. */
export function wordProblems(file: RepoFile, words: readonly ForbiddenWord[]): Problem[] {
  const hits = words.filter(({ word }) => file.text.includes(word));
  return hits.flatMap(({ word, reason }) =>
    file.text
      .split("\n")
      .flatMap((line, index) =>
        line.includes(word)
          ? [{ path: file.path, line: index + 1, rule: "words", sentence: `names ${reason}` }]
          : [],
      ),
  );
}

/** What the code table says of a code, as far as its page repeats it. */
export type CodeTable = Readonly<Record<string, { readonly exit: number; readonly retriable: boolean }>>;

/** Each error code has a page in docs/errors that agrees with the table, and each page has a code. */
export function errorPageProblems(codes: CodeTable, files: readonly RepoFile[]): Problem[] {
  const folder = "docs/errors/";
  const pages = new Map(
    files
      .filter(({ path }) => path.startsWith(folder) && path.endsWith(".md") && !path.endsWith("README.md"))
      .map((file) => [file.path.slice(folder.length, -".md".length), file.text]),
  );
  const page = (code: string, sentence: string): Problem => ({
    path: `${folder}${code}.md`,
    line: 0,
    rule: "error-pages",
    sentence,
  });
  return [
    ...Object.keys(codes)
      .filter((code) => !pages.has(code))
      .map((code) => page(code, "is missing")),
    ...[...pages].flatMap(([code, text]) => {
      const facts = codes[code];
      if (facts === undefined) return [page(code, "explains no code")];
      // Whoever stopped a run on purpose is not overruled; the rest passes, and a copy under way waits for it.
      const stopped = facts.exit > 128;
      const again = !facts.retriable || stopped ? "no" : "yes, during a copy";
      const wanted = `Exit code: ${facts.exit}. Tried again by itself: ${again}`;
      return [
        ...(text.includes(wanted) ? [] : [page(code, `does not say "${wanted}"`)]),
        ...["What it means", "How to confirm", "What to do", "Is data at risk?"]
          .filter((heading) => !new RegExp(`^## ${heading.replace("?", "\\?")}\\n\\n[^\\s#]`, "m").test(text))
          .map((heading) => page(code, `has nothing under "${heading}"`)),
      ];
    }),
  ];
}

function whole(file: RepoFile, rule: string, sentence: string): Problem {
  return { path: file.path, line: 0, rule, sentence };
}
