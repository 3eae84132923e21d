/** What the soak's verifier keeps beside the journal: written whole or not at all, and read by a report of any process. */
import { open, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { keptIn } from "../verify/kept-ledger.js";
import type { KeptText } from "../verify/kept-ledger.js";

export function soakText(stateDirectory: string): KeptText {
  return keptText(join(stateDirectory, "soak-verified.json"));
}

/** Null where there is none that can be read. */
export async function soakRecords(stateDirectory: string): Promise<ReturnType<typeof keptIn>> {
  const text = await soakText(stateDirectory).read();
  return text === null ? null : keptIn(text);
}

function keptText(path: string): KeptText {
  return {
    read: async () => {
      try {
        return await readFile(path, "utf8");
      } catch (error) {
        if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
        throw error;
      }
    },
    write: async (text) => {
      {
        await using file = await open(`${path}.new`, "w", 0o600);
        await file.writeFile(text);
        await file.sync();
      }
      await rename(`${path}.new`, path);
    },
  };
}
