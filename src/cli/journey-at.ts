/** How far the night has come by the journal beside the config. Reads only, with every server down. */
import { journalPath, readJournal } from "../cutover/journal.js";
import { journeyOf } from "../cutover/journey.js";
import type { Journey } from "../cutover/journey.js";

export async function journeyAt(stateDirectory: string): Promise<Journey> {
  return journeyOf((await readJournal(journalPath(stateDirectory))).entries);
}
