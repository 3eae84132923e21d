/**
 * A source whose rows are read on a replica: ranges and their bounds come from there, everything that is written or noted
 * (markers, positions, the log) from the source itself. Nothing is read before the replica is proven to be one and to
 * have reached the source's position of that moment, which is past the noted start: what it shows then is no older than
 * the start and no newer than the source, so the replay makes it whole (design.md, decision 3).
 */
import { Fault } from "../errors.js";
import type { Position } from "../model.js";
import type { Source } from "../port.js";
import { layeredSource } from "../safety/layered-source.js";

export function readFrom(source: Source, replica: Source, signal: AbortSignal): Source {
  let proof: Promise<void> | null = null;
  const proven = async (): Promise<void> => {
    proof ??= source.position().then((position) => prove(source, replica, position, signal));
    try {
      await proof;
    } catch (error) {
      // The next one who wants to read asks again.
      proof = null;
      throw error;
    }
  };
  // Exact cuts stay the source's own: their positions have to mean the same in the log that is read.
  return layeredSource(source, {
    split: async function* (table, rangeRows, stop) {
      await proven();
      yield* replica.split(table, rangeRows, stop);
    },
    reader: async (slots) => {
      await proven();
      return await replica.reader(slots);
    },
    // A person's query reads rows, as much of them as it likes.
    ask: async (sql, limits, onRow, stop) => {
      await proven();
      return await replica.ask(sql, limits, onRow, stop);
    },
    // The log is the source's, the rows are the replica's: each look at them waits for the replica to have them.
    seen: async (_lane, position, stop) => {
      await prove(source, replica, position, stop);
    },
  });
}

async function prove(
  source: Source,
  replica: Source,
  position: Position,
  signal: AbortSignal,
): Promise<void> {
  const found = await replica.follows(await source.facts(), position, signal);
  const [wrong] = found.filter(({ severity }) => severity === "error");
  if (wrong === undefined) return;
  // A replica that is only late may be there the next time.
  const late = wrong.code === "replica-behind" || wrong.code === "replica-stopped";
  throw new Fault(late ? "source-busy" : "source-refused", wrong.sentence, { next: wrong.fix });
}
