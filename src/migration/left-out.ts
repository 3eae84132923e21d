/** What a comparison of the soak says beside the rows of changes that were left out: those differ by somebody's word. */
import type { VerifyLedger } from "../verify-port.js";
import type { TableOutcome, VerifyOutcome } from "../verify/verification.js";
import { shownMismatches } from "../verify/verification.js";

/** Whether a row differs because a change of it was left out. */
export type Explains = (table: string, key: Buffer) => boolean;

const page = 5_000;

export async function unexplained(
  outcome: VerifyOutcome,
  ledger: Pick<VerifyLedger, "mismatches">,
  explains: Explains,
): Promise<VerifyOutcome> {
  if (outcome.differences === 0n) return outcome;
  const tables: TableOutcome[] = [];
  for (const table of outcome.tables)
    tables.push(table.differences === 0n ? table : await judged(table, ledger, explains));
  return { ...outcome, tables, differences: tables.reduce((sum, { differences }) => sum + differences, 0n) };
}

async function judged(
  outcome: TableOutcome,
  ledger: Pick<VerifyLedger, "mismatches">,
  explains: Explains,
): Promise<TableOutcome> {
  const { source } = outcome.table;
  const shown: TableOutcome["mismatches"][number][] = [];
  let differences = 0n;
  for (let after: Buffer | null = null; ;) {
    const rows = await ledger.mismatches(source, ["different"], after, page);
    for (const { key, kind, columns, copies } of rows) {
      if (explains(source, key)) continue;
      differences += 1n;
      if (shown.length < shownMismatches) shown.push({ key, kind, columns, copies });
    }
    after = rows.at(-1)?.key ?? null;
    if (rows.length < page) return { ...outcome, differences, mismatches: shown };
  }
}
