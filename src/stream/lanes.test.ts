/**
 * Lanes at different places: what an earlier life left apart is brought to one position before anything is built that ties
 * them, a lane that stands keeps it from being built, and where another server tells the same transactions in another
 * order no lane's position lacks what the lane has.
 */
import { describe, expect, it } from "vitest";
import { Fault } from "../errors.js";
import type { Position } from "../model.js";
import type { ChangeFeed, StatementGroup } from "../stream-port.js";
import { stopReason } from "../stop.js";
import { insert, inOther, other, t, world } from "./example-lanes.js";
import { packetImages, packetOf } from "./example-rows.js";
import type { Row } from "./example-rows.js";
import { at, idsOf } from "./example-world.js";
import type { Entry, ExampleWorld, WorldOptions } from "./example-world.js";

const places = (one: ExampleWorld): readonly number[] =>
  [...one.checkpoints.values()].map(({ position }) => Number(position?.offset ?? -1));

describe("lanes that joined in an earlier life, one ahead of the other", () => {
  const log = [insert([1, 1]), inOther([1, 1]), insert([2, 1]), inOther([2, 1]), insert([3, 1])];

  /** `one` has the first four transactions, `two` the first only. */
  function apart(more: Partial<WorldOptions> = {}): ExampleWorld {
    const one = world(log, more);
    one.checkpoints.set("one", { seq: 4n, position: at(4) });
    one.checkpoints.set("two", { seq: 1n, position: at(1) });
    one.rows.get("t")?.set("[1]", [1, 1]).set("[2]", [2, 1]);
    return one;
  }

  it("are brought to one position before what ties them is built (trap 4: across lanes only the log's place orders)", async () => {
    const built: (readonly number[])[] = [];
    const one = apart({
      onJoined: async () => {
        built.push(places(one));
        await Promise.resolve();
      },
    });
    expect(await one.run()).toBeNull();
    expect(built).toHaveLength(1);
    // The last that either lane has is the fifth transaction or the place before it.
    expect(built[0]?.every((place) => place >= 4)).toBe(true);
    expect([one.texts("t").length, one.texts("other").length]).toEqual([3, 2]);
    expect(one.stream.counts).toMatchObject({ skippedByPosition: 1, applied: 3 });
  });

  it("are left where they are when it stands already", async () => {
    const begun: number[] = [];
    const one = apart({
      built: true,
      onJoined: async () => {
        begun.push(one.calls.filter((call) => call.startsWith("begin")).length);
        await Promise.resolve();
      },
    });
    expect(await one.run()).toBeNull();
    expect(begun).toEqual([0]);
  });

  it("wait for the one that stands: nothing is built beside it, and all of it once it goes on", async () => {
    let refused = true;
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    const beside: number[] = [];
    const one: ExampleWorld = world([...log, { gate }, inOther([4, 1])], {
      joins: new Map([
        ["one", at(1)],
        ["two", at(4)],
      ]),
      judge: (group: StatementGroup, lane) => {
        if (refused && lane === "one" && idsOf(group).includes(2))
          throw new Fault("constraint-refused", "t_v_check");
      },
      onStands: async () => {
        open();
        await Promise.resolve();
      },
      onEvent: (event) => {
        if (!refused || event.kind !== "batch" || event.lane !== "two" || Number(event.position.offset) < 7)
          return;
        // This one has joined and is at the log's end; the other one joined long ago and stands.
        beside.push(one.calls.filter((call) => call === "joined").length);
        refused = false;
        setImmediate(() => one.stream.resume());
      },
    });
    expect(await one.run()).toBeNull();
    expect(beside).toEqual([0]);
    expect(one.calls.filter((call) => call === "joined")).toHaveLength(1);
    expect([one.texts("t").length, one.texts("other").length]).toEqual([3, 3]);
  });
});

describe("a change that somebody leaves out while the stream runs", () => {
  const log = [insert([1, 1]), insert([2, 1]), inOther([1, 1]), insert([3, 1])];
  const refuse = (group: StatementGroup, lane: string): void => {
    if (lane === "one" && idsOf(group).includes(2)) throw new Fault("constraint-refused", "t_v_check");
  };

  it("lets the lane that stands before it go on, and that one alone", async () => {
    const one: ExampleWorld = world(log, {
      judge: refuse,
      onStands: async (lane, fault) => {
        expect([lane, fault.facts["id"]]).toEqual(["one", "log:2#t.1"]);
        setImmediate(() => {
          one.stream.skip("log:2#t.7");
          expect(one.stream.standing).toHaveLength(1);
          one.stream.skip("log:2#t.1");
        });
        await Promise.resolve();
      },
    });
    expect(await one.run()).toBeNull();
    expect([one.texts("t"), one.texts("other")]).toEqual([["[1,1]", "[3,1]"], ["[1,1]"]]);
    expect(one.stream.counts.skippedById).toBeGreaterThanOrEqual(1);
    expect(one.told("skipped")).toBeGreaterThanOrEqual(1);
    expect(one.stream.standing).toEqual([]);
  });
});

