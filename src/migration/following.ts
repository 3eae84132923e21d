/** The stream as whoever compares waits for it: until a lane has applied what the source had committed (design.md, decision 10). */
import { Fault } from "../errors.js";
import type { Position } from "../model.js";
import type { Source } from "../port.js";
import type { LaneStatus } from "../stream-port.js";
import type { Following } from "../verify/tools.js";
import { unendedOf } from "./unended.js";

/** How often it is looked whether a lane has come to a position. */
const lookMs = 20;
/** After so many looks it is asked whether an XA transaction that does not end is why. */
const looksBetween = 250;

export interface FollowingOptions {
  readonly source: Pick<Source, "mark" | "position" | "preparedTransactions">;
  readonly lanes: () => readonly LaneStatus[];
  /** Why lanes stand until somebody decides. */
  readonly standing: () => readonly Fault[];
  readonly holds: (later: Position, earlier: Position) => boolean;
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** The stream as somebody who waits for it: a marker carries each lane past the source's position of now. */
export function followingOf({ source, lanes, standing, holds, wait }: FollowingOptions): Following {
  return {
    caughtUp: async (lane, signal) => {
      // What a SELECT has shown is in the log already, and may not be in the server's position yet for a moment: a marker
      // behind it carries the position past it.
      await source.mark(lane, "verify");
      const position = await source.position();
      // Where nothing else is written, the lane has something to come to all the same.
      await source.mark(lane, "verify");
      const unended = unendedOf(source);
      for (let looks = 1; ; looks++) {
        const found = lanes().find((each) => each.lane === lane);
        if (found === undefined) throw new Fault("bug", `There is no lane ${lane}.`);
        if (found.position !== null && holds(found.position, position)) return;
        // What differs there cannot be told from what is still to be applied.
        // A pause, or a connection that comes back, is waited for.
        if (found.stopped !== null && standing().some(({ message }) => message === found.stopped))
          throw new Fault(
            "quarantined",
            `The lane ${lane} stands still, so its tables cannot be judged: ${found.stopped}`,
            {
              next: "headgate status",
            },
          );
        if (looks % looksBetween === 0) {
          const names = await unended();
          // The source's position holds their PREPARE, and no lane's does before they end.
          if (names.length > 0)
            throw new Fault(
              "prepared-transactions",
              `The lane ${lane} does not come to the source's position while ${String(names.length)} prepared XA transaction(s) have no end: ${names.slice(0, 5).join(", ")}.`,
              {
                next: "XA RECOVER on the source: XA COMMIT or XA ROLLBACK them; then headgate verify.",
                facts: { count: names.length },
              },
            );
        }
        await wait(lookMs, signal);
      }
    },
  };
}
