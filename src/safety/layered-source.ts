/** A source with some of its answers given by somebody else: all of the port is named here once, and nowhere again. */
import type { Source } from "../port.js";

export function layeredSource(source: Source, layer: Partial<Source>): Source {
  return {
    facts: () => source.facts(),
    measure: (clock) => source.measure(clock),
    catalogue: (stop) => source.catalogue(stop),
    preflight: () => source.preflight(),
    grants: (cut) => source.grants(cut),
    follows: (primary, position, stop) => source.follows(primary, position, stop),
    profiler: (slots) => source.profiler(slots),
    inOrder: (table, column, which, limit, stop) => source.inOrder(table, column, which, limit, stop),
    split: (table, rangeRows, stop) => source.split(table, rangeRows, stop),
    reader: (slots) => source.reader(slots),
    position: () => source.position(),
    seen: (lane, position, stop) => source.seen(lane, position, stop),
    load: () => source.load(),
    prepareMarkers: (lanes) => source.prepareMarkers(lanes),
    mark: (lane, note) => source.mark(lane, note),
    token: () => source.token(),
    marked: (lane, id) => source.marked(lane, id),
    preparedTransactions: () => source.preparedTransactions(),
    exactCut: (tables, slots) => source.exactCut(tables, slots),
    feed: (plan) => source.feed(plan),
    prepareFeed: (plan, stop) => source.prepareFeed(plan, stop),
    feedFindings: (plan, stop) => source.feedFindings(plan, stop),
    feedTraces: (plan, stop) => source.feedTraces(plan, stop),
    endFeed: (plan, stop) => source.endFeed(plan, stop),
    secondHand: (plan) => source.secondHand(plan),
    texts: (relation, select, onRow, stop) => source.texts(relation, select, onRow, stop),
    ask: (sql, limits, onRow, stop) => source.ask(sql, limits, onRow, stop),
    [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
    ...layer,
  };
}
