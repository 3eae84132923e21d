/**
 * The engine in single situations, each with what it has to tell: refused changes, schema changes, pauses, transactions
 * larger than a batch, lost connections, lanes at different places, joins.
 */
import { describe, expect, it } from "vitest";
import { Fault } from "../errors.js";
import { stopReason, throwIfStopped } from "../stop.js";
import type { StatementGroup } from "../stream-port.js";
import { exampleTable, packetOf } from "./example-rows.js";
import type { Row } from "./example-rows.js";
import { at, ExampleWorld, idsOf } from "./example-world.js";
import type { Entry, WorldOptions } from "./example-world.js";

const t = exampleTable({ name: "t", columns: { id: "int", v: "int" }, key: ["id"] });
const other = exampleTable({ name: "other", lane: "two", columns: { id: "int", v: "int" }, key: ["id"] });

const insert = (...rows: readonly Row[]): Entry => ({
  changes: rows.map((row) => ({ table: "t", before: null, after: row })),
});
const inOther = (...rows: readonly Row[]): Entry => ({
  changes: rows.map((row) => ({ table: "other", before: null, after: row })),
});

function world(log: readonly Entry[], more: Partial<WorldOptions> = {}): ExampleWorld {
  return new ExampleWorld({ tables: [t], log, ...more });
}

/** I8: what the feed handed over was read, and at the end all of it is accounted for. */
function settled({ stream, handed }: ExampleWorld): void {
  expect(stream.counts).toMatchObject({ read: handed, pending: 0 });
  expect(Math.min(...Object.values<number>({ ...stream.counts }))).toBeGreaterThanOrEqual(0);
}

/** With the retry policy's own timers passing at once. */
async function withoutPauses<T>(act: Promise<T>): Promise<T> {
  const real = globalThis.setTimeout;
  Object.assign(globalThis, { setTimeout: (go: () => void) => setImmediate(go) });
  try {
    return await act;
  } finally {
    Object.assign(globalThis, { setTimeout: real });
  }
}

