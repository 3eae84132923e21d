/**
 * The order of the after-data half: whatever a scheduler of any width does, what comes first is first, and nothing
 * that locks the same tables runs side by side.
 */
import { describe, expect, it } from "vitest";
import type { Plan, PlanStatement } from "../model.js";
import type { Ledger, LedgerView } from "../port.js";
import { Fault } from "../errors.js";
import { buildAfter, mayBegin } from "./build.js";
import type { SnapshotEvent } from "./event.js";

const statement = (kind: PlanStatement["kind"], table: string, n = 1): PlanStatement => ({
  name: `${kind} ${table} ${n}`,
  kind,
  table,
  sql: "",
});

const all: readonly PlanStatement[] = ["big", "small", "other"].flatMap((table) => [
  statement("trigger", table),
  statement("identity", table),
  statement("validate", table),
  statement("foreign", table),
  statement("analyze", table),
  statement("check", table),
  statement("index", table, 1),
  statement("index", table, 2),
  statement("unique", table),
  statement("primary", table),
]);

const plan: Plan = {
  version: 1,
  migration: "20261122_x",
  database: "d",
  schema: "public",
  fingerprint: "f",
  lanes: ["one"],
  tables: [
    { ...tableNamed("small"), estimatedBytes: 1 },
    { ...tableNamed("big"), estimatedBytes: 1000 },
    { ...tableNamed("other"), estimatedBytes: 10 },
  ],
  before: [],
  after: all,
  findings: [],
};

function tableNamed(name: string): Plan["tables"][number] {
  return {
    source: name.toUpperCase(),
    target: name,
    lane: "one",
    key: null,
    columns: [],
    estimatedRows: 1,
    estimatedBytes: 1,
    exactCut: false,
  };
}

const view: LedgerView = {
  state: "building",
  since: "",
  fingerprint: "f",
  epoch: "1",
  holder: null,
  tables: [],
  built: [],
  policies: [],
  lanes: [],
  pace: null,
  phases: [],
  holds: [],
  quarantine: [],
};

interface Run {
  readonly order: string[];
  readonly most: number;
  readonly clashes: string[];
}

/** Builds with a ledger that takes a few turns for each statement and sees what runs beside what. */
async function run(
  workers: number,
  built: readonly string[] = [],
  onBuild: (one: PlanStatement) => void = () => undefined,
): Promise<Run & { readonly events: SnapshotEvent[] }> {
  const order: string[] = [];
  const running = new Set<PlanStatement>();
  const clashes: string[] = [];
  const events: SnapshotEvent[] = [];
  let most = 0;
  const unused = (): never => {
    throw new Error("not part of building");
  };
  const ledger: Ledger = {
    epoch: "1",
    lost: new AbortController().signal,
    view: async () => ({ ...view, built }),
    build: async (one) => {
      for (const other of running)
        if (other.table === one.table && !(other.kind === "index" && one.kind === "index"))
          clashes.push(`${one.name} beside ${other.name}`);
      running.add(one);
      most = Math.max(most, running.size);
      onBuild(one);
      for (let turn = 0; turn < (one.table === "big" ? 5 : 1); turn += 1)
        await new Promise((resolve) => setImmediate(resolve));
      running.delete(one);
      order.push(one.name);
    },
    setState: unused,
    unbuild: unused,
    dropBuilt: unused,
    addRanges: unused,
    hold: unused,
    recordStart: unused,
    recordJoin: unused,
    phase: unused,
    slot: async () => ({ [Symbol.asyncDispose]: async () => undefined }),
    loader: unused,
    reopen: unused,
    amend: unused,
    quarantine: unused,
    settle: unused,
    lane: unused,
    mender: unused,
    verification: unused,
    night: unused,
    doors: unused,
    [Symbol.asyncDispose]: async () => undefined,
  };
  await buildAfter({
    ledger,
    plan,
    workers,
    slots: workers,
    wait: unused,
    signal: new AbortController().signal,
    onEvent: (event) => events.push(event),
  });
  return { order, most, clashes, events };
}

describe("what is built after the data", () => {
  it.each([1, 2, 3, 8])("comes in its order with %i workers", async (workers) => {
    const { order, most, clashes } = await run(workers);
    expect([...order].sort()).toEqual(all.map((one) => one.name).sort());
    expect(clashes).toEqual([]);
    expect(most).toBeLessThanOrEqual(workers);
    if (workers > 1) expect(most).toBeGreaterThan(1);
    const at = (kind: string, table: string, n = 1): number => order.indexOf(`${kind} ${table} ${n}`);
    for (const table of ["big", "small", "other"]) {
      expect(at("primary", table)).toBeLessThan(at("index", table));
      expect(at("index", table, 2)).toBeLessThan(at("check", table));
      expect(at("check", table)).toBeLessThan(at("analyze", table));
      for (const other of ["big", "small", "other"]) {
        expect(at("analyze", other)).toBeLessThan(at("foreign", table));
        expect(at("foreign", other)).toBeLessThan(at("validate", table));
        expect(at("validate", other)).toBeLessThan(at("identity", table));
      }
    }
  });

  it("begins with the biggest table", async () => {
    expect((await run(1)).order[0]).toBe("primary big 1");
  });

  it("is only what is not built yet", async () => {
    const built = all.filter((one) => one.kind !== "trigger").map((one) => one.name);
    const { order, events } = await run(2, built);
    expect(order.sort()).toEqual(["trigger big 1", "trigger other 1", "trigger small 1"]);
    expect(events.filter((event) => event.kind === "built")).toHaveLength(3);
  });

  it("ends at the first refusal, and no worker waits for ever", async () => {
    await expect(
      run(3, [], (one) => {
        if (one.kind === "check") throw new Fault("target-refused", "a row violates it");
      }),
    ).rejects.toMatchObject({ code: "target-refused" });
  });
});

describe("a foreign key", () => {
  it("waits until nothing else runs at all", () => {
    const foreign = statement("foreign", "small");
    expect(mayBegin(foreign, [foreign], new Set())).toBe(true);
    expect(mayBegin(foreign, [foreign], new Set([statement("foreign", "big")]))).toBe(false);
    expect(mayBegin(foreign, [foreign, statement("index", "big")], new Set())).toBe(false);
  });
});