/** What a position holds, by number, where a log's order is not theirs. */
const setAt = (held: ReadonlySet<number>): Position => ({
  kind: "gtid",
  set: [...held].sort((a, b) => a - b).join(","),
  file: "log",
  offset: String(held.size),
});
const heldBy = (position: Position): ReadonlySet<number> =>
  new Set(position.kind === "gtid" ? position.set.split(",").map(Number) : []);

interface Numbered {
  readonly number: number;
  readonly table?: "t" | "other";
  readonly rows?: readonly Row[];
  /** A change of the shape of `other` stands behind it. */
  readonly ddl?: true;
}

/** A server's log as it has come to it: each transaction has its number from the server before. */
function setFeed(order: readonly Numbered[]): ChangeFeed {
  const images = new Map([t, other].map((table) => [table.source, packetImages(table)]));
  return {
    read: async (from, sink, { signal }) => {
      const sets = from.map(heldBy);
      const held = new Set([...(sets[0] ?? [])].filter((number) => sets.every((set) => set.has(number))));
      for (const { number, table, rows = [], ddl } of order) {
        if (held.has(number)) continue;
        sink.begin({
          name: `s:${number}`,
          committedAt: null,
          within: (position) => heldBy(position).has(number),
        });
        const shape = images.get(table ?? "");
        for (const row of rows) {
          if (shape === undefined) throw new Error("no table");
          const bytes = packetOf(shape.table, row);
          sink.change(shape, "insert", bytes, 0, 0, 0, bytes.length);
          if (sink.full()) await sink.drained();
        }
        held.add(number);
        sink.commit(() => setAt(held));
        if (sink.full()) await sink.drained();
        if (ddl !== true) continue;
        sink.schemaChange(
          { tables: ["other"], statement: "ALTER", adds: false, at: "s:99", within: () => false },
          () => setAt(held),
        );
        if (sink.full()) await sink.drained();
      }
      while (!signal.aborted) {
        sink.idle(() => setAt(held));
        await new Promise((resolve) => setImmediate(resolve));
        if (sink.full()) await sink.drained();
      }
      throw stopReason(signal);
    },
    holds: (later, earlier) => [...heldBy(earlier)].every((number) => heldBy(later).has(number)),
    retention: async () => null,
    [Symbol.asyncDispose]: async () => undefined,
  };
}

describe("another server, whose log has the same transactions in another order", () => {
  const order: readonly Numbered[] = [
    { number: 1, table: "t", rows: [[1, 1]] },
    { number: 4, table: "t", rows: [[4, 1]] },
    { number: 3, table: "t", rows: [[3, 1]] },
    { number: 2, table: "other", rows: [[2, 1]] },
    { number: 5, table: "other", rows: [[5, 1]] },
  ];

  /** `one` has 1 to 3, `two` has 1. */
  function failedOver(log: readonly Numbered[], more: Partial<WorldOptions> = {}): ExampleWorld {
    const start = new Map(["one", "two"].map((lane) => [lane, setAt(new Set([1]))]));
    const one = world(
      log.map((): Entry => ({ changes: [] })),
      { feed: setFeed(log), starts: start, joins: start, built: true, ...more },
    );
    one.checkpoints.set("one", { seq: 3n, position: setAt(new Set([1, 2, 3])) });
    one.checkpoints.set("two", { seq: 1n, position: setAt(new Set([1])) });
    one.rows.get("t")?.set("[1]", [1, 1]).set("[3]", [3, 1]);
    return one;
  }

  it("never has a lane's position lack what the lane has", async () => {
    const one = failedOver(order);
    expect(await one.run()).toBeNull();
    expect([one.texts("t"), one.texts("other")]).toEqual([
      ["[1,1]", "[3,1]", "[4,1]"],
      ["[2,1]", "[5,1]"],
    ]);
    const sizes = one.calls.flatMap((call) => /^commit one (\d+)$/u.exec(call)?.[1] ?? []);
    expect(sizes.map(Number).every((size) => size >= 4)).toBe(true);
  });

  it("ends before a change of shape also where a lane has begun what no position holds yet", async () => {
    const rows = Array.from({ length: 300 }, (_, id): Row => [id + 10, 1]);
    const log: readonly Numbered[] = [
      { number: 1, table: "t", rows: [[1, 1]] },
      { number: 4, table: "t", rows, ddl: true },
      { number: 3, table: "t", rows: [[3, 1]] },
      { number: 2, table: "other", rows: [[2, 1]] },
    ];
    const one = failedOver(log, { batchBytes: 1000 });
    expect(await one.run(["one"])).toBeNull();
    expect(one.stream.standing.map(({ code }) => code)).toEqual(["schema-changed"]);
    expect(one.texts("t")).toHaveLength(302);
    expect(one.calls.some((call) => call === "abort one")).toBe(true);
  });
});
