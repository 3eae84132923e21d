/**
 * What stays as the night has left it on the source once a migration is complete: triggers that were dropped so that they do not
 * fire on what the way back writes, and the event scheduler that the fence has switched off. Their definitions are in the
 * journal, and nowhere else: whoever may need the source's programs again has to know that before the folder is thrown away.
 */
import { z } from "zod";
import type { JournalEntry, Note } from "../cutover-port.js";
import { isDone, journeyOf } from "../cutover/journey.js";
import { journalPath } from "../cutover/journal.js";

export interface KeptAway {
  readonly triggers: readonly { readonly name: string; readonly table: string }[];
  /** The scheduler was on before the fence. */
  readonly events: boolean;
  /** The file, and the number of the line that has the triggers' definitions; null where none was dropped. */
  readonly journal: string;
  readonly line: number | null;
  readonly sentences: readonly string[];
}

const triggersSchema = z.looseObject({
  triggers: z.array(z.looseObject({ name: z.string(), table: z.string() })),
});
const fenceSchema = z.looseObject({ scheduler: z.string() });

export function keptAway(entries: readonly JournalEntry[], stateDirectory: string): KeptAway {
  const { cutover, steps } = journeyOf(entries);
  const journal = journalPath(stateDirectory);
  // Without a way back none is dropped.
  const dropped = isDone(steps.get("source-triggers")) && (steps.get("canary")?.done?.note ?? null) !== null;
  const found = triggersSchema.safeParse(dropped ? noteOf(steps.get("source-triggers")?.note) : null);
  const triggers = found.success ? found.data.triggers.map(({ name, table }) => ({ name, table })) : [];
  const fence = fenceSchema.safeParse(noteOf(steps.get("fence")?.note));
  const events = fence.success && fence.data.scheduler === "ON";
  const line =
    entries.findLast(
      (entry) => entry.cutover === cutover && entry.step === "source-triggers" && entry.note !== null,
    )?.number ?? null;
  const unread = dropped && !found.success;
  return {
    ...{ triggers, events, journal, line: triggers.length > 0 || unread ? line : null },
    sentences: [
      ...(triggers.length === 0 && !unread
        ? []
        : [
            `Triggers of the source that stay dropped: ${unread ? "which, the journal says" : triggers.map(({ name, table }) => `${name} on ${table}`).join(", ")}. Their definitions are in line ${String(line)} of ${journal} (source-triggers): keep that file.`,
          ]),
      ...(events
        ? [
            "The source's event scheduler stays off, as the fence has left it: its events are there, and none of them runs.",
          ]
        : []),
    ],
  };
}

function noteOf(note: Note | null | undefined): Note {
  return note ?? {};
}
