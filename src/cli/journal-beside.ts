/** The journal beside the config, opened for writing: whoever opens it is told of a line that a crash has torn. */
import { journalPath, openJournal } from "../cutover/journal.js";
import type { FileJournal } from "../cutover/journal.js";
import type { JournalEntry } from "../cutover-port.js";
import type { Log } from "../watch/log.js";

export interface Beside {
  readonly stateDirectory: string;
  readonly today: () => Date;
  readonly log: Pick<Log, "warn">;
  /** Entries that the target's ledger has, for a file that was lost. */
  readonly elsewhere: readonly JournalEntry[];
}

export async function journalBeside({ stateDirectory, today, log, elsewhere }: Beside): Promise<FileJournal> {
  return await openJournal({
    path: journalPath(stateDirectory),
    today,
    onTorn: (bytes) => {
      log.warn({ bytes }, "the journal's last line was torn and is cut off");
    },
    elsewhere,
  });
}
