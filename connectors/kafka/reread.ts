/** Rows of the source for a feed that reads some columns again: the copy's own reader, which is kept from one time to the next. */
import type { RowReader, Source } from "../../src/port.js";
import type { RereadSource } from "../../src/stream-port.js";

export interface RereadTools {
  readonly source: Pick<Source, "reader" | "seen">;
  /** Whose marker table is written to where the source cannot be asked what it shows. */
  readonly lane: string;
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** Far more than any host is asked to bear: a comparison that waits for the stream must not be what the stream waits for. */
const slots = 64;
const everyMs = 500;

export interface Reread extends RereadSource, AsyncDisposable {}

export function rereadOf({ source, lane, wait }: RereadTools): Reread {
  let kept: RowReader | null = null;
  const forget = async (): Promise<void> => {
    const reader = kept;
    kept = null;
    await reader?.[Symbol.asyncDispose]();
  };
  return {
    seen: (position, signal) => source.seen(lane, position, signal),
    async read(query, sink, signal) {
      for (;;) {
        kept ??= await source.reader(slots);
        if (kept !== null) break;
        await wait(everyMs, signal);
      }
      try {
        const { rows } = await kept.read(query, sink, signal);
        return { rows };
      } catch (error) {
        // A connection that failed is not asked again.
        await forget();
        throw error;
      }
    },
    [Symbol.asyncDispose]: forget,
  };
}
