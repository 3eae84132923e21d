/**
 * One table copied again while its migration stands: emptied, read at one position, and from that position on the
 * stream goes on with it (design.md, decision 4). Tables that are tied to it go along.
 */
import { Fault } from "../errors.js";
import type { CopyOptions } from "../migration.js";
import { copyRanges } from "../migration.js";
import type { MigrationState } from "../model.js";
import type { LedgerView } from "../port.js";

export interface RecopyOptions extends CopyOptions {
  /** By source name, with those that are tied to them. */
  readonly tables: readonly string[];
}

/** The tables that were copied, by source name. Interrupted, the next `run` or `recopy` begins them again. */
export async function recopy(options: RecopyOptions): Promise<readonly string[]> {
  const { ledger, tables } = options;
  const before = await ledger.view();
  demandJoined(before, tables.join(", "));
  await ledger.reopen(tables);
  const enter = async (state: MigrationState): Promise<void> => {
    await ledger.setState(state);
    options.onState(state);
  };
  if (!(await copyRanges(options, enter)))
    throw new Fault("bug", `Ranges of ${tables.join(", ")} are held back, though nobody asked for it.`);
  await enter(before.state === "ready" ? "streaming" : before.state);
  return tables;
}

/** A lane whose copy goes on copies what is missing anyway. */
export function demandJoined(view: LedgerView, table: string): void {
  if (view.lanes.every(({ join }) => join !== null)) return;
  throw new Fault("usage", `The copy is not complete yet, so ${table} is not copied again but on its way.`, {
    next: "headgate run",
  });
}
