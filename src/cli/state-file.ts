/**
 * Small files of JSON under `.headgate/<migration>/` that a later engine or verb reads: whole on disk or not there at all.
 */
import { open, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import type { z } from "zod";
import { Fault } from "../errors.js";
import { makeStateDirectory } from "./plan-file.js";

/** The path that it is safe at. */
export async function keepStateFile(stateDirectory: string, name: string, value: unknown): Promise<string> {
  await makeStateDirectory(stateDirectory);
  const path = join(stateDirectory, name);
  {
    await using file = await open(`${path}.new`, "w", 0o600);
    await file.writeFile(`${JSON.stringify(value, null, 2)}\n`);
    await file.sync();
  }
  await rename(`${path}.new`, path);
  return path;
}

/** null where there is none. Fault file-refused, with `next`, where the file is not what `schema` says: `what` ends the sentence "PATH is". */
export async function readStateFile<S extends z.ZodType>(
  stateDirectory: string,
  name: string,
  schema: S,
  { what, next }: { readonly what: string; readonly next: string },
): Promise<z.output<S> | null> {
  const path = join(stateDirectory, name);
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
  const parsed = schema.safeParse(jsonOf(text));
  if (parsed.success) return parsed.data;
  throw new Fault("file-refused", `${path} is ${what}.`, { next });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
