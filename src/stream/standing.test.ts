/** Lanes that stand, beside others that go on: refused changes, divergence and schema changes end one lane, not the stream. */
import { describe, expect, it } from "vitest";
import { Fault } from "../errors.js";
import type { StatementGroup } from "../stream-port.js";
import { insert, inOther, world } from "./example-lanes.js";
import { at, idsOf } from "./example-world.js";
import type { Entry, WorldOptions } from "./example-world.js";

const refuse = (group: StatementGroup, lane: string): void => {
  if (lane === "one" && idsOf(group).includes(2)) throw new Fault("constraint-refused", "t_v_check");
};

/** The log's rest comes once a lane stands. */
function until(): {
  readonly gate: Entry;
  readonly onStands: NonNullable<WorldOptions["onStands"]>;
  readonly stood: string[];
} {
  let open = (): void => undefined;
  const gate = new Promise<void>((resolve) => (open = resolve));
  const stood: string[] = [];
  return {
    gate: { gate },
    stood,
    onStands: async (lane, fault) => {
      stood.push(`${lane} ${fault.code} ${String(fault.facts["id"] ?? fault.facts["at"])}`);
      open();
    },
  };
}

describe("a lane that stands", () => {
  const log = [
    insert([1, 1]),
    inOther([1, 1]),
    insert([2, 1]),
    inOther([2, 1]),
    insert([3, 1]),
    inOther([3, 1]),
  ];

  it("is told, and the others go on; nothing after its refused change is applied (trap 57)", async () => {
    const { gate, onStands, stood } = until();
    const one = world([...log, gate, inOther([4, 1])], { judge: refuse, onStands });
    expect(await one.run(["two"])).toBeNull();
    expect(one.texts("t")).toEqual(["[1,1]"]);
    expect(Number(one.checkpoints.get("one")?.position?.offset)).toBeLessThan(3);
    expect(one.texts("other")).toEqual(["[1,1]", "[2,1]", "[3,1]", "[4,1]"]);
    expect(stood).toEqual(["one quarantined log:3#t.1"]);
    expect(one.stream.lanes.map(({ lane, stopped }) => [lane, stopped === null])).toEqual([
      ["one", false],
      ["two", true],
    ]);
    expect(one.stream.standing.map(({ code }) => code)).toEqual(["quarantined"]);
    expect(one.stream.counts).toMatchObject({ read: one.handed, pending: 0 });
  });

  it("goes on from its checkpoint when somebody says so, beside the others", async () => {
    let refused = true;
    const one = world(log, {
      judge: (group, lane) => {
        if (refused) refuse(group, lane);
      },
      onStands: async () => {
        refused = false;
        setImmediate(() => one.stream.resume());
      },
    });
    expect(await one.run()).toBeNull();
    expect(one.texts("t")).toEqual(["[1,1]", "[2,1]", "[3,1]"]);
    expect(one.texts("other")).toEqual(["[1,1]", "[2,1]", "[3,1]"]);
    expect(one.stream.standing).toEqual([]);
  });

  it("ends the stream when it was the last that went on", async () => {
    const one = world(log, {
      judge: (group, lane) => {
        refuse(group, lane);
        if (lane === "two" && idsOf(group).includes(3)) throw new Fault("divergence", "a row is not there");
      },
    });
    const fault = await one.run();
    expect(["quarantined", "divergence"]).toContain(fault?.code);
    expect(one.stream.standing.map(({ code }) => code).sort()).toEqual(["divergence", "quarantined"]);
    expect([one.texts("t"), one.texts("other")]).toEqual([["[1,1]"], ["[1,1]", "[2,1]"]]);
  });

  it("waits for a word where no other goes on and that was asked for, and goes on by it", async () => {
    const stood: Fault[] = [];
    const one = world(log, {
      direction: "back",
      waits: true,
      judge: (group, lane) => {
        refuse(group, lane);
        if (lane === "two" && idsOf(group).includes(3)) throw new Fault("divergence", "a row is not there");
      },
      onStands: async (_, fault) => {
        stood.push(fault);
        if (stood.length < 2) return;
        // Both stand: nothing goes on before both were left out.
        for (const { facts } of stood) setImmediate(() => one.stream.skip(String(facts["id"])));
      },
    });
    expect(await one.run()).toBeNull();
    expect([one.texts("t"), one.texts("other")]).toEqual([
      ["[1,1]", "[3,1]"],
      ["[1,1]", "[2,1]"],
    ]);
    // Nothing is copied again on the way back.
    expect(stood.map(({ code, next }) => [code, next]).sort()).toEqual([
      ["divergence", "headgate skip --event 'log:6#other.1' --reason REASON"],
      ["quarantined", "headgate skip --event 'log:3#t.1' --reason REASON"],
    ]);
  });

  it("leaves the rows of a table out that is closed", async () => {
    const one = world(log, { closed: () => new Set(["t"]) });
    expect(await one.run()).toBeNull();
    expect([one.texts("t"), one.texts("other")]).toEqual([[], ["[1,1]", "[2,1]", "[3,1]"]]);
  });

  it("stands before a change of its tables' shape, which the others do not mind", async () => {
    const ddl: Entry = { ddl: { tables: ["t"], statement: "ALTER TABLE t DROP COLUMN v" } };
    const { gate, onStands, stood } = until();
    const log = [insert([1, 1]), ddl, inOther([1, 1]), gate, insert([2, 1]), inOther([2, 1])];
    const one = world(log, { onStands });
    expect(await one.run(["two"])).toBeNull();
    expect(one.stream.standing.map(({ code }) => code)).toEqual(["schema-changed"]);
    expect(stood).toEqual(["one schema-changed log:2"]);
    expect(one.checkpoints.get("one")?.position).toEqual(at(1));
    expect([one.texts("t"), one.texts("other")]).toEqual([["[1,1]"], ["[1,1]", "[2,1]"]]);
  });

  it("keeps what is built at the join from being built, while it has not joined", async () => {
    const ddl: Entry = { ddl: { tables: ["t"], statement: "ALTER TABLE t DROP COLUMN v" } };
    const late = new Map([
      ["one", at(4)],
      ["two", at(2)],
    ]);
    const one = world([insert([1, 1]), ddl, inOther([1, 1]), insert([2, 1]), inOther([2, 1])], {
      joins: late,
    });
    expect(await one.run(["two"])).toBeNull();
    expect(one.calls).not.toContain("joined");
    expect(one.stream.lanes.map(({ joined }) => joined)).toEqual([false, true]);
  });
});
