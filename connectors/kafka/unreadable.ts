/**
 * The Fault of a record that is not what it should be. What finds it knows neither topic nor offset; who reads the
 * topic adds them.
 */
import { Fault } from "../../src/errors.js";

/** `what` is a whole sentence. */
export function unreadable(what: string, cause?: unknown): Fault {
  return new Fault("event-unreadable", what, { cause });
}

/** What `read` makes of a record; a refusal is told with the record's place. */
export function readAt<T>(topic: string, offset: bigint, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== "event-unreadable") throw error;
    const place = { topic, offset: String(offset) };
    throw new Fault("event-unreadable", `${topic}, offset ${place.offset}: ${error.message}`, {
      facts: { ...error.facts, ...place },
      cause: error,
    });
  }
}
