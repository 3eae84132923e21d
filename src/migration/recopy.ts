/**
 * One table copied again while its migration stands: emptied, read at one position, and from that position on the
 * stream goes on with it (design.md, decision 4). Tables that are tied to it go along.
 */
import { Fault } from "../errors.js";
import type { CopyOptions } from "../migration.js";
import { copyRanges } from "../migration.js";
import type { MigrationState } from "../model.js";

export interface RecopyOptions extends CopyOptions {
  /** By source name. */
  readonly table: string;
}

/** The tables that were copied, by source name. Interrupted, the next `run` or `recopy` begins them again. */
export async function recopy(options: RecopyOptions): Promise<readonly string[]> {
  const { ledger, table, tied = [] } = options;
  const set = tied.find((names) => names.includes(table)) ?? [table];
  const before = await ledger.view();
  if (!before.lanes.every(({ join }) => join !== null))
    throw new Fault(
      "usage",
      `The copy is not complete yet, so ${table} is not copied again but on its way.`,
      {
        next: "headgate run",
      },
    );
  await ledger.reopen(set);
  const enter = async (state: MigrationState): Promise<void> => {
    await ledger.setState(state);
    options.onState(state);
  };
  if (!(await copyRanges(options, enter)))
    throw new Fault("bug", `Ranges of ${table} are held back, though nobody asked for it.`);
  await enter(before.state === "ready" ? "streaming" : before.state);
  return set;
}
