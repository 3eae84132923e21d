/**
 * The folders under test/hazards. HEADGATE_HAZARD names those to run alone, as globs with commas between them.
 */
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { globMatches } from "../../../src/typemap/glob.js";
import { splitStatements } from "../corpus.js";
import { readExpected } from "./expected.js";
import type { Expected } from "./expected.js";

export interface Hazard {
  /** The folder's name. */
  readonly name: string;
  /** The statements of source.sql. */
  readonly source: readonly string[];
  readonly expected: Expected;
}

export const hazardFolder = resolve("test/hazards");

/** Every hazard, by name. Throws for a folder that is not whole. */
export function readHazards(root: string = hazardFolder): readonly Hazard[] {
  return readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => readHazard(root, name))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function readHazard(root: string, name: string): Hazard {
  if (!/^[a-z0-9]+(?:-[a-z0-9]+)*$/u.test(name))
    throw new Error(`test/hazards/${name}: a hazard's folder is lower case words with hyphens between them`);
  const text = (file: string): string => {
    const path = join(root, name, file);
    if (!existsSync(path)) throw new Error(`test/hazards/${name} has no ${file}`);
    return readFileSync(path, "utf8");
  };
  const source = splitStatements(text("source.sql"));
  if (source.length === 0) throw new Error(`test/hazards/${name}/source.sql has no statement`);
  return {
    name,
    source,
    expected: readExpected(text("expected.yaml"), `test/hazards/${name}/expected.yaml`),
  };
}

/** Those that HEADGATE_HAZARD asks for; all of them where it asks for none. Throws where it names nothing. */
export function askedFor(
  hazards: readonly Hazard[],
  wanted = process.env["HEADGATE_HAZARD"] ?? "",
): readonly Hazard[] {
  if (wanted === "") return hazards;
  const globs = wanted.split(",").map((glob) => glob.trim());
  const chosen = hazards.filter(({ name }) => globs.some((glob) => globMatches(glob, name)));
  if (chosen.length === 0) throw new Error(`HEADGATE_HAZARD=${wanted} names no folder of test/hazards`);
  return chosen;
}
