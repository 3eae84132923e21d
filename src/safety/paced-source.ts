/** A source whose markers and heartbeats wait for the end of a pause: they are all that an engine writes there. */
import type { Source } from "../port.js";
import type { Governor } from "./governor.js";
import { layeredSource } from "./layered-source.js";

export function pacedSource(source: Source, governor: Pick<Governor, "turn">, signal: AbortSignal): Source {
  const inTurn = async <T>(act: () => Promise<T>): Promise<T> => {
    const turn = await governor.turn(signal);
    try {
      return await act();
    } finally {
      turn[Symbol.dispose]();
    }
  };
  return layeredSource(source, {
    prepareMarkers: (lanes) => inTurn(() => source.prepareMarkers(lanes)),
    mark: (lane, note) => inTurn(() => source.mark(lane, note)),
  });
}
