/** Every accused row of a verification as a line of JSON, in a file for its owner only (contract: `mismatchFile`). */
import { open } from "node:fs/promises";
import { join } from "node:path";
import type { SourceEngine } from "../model.js";
import type { RecordedMismatch, VerifyLedger } from "../verify-port.js";
import type { VerifyOutcome } from "../verify/verification.js";
import { mismatchBody } from "./verify-body.js";

const pageRows = 1000;

/** The file's path; null, and no file, where nothing differs. */
export async function writeMismatches(
  directory: string,
  ledger: VerifyLedger,
  outcome: VerifyOutcome,
  engine: SourceEngine,
): Promise<string | null> {
  if (outcome.differences === 0n) return null;
  const path = join(directory, `mismatches-${outcome.run.id}.jsonl`);
  const file = await open(path, "w", 0o600);
  try {
    await file.chmod(0o600);
    for (const { table } of outcome.tables)
      for (let after: Buffer | null = null; ;) {
        const page: readonly RecordedMismatch[] = await ledger.mismatches(
          table.source,
          ["different"],
          after,
          pageRows,
        );
        const last = page.at(-1);
        if (last === undefined) break;
        after = last.key;
        const lines = page.map((each) =>
          JSON.stringify({ table: table.source, ...mismatchBody(table, each, engine) }),
        );
        await file.write(`${lines.join("\n")}\n`);
      }
    await file.sync();
  } finally {
    await file.close();
  }
  return path;
}
