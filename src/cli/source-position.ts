/** Where the source stands, for whoever asks how it goes: nobody waits for a server that does not answer. */
import { Fault } from "../errors.js";
import type { Position } from "../model.js";
import type { Source } from "../port.js";
import type { Services } from "./services.js";

/** How long it is asked. */
const positionMs = 1000;

/** Null where it does not answer in time, or refuses. */
export async function sourcePosition(
  { wait }: Pick<Services, "wait">,
  open: () => Promise<Pick<Source, "position">>,
): Promise<Position | null> {
  const answered = new AbortController();
  const late = async (): Promise<null> => {
    await wait(positionMs, answered.signal).catch((error: unknown) => {
      if (!answered.signal.aborted) throw error;
    });
    return null;
  };
  try {
    const source = await open();
    return await Promise.race([source.position(), late()]);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return null;
  } finally {
    answered.abort(new Fault("interrupted", "The source has answered."));
  }
}
