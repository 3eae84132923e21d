/**
 * `.headgate/<migration>/baseline.json`: what was usual before the switch, for the triggers after it. An engine that was
 * killed in the soak is followed by one that watches against the same figures.
 */
import { z } from "zod";
import type { Taken } from "../cutover/baseline.js";
import { keepStateFile, readStateFile } from "./state-file.js";

const schema = z.strictObject({
  at: z.string(),
  latencies: z.record(z.string(), z.number().nonnegative()).nullable(),
  failures: z.number().min(0).max(1).nullable(),
});

const name = "baseline.json";

/** The path of what is kept. */
export async function keepBaseline(stateDirectory: string, taken: Taken): Promise<string> {
  return await keepStateFile(stateDirectory, name, taken);
}

/** null where none was taken. Fault file-refused where the file is something else. */
export async function readBaseline(stateDirectory: string): Promise<Taken | null> {
  return await readStateFile(stateDirectory, name, schema, {
    what: "no baseline",
    next: "headgate baseline capture",
  });
}