/** Long enough that what came before is committed. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

describe("a refused change", () => {
  const log = [insert([1, 1]), insert([2, 1], [3, 1]), insert([4, 1])];
  const refuse = (group: StatementGroup): void => {
    if (idsOf(group).includes(3)) throw new Fault("constraint-refused", "t_v_check does not hold");
  };

  it("is found, kept and told by its id; what came before is applied, and nothing after it (traps 36, 57)", async () => {
    const one = world(log, { judge: refuse });
    const fault = await one.run();
    expect(fault?.code).toBe("quarantined");
    expect(fault?.facts).toMatchObject({
      id: "log:2#t.2",
      lane: "one",
      table: "t",
      reason: "constraint-refused",
    });
    expect(fault?.next).toBe("headgate skip --event 'log:2#t.2' --reason REASON");
    expect(one.texts("t")).toEqual(["[1,1]"]);
    expect(one.checkpoints.get("one")?.position).toEqual(at(1));
    expect(one.kept).toEqual([
      {
        id: "log:2#t.2",
        lane: "one",
        table: "t",
        transaction: "log:2",
        ordinal: 2,
        operation: "insert",
        reason: "constraint-refused",
        sentence: "t_v_check does not hold",
        key: "00010000000400000003",
        newKey: null,
        before: null,
        after: packetOf(t, [3, 1]).toString("hex"),
      },
    ]);
    expect(one.stream.lanes[0]?.stopped).toContain("log:2#t.2");
    settled(one);
  });

  it("is left out once somebody says so, counted and told", async () => {
    const one = world(log, { judge: refuse, skips: new Set(["log:2#t.2"]) });
    expect(await one.run()).toBeNull();
    expect(one.texts("t")).toEqual(["[1,1]", "[2,1]", "[4,1]"]);
    expect(one.stream.counts).toMatchObject({ skippedById: 1, applied: 3 });
    expect(one.told("skipped")).toBe(1);
    settled(one);
  });

  it("that is none when the changes are written one by one is no failure", async () => {
    const one = world(log, {
      judge: (group) => {
        if (idsOf(group).length > 1) throw new Fault("constraint-refused", "a clash that an order resolves");
      },
    });
    expect(await one.run()).toBeNull();
    expect(one.texts("t")).toEqual(["[1,1]", "[2,1]", "[3,1]", "[4,1]"]);
    expect([one.told("replaying"), one.told("replayed"), one.kept.length]).toEqual([1, 1, 0]);
    settled(one);
  });

  it("that is refused at its commit, as what is deferred is, has an id too: that of the transaction's last change", async () => {
    let committing: readonly number[] = [];
    const one = world(log, {
      judge: (group) => void (committing = idsOf(group)),
      judgeCommit: () => {
        if (committing.includes(3)) throw new Fault("constraint-refused", "t_v_key does not hold");
      },
    });
    const fault = await one.run();
    expect([fault?.code, fault?.facts["id"], fault?.facts["reason"]]).toEqual([
      "quarantined",
      "log:2#t.2",
      "constraint-refused",
    ]);
    expect(one.kept.map(({ id }) => id)).toEqual(["log:2#t.2"]);
    expect(one.texts("t")).toEqual(["[1,1]"]);
    settled(one);
  });

  it("is not what a server is to blame for: nothing is set aside, nobody is offered to leave it out, and it is written later", async () => {
    let full = 2;
    const passing = world(log, {
      judge: (group) => {
        if (idsOf(group).includes(3) && full-- > 0) throw new Fault("target-busy", "out of memory (53200)");
      },
    });
    expect(await withoutPauses(passing.run())).toBeNull();
    expect([passing.kept, passing.told("replaying"), passing.texts("t").length]).toEqual([[], 0, 4]);
    settled(passing);
    const room = world(log, {
      judge: (group) => {
        if (idsOf(group).includes(3)) throw new Fault("target-full", "no space left (53100)");
      },
    });
    // The stream ends with all of its lanes, and no lane stands for somebody to decide about.
    expect((await room.run())?.code).toBe("target-full");
    expect([room.kept, room.told("replaying"), room.stream.standing]).toEqual([[], 0, []]);
    expect(room.texts("t").length).toBeLessThan(4);
    const ending = world(log, {
      judge: (group) => {
        if (idsOf(group).includes(3)) throw new Fault("target-refused", "an internal error (XX000)");
      },
    });
    const fault = await ending.run();
    expect([fault?.code, fault?.next.includes("skip")]).toEqual(["target-refused", false]);
    expect([ending.kept, ending.told("replaying"), ending.texts("t").length < 4]).toEqual([[], 0, true]);
    expect(ending.stream.standing.map(({ code }) => code)).toEqual(["target-refused"]);
    settled(ending);
  });

  it("that cannot be kept makes its lane stand before it all the same", async () => {
    const one = world(log, {
      judge: refuse,
      keep: () => Promise.reject(new Fault("file-refused", "no room")),
    });
    expect((await one.run())?.code).toBe("file-refused");
    expect(one.stream.standing.map(({ code }) => code)).toEqual(["file-refused"]);
    expect(one.texts("t")).toEqual(["[1,1]"]);
    settled(one);
  });

  it("that no policy lets through is found like any other", async () => {
    const text = exampleTable({ name: "t", columns: { id: "int", v: "varchar(40)" }, key: ["id"] });
    const one = new ExampleWorld({ tables: [text], log: [insert([1, "a"]), insert([2, "nul \0 inside"])] });
    const fault = await one.run();
    expect(fault?.facts).toMatchObject({ id: "log:2#t.1", reason: "value-refused" });
    expect(one.texts("t")).toEqual(['[1,"a"]']);
  });

  it("that a policy changes is none, and the values that it changed are counted", async () => {
    const text = exampleTable({ name: "t", columns: { id: "int", v: "varchar(40)" }, key: ["id"] });
    const columns = text.columns.map((column) => ({
      ...column,
      policy: { ...column.policy, nul: "strip" as const },
    }));
    const one = new ExampleWorld({ tables: [{ ...text, columns }], log: [insert([1, "a\0b"], [2, "c"])] });
    expect(await one.run()).toBeNull();
    expect(one.texts("t")).toEqual(['[1,"ab"]', '[2,"c"]']);
    expect(one.events).toContainEqual({ kind: "policy", object: "t.v", policy: "nul", count: 1 });
    // In the transaction that has the rows, so that they count once, whatever becomes of its answer.
    expect(one.counted).toEqual([{ object: "t.v", policy: "nul", count: 1 }]);
  });

  it("is divergence where a row that must be there is not (trap 44)", async () => {
    const one = world([insert([1, 1]), { changes: [{ table: "t", before: [2, 1], after: [2, 2] }] }]);
    const fault = await one.run();
    expect(fault?.code).toBe("divergence");
    expect(fault?.next).toBe("headgate recopy t");
    expect(fault?.facts).toMatchObject({ id: "log:2#t.1", lane: "one", reason: "divergence" });
    expect(one.kept).toHaveLength(1);
    expect(one.texts("t")).toEqual(["[1,1]"]);
  });
});

describe("a schema change", () => {
  const log = [
    insert([1, 1]),
    { ddl: { tables: ["t"], statement: "ALTER TABLE t\n ADD c int" } },
    insert([2, 2]),
  ];

  it("stops the lane when everything before it is applied, and it stands before it (I12, trap 45)", async () => {
    const one = world(log);
    const fault = await one.run();
    expect(fault?.code).toBe("schema-changed");
    expect(fault?.message).toBe("t at log:2: ALTER TABLE t ADD c int");
    expect(one.texts("t")).toEqual(["[1,1]"]);
    expect(one.checkpoints.get("one")?.position).toEqual(at(1));
  });

  it("is passed where it is accepted, held by a cut, or of a table that does not travel", async () => {
    for (const more of [{ skips: new Set(["log:2"]) }, { cuts: new Map([["t", at(2)]]) }]) {
      const one = world(log, more);
      expect(await one.run()).toBeNull();
      expect(one.texts("t")).toContain("[2,2]");
    }
    const elsewhere = world([insert([1, 1]), { ddl: { tables: ["x"], statement: "DROP TABLE x" } }]);
    expect(await elsewhere.run()).toBeNull();
  });
});

describe("a pause", () => {
  it("begins no batch and writes no heartbeat until it is over (row 27)", async () => {
    const one = world([insert([1, 1])]);
    one.stream.pause();
    const running = one.run();
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect([one.calls.filter((call) => call.startsWith("begin")), one.marks]).toEqual([[], []]);
    expect([one.stream.paused, one.stream.lanes[0]?.stopped]).toEqual([true, "paused"]);
    // What is read and waits is told beside the checkpoint.
    expect(one.stream.lanes[0]).toMatchObject({ seq: 0n, end: 1n });
    one.stream.resume();
    expect(await running).toBeNull();
    expect(one.texts("t")).toEqual(["[1,1]"]);
    expect(one.marks).toEqual(["one"]);
    const [{ seq, end } = { seq: 0n, end: 1n }] = one.stream.lanes;
    expect(end).toBe(seq);
  });
});

describe("a transaction larger than a batch", () => {
  const rows = Array.from({ length: 500 }, (_, id): Row => [id, 1]);

  it("goes in parts into one transaction of the target, with memory bounded (I21, trap 19)", async () => {
    const one = world([insert(...rows)], { batchBytes: 1000 });
    expect(await one.run()).toBeNull();
    expect(one.calls.filter((call) => call.startsWith("begin"))).toHaveLength(1);
    expect(one.calls.filter((call) => call.startsWith("write")).length).toBeGreaterThan(3);
    expect(one.rows.get("t")?.size).toBe(500);
    expect(Math.max(...one.written.map(({ ids }) => ids.length))).toBeLessThan(150);
    settled(one);
  });

  it("resume-between-tablemap-and-rows: is rolled back whole and read again whole when the log is lost in the middle", async () => {
    const one = world([insert(...rows), { lost: true }], { batchBytes: 1000 });
    expect(await one.run()).toBeNull();
    expect(one.calls).toContain("abort one");
    expect(one.rows.get("t")?.size).toBe(500);
    expect(one.stream.counts).toMatchObject({ applied: 500 });
    expect(one.stream.counts.discarded).toBeGreaterThan(0);
    settled(one);
  });
});

describe("a fault that passes", () => {
  it("is answered from the checkpoint; the third in a row is told as one that a trigger looks at (row 70)", async () => {
    let failures = 0;
    const one = world([insert([1, 1]), insert([2, 1])], {
      judge: () => {
        if (failures++ < 3) throw new Fault("target-busy", "a deadlock");
      },
    });
    expect(await withoutPauses(one.run())).toBeNull();
    expect([one.told("batch-failed"), one.told("batch-failing")]).toEqual([3, 1]);
    expect(one.calls.filter((call) => call === "open one")).toHaveLength(4);
    expect(one.texts("t")).toEqual(["[1,1]", "[2,1]"]);
    settled(one);
    // As often as headgate.yaml has it.
    failures = 0;
    const patient = world([insert([1, 1])], {
      failedBatches: 2,
      judge: () => {
        if (failures++ < 3) throw new Fault("target-busy", "a deadlock");
      },
    });
    expect(await withoutPauses(patient.run())).toBeNull();
    expect([patient.told("batch-failed"), patient.told("batch-failing")]).toEqual([3, 2]);
  });

  it("is counted until the next commit: two failures, a batch, two more are no three in a row (row 70)", async () => {
    const failures = new Map<number, number>();
    const one = world([insert([1, 1]), { gate: new Promise((open) => setImmediate(open)) }, insert([2, 1])], {
      batchRows: 1,
      judge: (group) => {
        const [id = 0] = idsOf(group);
        const count = failures.get(id) ?? 0;
        failures.set(id, count + 1);
        if (count < 2) throw new Fault("target-busy", "a deadlock");
      },
    });
    expect(await withoutPauses(one.run())).toBeNull();
    expect([one.told("batch-failed"), one.told("batch-failing")]).toEqual([4, 0]);
    expect(one.stream.lanes[0]?.failedInRow).toBe(0);
  });

  it("is answered after a pause though each try commits something", async () => {
    const other = (id: number): Entry[] => [
      insert([id, 1]),
      { gate: turns() },
      insert([id + 100, 1]),
      { lost: true },
    ];
    const one = world([...other(1), ...other(2), ...other(3)]);
    expect(await withoutPauses(one.run())).toBeNull();
    expect(one.waits.filter((ms) => ms === 250).length).toBeGreaterThan(0);
    settled(one);
  });

  it("is heard by a lane that waits for its turn: the log is read anew meanwhile", async () => {
    let held = true;
    const one = world([insert([1, 1]), { gate: turns() }, insert([2, 1]), { lost: true }], {
      governed: (writer, signal) => ({
        ...writer,
        begin: async (seq) => {
          throwIfStopped(signal);
          if (held)
            await new Promise((_, reject) => {
              signal.addEventListener("abort", () => reject(stopReason(signal)), { once: true });
            });
          return await writer.begin(seq);
        },
      }),
      onEvent: (event) => {
        if (event.kind === "retry") held = false;
      },
    });
    // Past the join: before it the log waits for the target anyway.
    one.checkpoints.set("one", { seq: 1n, position: at(0) });
    expect(await withoutPauses(one.run())).toBeNull();
    expect([held, one.texts("t").length]).toEqual([false, 2]);
  });

  it("ends the run where it does not pass", async () => {
    const one = world([insert([1, 1])], {
      judge: () => {
        throw new Fault("epoch-lost", "another engine");
      },
    });
    expect((await one.run())?.code).toBe("epoch-lost");
    expect(one.calls).toContain("abort one");
    expect(one.calls).toContain("close one");
  });
});

describe("lanes", () => {
  it("skip what each has, from wherever the feed begins (trap 8), and go on where nothing happens (trap 22)", async () => {
    const one = new ExampleWorld({
      tables: [t, other],
      log: [insert([1, 1]), inOther([1, 1]), insert([2, 1]), inOther([2, 1])],
    });
    one.checkpoints.set("one", { seq: 7n, position: at(3) });
    one.rows.get("t")?.set("[1]", [1, 1]).set("[2]", [2, 1]);
    expect(await one.run()).toBeNull();
    expect(one.texts("t")).toHaveLength(2);
    expect(one.texts("other")).toEqual(["[1,1]", "[2,1]"]);
    expect(one.stream.counts).toMatchObject({ skippedByPosition: 2, applied: 2 });
    expect(one.checkpoints.get("one")).toEqual({ seq: 8n, position: at(4) });
  });

  it("leave out what an exact cut holds", async () => {
    const one = world([insert([1, 1]), insert([2, 1])], { cuts: new Map([["t", at(1)]]) });
    expect(await one.run()).toBeNull();
    expect(one.texts("t")).toEqual(["[2,1]"]);
    expect(one.stream.counts.skippedByCut).toBe(1);
  });

  it("refuse rows without a key that no cut parts from the copy", async () => {
    const keyless = exampleTable({ name: "t", columns: { id: "int", v: "int" } });
    const one = world([insert([1, 1])], { tables: [keyless], joins: new Map([["one", at(9)]]) });
    expect((await one.run())?.message).toContain("has no key and no exact cut");
  });
});

describe("the join", () => {
  const marker = (lane: string): Entry => ({ marker: { lane, id: "9", note: "join" } });

  it("parts loose from strict, and all lanes stand still while what holds from there on is built", async () => {
    const open = new Set<string>();
    const one = new ExampleWorld({
      tables: [t, other],
      log: [
        insert([1, 1]),
        marker("one"),
        inOther([1, 1]),
        insert([2, 1]),
        marker("two"),
        inOther([3, 1]),
        insert([3, 1]),
      ],
      joins: new Map([
        ["one", at(2)],
        ["two", at(5)],
      ]),
      onJoined: async () => {
        for (const call of one.calls) {
          const [what, lane = ""] = call.split(" ");
          if (what === "begin") open.add(lane);
          if (what === "commit") open.delete(lane);
        }
        expect([...open]).toEqual([]);
        expect([...one.checkpoints.values()].map(({ position }) => Number(position?.offset))).toEqual([5, 5]);
        one.calls.push("joined");
        await Promise.resolve();
      },
    });
    expect(await one.run()).toBeNull();
    expect(one.calls.filter((call) => call === "joined")).toHaveLength(1);
    expect([one.told("joined"), one.told("all-joined"), one.told("going-on")]).toEqual([2, 1, 1]);
    const strict = (table: string): string =>
      one.written
        .filter((group) => group.table === table)
        .map((group) => `${group.ids.join("+")} ${group.strict ? "strict" : "loose"}`)
        .join(", ");
    expect(strict("t")).toBe("1 loose, 2 strict, 3 strict");
    expect(strict("other")).toBe("1 loose, 3 strict");
  });

  it("that all lanes have met before anything is read lets nothing be written until it is done", async () => {
    const one = world([insert([1, 1]), insert([2, 1])], {
      onJoined: async () => {
        for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
        expect(one.calls.filter((call) => call.startsWith("begin"))).toEqual([]);
      },
    });
    one.checkpoints.set("one", { seq: 1n, position: at(0) });
    expect(await one.run()).toBeNull();
    expect([one.told("all-joined"), one.texts("t").length]).toEqual([1, 2]);
  });

  it("before it, a row that came and went in one batch is deleted all the same: the copy may have brought it (I2)", async () => {
    const one = world(
      [
        {
          changes: [
            { table: "t", before: null, after: [1, 1] },
            { table: "t", before: [1, 1], after: null },
          ],
        },
        marker("one"),
      ],
      { joins: new Map([["one", at(2)]]) },
    );
    one.rows.get("t")?.set("[1]", [1, 1]);
    expect(await one.run()).toBeNull();
    expect(one.texts("t")).toEqual([]);
  });
});

describe("lag", () => {
  it("is the time from a mark's commit to the commit here that holds it (row 67)", async () => {
    const one = world([insert([1, 1]), { marker: { lane: "one", id: "one 1", note: "heartbeat" } }]);
    expect(await one.run()).toBeNull();
    expect(one.told("lag")).toBe(1);
    expect(one.stream.lanes[0]?.lagSeconds).toBeGreaterThan(0);
  });
});

it("has as many lanes as there are, without a word of leaks", async () => {
  const warned: Error[] = [];
  const listen = (warning: Error): void => void warned.push(warning);
  process.on("warning", listen);
  try {
    const tables = Array.from({ length: 30 }, (_, i) =>
      exampleTable({ name: `t${i}`, lane: `lane${i}`, columns: { id: "int", v: "int" }, key: ["id"] }),
    );
    const log = tables.map(({ source }): Entry => ({
      changes: [{ table: source, before: null, after: [1, 1] }],
    }));
    const one = new ExampleWorld({ tables, log });
    expect(await one.run()).toBeNull();
    await new Promise((resolve) => setImmediate(resolve));
    expect(warned).toEqual([]);
  } finally {
    process.off("warning", listen);
  }
});
