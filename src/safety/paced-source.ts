/** A source whose markers and heartbeats wait for the end of a pause: they are all that an engine writes there. */
import type { Source } from "../port.js";
import type { Governor } from "./governor.js";

export function pacedSource(source: Source, governor: Pick<Governor, "turn">, signal: AbortSignal): Source {
  const inTurn = async <T>(act: () => Promise<T>): Promise<T> => {
    const turn = await governor.turn(signal);
    try {
      return await act();
    } finally {
      turn[Symbol.dispose]();
    }
  };
  return {
    facts: () => source.facts(),
    measure: (clock) => source.measure(clock),
    catalogue: (stop) => source.catalogue(stop),
    preflight: () => source.preflight(),
    grants: (keyless) => source.grants(keyless),
    follows: (primary, position, stop) => source.follows(primary, position, stop),
    profiler: (slots) => source.profiler(slots),
    inOrder: (table, column, limit, stop) => source.inOrder(table, column, limit, stop),
    split: (table, rangeRows, stop) => source.split(table, rangeRows, stop),
    reader: (slots) => source.reader(slots),
    position: () => source.position(),
    load: () => source.load(),
    prepareMarkers: (lanes) => inTurn(() => source.prepareMarkers(lanes)),
    mark: (lane, note) => inTurn(() => source.mark(lane, note)),
    token: () => source.token(),
    marked: (lane, id) => source.marked(lane, id),
    preparedTransactions: () => source.preparedTransactions(),
    exactCut: (tables, slots) => source.exactCut(tables, slots),
    feed: (plan) => source.feed(plan),
    texts: (relation, select, onRow, stop) => source.texts(relation, select, onRow, stop),
    [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
  };
}
