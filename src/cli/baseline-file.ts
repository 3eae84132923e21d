/**
 * `.headgate/<migration>/baseline.json`: what was usual before the switch, for the triggers after it. An engine that was
 * killed in the soak is followed by one that watches against the same figures.
 */
import { open, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { Taken } from "../cutover/baseline.js";
import { Fault } from "../errors.js";
import { makeStateDirectory } from "./plan-file.js";

const schema = z.strictObject({
  at: z.string(),
  latencies: z.record(z.string(), z.number().nonnegative()).nullable(),
  failures: z.number().min(0).max(1).nullable(),
});

/** Whole or not at all. */
export async function keepBaseline(stateDirectory: string, taken: Taken): Promise<string> {
  await makeStateDirectory(stateDirectory);
  const path = pathIn(stateDirectory);
  {
    await using file = await open(`${path}.new`, "w", 0o600);
    await file.writeFile(`${JSON.stringify(taken, null, 2)}\n`);
    await file.sync();
  }
  await rename(`${path}.new`, path);
  return path;
}

/** null where none was taken. Fault file-refused where the file is something else. */
export async function readBaseline(stateDirectory: string): Promise<Taken | null> {
  const path = pathIn(stateDirectory);
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
  const parsed = schema.safeParse(jsonOf(text));
  if (parsed.success) return parsed.data;
  throw new Fault("file-refused", `${path} is no baseline.`, { next: "headgate baseline capture" });
}

function pathIn(stateDirectory: string): string {
  return join(stateDirectory, "baseline.json");
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
