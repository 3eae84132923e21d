/**
 * The ledger against a real server: one engine at a time (I6), and what it records. Engines that die are child
 * processes killed with -9, since only a real death shows what a server does with a dead session's locks.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openPostgres } from "../../connectors/postgres/target.js";
import { exits, Fault } from "../../src/errors.js";
import type { Plan, PlanStatement } from "../../src/model.js";
import type { Ledger, Target } from "../../src/port.js";
import { syntheticPlan } from "./synthetic.js";
import { targetDatabase } from "./target-database.js";
import type { TargetDatabase } from "./target-database.js";

let database: TargetDatabase;
let target: Target;
let plan: Plan;
const never = new AbortController().signal;

beforeAll(async () => {
  database = await targetDatabase("load_ledger");
  target = await openPostgres(database.options);
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
});
beforeEach(async () => {
  await database.sql("DROP SCHEMA IF EXISTS headgate CASCADE");
  await database.sql("DROP TABLE IF EXISTS a, b");
  plan = syntheticPlan([
    { name: "a", rows: 1000 },
    { name: "b", rows: 10 },
  ]);
});

async function faultOf(act: Promise<unknown>): Promise<Fault> {
  try {
    await act;
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

const whole = (table: string) => [{ table, number: 0, lower: null, upper: null }];

/** An engine in a process of its own that claims, leases one range and says so. */
async function engine(): Promise<{ child: ChildProcess; kill: () => Promise<void> }> {
  const child = spawn(
    process.execPath,
    ["--import", "tsx", fileURLToPath(new URL("holder.ts", import.meta.url))],
    {
      env: { ...process.env, HOLDER_URL: database.options.url, HOLDER_PLAN: JSON.stringify(plan) },
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  const [said] = (await once(child.stdout, "data")) as [Buffer];
  expect(said.toString()).toBe("leased\n");
  return {
    child,
    kill: async () => {
      child.kill("SIGKILL");
      await once(child, "exit");
    },
  };
}

describe("the claim", () => {
  it("is one engine's: a second one ends with 4 and names host, pid and since", async () => {
    await using first = await target.claim(plan);
    const fault = await faultOf(target.claim(plan));
    expect([fault.code, fault.exit]).toEqual(["claimed", exits.claimed]);
    expect(fault.message).toContain(`test-host, pid ${process.pid}, since 20`);
    const view = (await target.view(plan.migration))!;
    expect(view.holder).toMatchObject({ host: "test-host", pid: process.pid });
    expect(view.epoch).toBe(first.epoch);
  });

  it("is free again when it was closed, and the epoch goes up each time", async () => {
    const epochs = [];
    for (let turn = 0; turn < 3; turn += 1) {
      await using ledger = await target.claim(plan);
      epochs.push(ledger.epoch);
    }
    expect(epochs).toEqual(["1", "2", "3"]);
    expect((await target.view(plan.migration))?.holder).toBeNull();
  });

  it("of two migrations in one database does not collide", async () => {
    await using first = await target.claim(plan);
    await using second = await target.claim({ ...plan, migration: "20261122_other" });
    expect([first.epoch, second.epoch]).toEqual(["1", "1"]);
  });

  it("is begun at once by eight engines and got by one", async () => {
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => target.claim(plan)));
    const got = results.filter((result) => result.status === "fulfilled");
    expect(got).toHaveLength(1);
    for (const result of results)
      if (result.status === "rejected") expect(result.reason).toMatchObject({ code: "claimed" });
    for (const { value } of got) await value[Symbol.asyncDispose]();
  });

  it("of an engine that was killed is free, and the range that it held is leased again", async () => {
    const first = await engine();
    expect((await faultOf(target.claim(plan))).facts["pid"]).toBe(first.child.pid);
    await first.kill();
    await using second = await claimSoon();
    expect(second.epoch).toBe("2");
    await using loader = await second.loader();
    expect((await loader.lease(["a"]))?.range.number).toBe(0);
  });

  it("goes to a successor when its session is lost, and the zombie can write nothing more", async () => {
    const zombie = await target.claim(plan);
    for (const statement of plan.before) await zombie.build(statement, never);
    await zombie.addRanges("a", whole("a"));
    const loader = await zombie.loader();
    await loader.lease(["a"]);
    await database.sql(
      "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE locktype = 'advisory' AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
    );
    await using heir = await target.claim(plan);
    expect(heir.epoch).toBe("2");
    expect(zombie.lost.aborted).toBe(true);
    expect(zombie.lost.reason).toBeInstanceOf(Fault);
    for (const act of [
      () => zombie.setState("copying"),
      () => zombie.build(plan.after[0]!, never),
      () => zombie.loader(),
      () => loader.open(plan.tables[0]!, true),
    ])
      expect((await faultOf(act())).code).toBe("connection-lost");
    await using own = await heir.loader();
    expect((await own.lease(["a"]))?.range.number).toBe(0);
    await loader[Symbol.asyncDispose]();
    await zombie[Symbol.asyncDispose]();
  });

  it("that was overtaken in the ledger itself refuses every write with the epoch's name", async () => {
    await using zombie = await target.claim(plan);
    for (const statement of plan.before) await zombie.build(statement, never);
    await using loader = await zombie.loader();
    await database.sql("UPDATE headgate.epoch SET epoch = epoch + 1");
    for (const act of [
      () => zombie.setState("copying"),
      () => zombie.addRanges("a", whole("a")),
      () => zombie.recordStart("one", { kind: "file", file: "f", offset: "1" }, "m", "n"),
      () => zombie.phase("copy", {}, false),
      () => zombie.build(plan.after[0]!, never),
      () => loader.lease(["a"]),
    ])
      expect((await faultOf(act())).code).toBe("epoch-lost");
  });

  /** The server notices a killed process's sockets in its own time, which is milliseconds on loopback. */
  async function claimSoon(): Promise<Ledger> {
    for (;;) {
      try {
        return await target.claim(plan);
      } catch (error) {
        if (!(error instanceof Fault) || error.code !== "claimed") throw error;
      }
    }
  }
});

describe("the records", () => {
  it("of nothing: no ledger and no migration are null", async () => {
    expect(await target.view("20261122_load")).toBeNull();
    await (await target.claim(plan))[Symbol.asyncDispose]();
    expect(await target.view("20261122_none")).toBeNull();
  });

  it("of statements: built once and for all, or not at all when it is refused", async () => {
    await using ledger = await target.claim(plan);
    await ledger.build(plan.before[0]!, never);
    await ledger.build(plan.before[0]!, never);
    const bad = {
      ...plan.before[1]!,
      sql: 'CREATE TABLE public.b (id bigint); CREATE TABLE public.b ("x" nothing)',
    };
    const fault = await faultOf(ledger.build(bad, never));
    expect([fault.code, fault.facts["sqlState"]]).toEqual(["target-refused", "42704"]);
    expect(await database.sql("SELECT to_regclass('public.b') AS b")).toEqual([{ b: null }]);
    expect((await ledger.view()).built).toEqual(["table public.a"]);
  });

  it("of a statement that is stopped: it ends at once, nothing is recorded, the server builds no further", async () => {
    await using ledger = await target.claim(plan);
    const stop = new AbortController();
    const slow = { ...plan.before[0]!, sql: "CREATE TABLE public.a AS SELECT 1 AS id FROM pg_sleep(100)" };
    const building = faultOf(ledger.build(slow, stop.signal));
    const sleepers = async (): Promise<number> =>
      (await database.sql("SELECT 1 FROM pg_stat_activity WHERE query ~ '^CREATE TABLE public.a'")).length;
    while ((await sleepers()) === 0);
    stop.abort(new Fault("interrupted", "Ctrl-C"));
    expect((await building).code).toBe("interrupted");
    while ((await sleepers()) > 0);
    expect((await ledger.view()).built).toEqual([]);
    await ledger.build(plan.before[0]!, never);
    expect((await ledger.view()).built).toEqual(["table public.a"]);
  });

  it("of ranges: contiguous or refused, once", async () => {
    await using ledger = await target.claim(plan);
    const cut = (lower: string[] | null, upper: string[] | null, number: number) => ({
      table: "a",
      number,
      lower,
      upper,
    });
    for (const bad of [
      [],
      [cut(null, ["5"], 0)],
      [cut(null, ["5"], 0), cut(["6"], null, 1)],
      [cut(null, null, 1)],
      [cut(null, ["5"], 0), cut(null, null, 1)],
    ])
      expect((await faultOf(ledger.addRanges("a", bad))).code).toBe("bug");
    const odd = ["5", 'quote " \u0000 \ud83d\ude00'];
    await ledger.addRanges("a", [cut(null, odd, 0), cut(odd, null, 1)]);
    await ledger.addRanges("a", whole("a"));
    await using loader = await ledger.loader();
    expect((await loader.lease(["a"]))?.range).toEqual(cut(null, odd, 0));
    expect((await ledger.view()).tables[0]).toMatchObject({ split: true, ranges: 2, rangesDone: 0 });
  });

  it("of a lane: no join without a start, none while a range is open", async () => {
    await using ledger = await target.claim(plan);
    const position = { kind: "gtid", set: "u:1-5", file: "f", offset: "18446744073709551615" } as const;
    expect((await faultOf(ledger.recordJoin("one", position, "m"))).code).toBe("ledger-mismatch");
    await ledger.recordStart("one", position, "m1", "n1");
    expect((await faultOf(ledger.recordJoin("one", position, "m"))).code).toBe("ledger-mismatch");
    await ledger.addRanges("a", whole("a"));
    await ledger.addRanges("b", whole("b"));
    expect((await faultOf(ledger.recordJoin("one", position, "m"))).code).toBe("ledger-mismatch");
    await database.sql(
      "UPDATE headgate.range SET state = 'done', rows = 0, bytes = 0, policies = '[]', epoch = 1, done_at = now()",
    );
    await ledger.recordJoin("one", position, "m2");
    expect((await ledger.view()).lanes).toEqual([
      {
        lane: "one",
        start: { position, marker: "m1", note: "n1" },
        join: { position, marker: "m2" },
        seq: "0",
        applied: null,
      },
    ]);
  });

  it("of phases and state come back as they were told", async () => {
    await using ledger = await target.claim(plan);
    await ledger.setState("copying");
    await ledger.phase("copy", { workers: 2, host: "h" }, false);
    await ledger.phase("copy", { rows: 9_007_199_254_740_991, done: true, none: null }, true);
    const view = await ledger.view();
    expect(view.state).toBe("copying");
    expect(view.phases).toHaveLength(1);
    expect(view.phases[0]).toMatchObject({
      phase: "copy",
      facts: { workers: 2, host: "h", rows: 9_007_199_254_740_991, done: true, none: null },
    });
    expect(view.phases[0]?.endedAt).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  });

  it("of quarantined events: kept, then skipped with who and why, once; nothing of a row", async () => {
    await using ledger = await target.claim(plan);
    const kept = { event: "f:4#2", lane: "one", table: "a", reason: "value-refused", sentence: "No." };
    const position = { kind: "file", file: "f", offset: "3" } as const;
    await database.sql("UPDATE headgate.lane SET seq = 1, position = $1", [JSON.stringify(position)]);
    await ledger.quarantine(kept);
    await ledger.quarantine({ ...kept, sentence: "No again." });
    await ledger.quarantine({ ...kept, event: "f:9#1" });
    const skip = { state: "skipped", who: "ann", why: "a test's row" } as const;
    expect(await ledger.settle("f:4#2", skip)).toBe(true);
    expect(await ledger.settle("f:4#2", { state: "applied" })).toBe(false);
    expect(await ledger.settle("unknown", skip)).toBe(false);
    // It comes up again when the log is read again, and stays skipped.
    await ledger.quarantine(kept);
    const time = expect.stringMatching(/^20.*Z$/u) as string;
    expect((await target.view(plan.migration))?.quarantine).toEqual([
      {
        ...kept,
        position,
        sentence: "No again.",
        state: "skipped",
        who: "ann",
        why: "a test's row",
        keptAt: time,
        settledAt: time,
      },
      {
        ...kept,
        event: "f:9#1",
        position,
        state: "kept",
        who: null,
        why: null,
        keptAt: time,
        settledAt: null,
      },
    ]);
  });

  it("of an older build, without tables of later steps, are read all the same", async () => {
    await (await target.claim(plan))[Symbol.asyncDispose]();
    await database.sql("DROP TABLE headgate.quarantine, headgate.dirty, headgate.hold, headgate.policy");
    await database.sql("ALTER TABLE headgate.lane DROP COLUMN start_note");
    expect(await target.view(plan.migration)).toMatchObject({ state: "new", quarantine: [], holds: [] });
  });

  it("refuse what the invariants forbid, whoever writes", async () => {
    await using ledger = await target.claim(plan);
    await ledger.addRanges("a", whole("a"));
    for (const sql of [
      "UPDATE headgate.range SET state = 'done'",
      "UPDATE headgate.range SET rows = 5",
      "UPDATE headgate.range SET state = 'half'",
      "UPDATE headgate.lane SET join_marker = 'm', join_position = '{}'",
      "UPDATE headgate.migration SET state = 'finished'",
      "UPDATE headgate.epoch SET epoch = -1",
      "UPDATE headgate.lane SET seq = -1",
      "UPDATE headgate.lane SET position = '{}'",
      "INSERT INTO headgate.dirty VALUES ('m', 'one', 1, 'a', NULL, false, '{}')",
      "INSERT INTO headgate.dirty VALUES ('m', 'one', 1, 'a', '', true, '{}')",
    ])
      await expect(database.sql(sql)).rejects.toMatchObject({ code: "23514" });
  });

  it("of another plan: taken over while nothing stands, refused when tables do", async () => {
    const other = { ...plan, fingerprint: "another" };
    await (await target.claim(plan))[Symbol.asyncDispose]();
    const ledger = await target.claim(other);
    await ledger.build(plan.before[0]!, never);
    await ledger[Symbol.asyncDispose]();
    expect((await faultOf(target.claim(plan))).code).toBe("plan-stale");
    await (await target.claim(other))[Symbol.asyncDispose]();
  });

  it("of an amended plan: taken with everything that comes with it, or not at all", async () => {
    const amended = { ...plan, fingerprint: "amended" };
    const kept = {
      event: "f:4",
      lane: "main",
      table: "a",
      reason: "schema-added",
      sentence: "a at f:4: ALTER",
    };
    const amending = {
      rebuild: ["a"],
      reopen: ["a", "b"],
      retire: [],
      pass: [{ event: kept.event, who: "ann", why: "plan --amend" }],
    };
    await using ledger = await target.claim(plan);
    for (const statement of [...plan.before, ...plan.after]) await ledger.build(statement, never);
    for (const name of ["a", "b"]) await ledger.addRanges(name, whole(name));
    await ledger.quarantine(kept);
    await database.sql("INSERT INTO b VALUES (1, 'x')");
    // What a person has put upon it goes with nobody's word.
    await database.sql("CREATE VIEW mine AS SELECT id FROM a");
    const before = await ledger.view();
    expect((await faultOf(ledger.amend(amended, amending))).facts["sqlState"]).toBe("2BP01");
    expect({ ...(await ledger.view()), pace: null }).toEqual({ ...before, pace: null });
    expect(await database.sql("SELECT id FROM b")).toEqual([{ id: "1" }]);
    await database.sql("DROP VIEW mine");
    await ledger.amend(amended, amending);
    const after = await ledger.view();
    expect(after.fingerprint).toBe("amended");
    expect(after.built).toEqual(before.built.filter((name) => !/ public\.a( |$)/.test(name)));
    expect(after.tables.map(({ table, ranges, reopened }) => [table, ranges, reopened])).toEqual([
      ["a", 1, true],
      ["b", 1, true],
    ]);
    expect(after.quarantine).toMatchObject([{ state: "skipped", who: "ann", why: "plan --amend" }]);
    expect(
      await database.sql("SELECT to_regclass('public.a') AS a, (SELECT count(*)::text FROM b) AS b"),
    ).toEqual([{ a: null, b: "0" }]);
  });

  it("drops and empties nothing by its name alone: what somebody has put in its place is theirs", async () => {
    const amended = { ...plan, fingerprint: "amended" };
    const nothing = { rebuild: [], reopen: [], retire: [], pass: [] };
    await using ledger = await target.claim(plan);
    for (const statement of [...plan.before, ...plan.after]) await ledger.build(statement, never);
    for (const name of ["a", "b"]) await ledger.addRanges(name, whole(name));
    const [more] = await database.sql(
      "SELECT rolname AS me FROM pg_roles WHERE oid = (SELECT relowner FROM pg_class WHERE oid = 'public.a'::regclass)",
    );
    const theirs = `ALTER TABLE a RENAME TO ours; CREATE TABLE a (id int); ALTER TABLE a OWNER TO ${more?.["me"] ?? ""}; INSERT INTO a VALUES (7)`;
    await database.sql(theirs);
    const before = await ledger.view();
    for (const amending of [
      { ...nothing, rebuild: ["a"], reopen: ["a"] },
      { ...nothing, reopen: ["b", "a"] },
    ]) {
      const refused = await faultOf(ledger.amend(amended, amending));
      expect([refused.code, refused.message]).toEqual([
        "target-refused",
        expect.stringMatching(/^"public"\."a" is not the table that this migration has made there/u),
      ]);
    }
    expect((await faultOf(ledger.reopen(["a"]))).code).toBe("target-refused");
    expect({ ...(await ledger.view()), pace: null }).toEqual({ ...before, pace: null });
    expect(await database.sql("SELECT id::text FROM a")).toEqual([{ id: "7" }]);
    await database.sql("DROP TABLE a");
    // Nothing is there by that name: there is nothing to drop, and it can be made anew.
    await ledger.amend(amended, { ...nothing, rebuild: ["a"], reopen: ["a"] });
    expect((await ledger.view()).built.filter((name) => / public\.a( |$)/.test(name))).toEqual([]);
    await database.sql("DROP TABLE ours");
  });

  it("takes back an index where it is upon its table, and no other one of its name", async () => {
    const index: PlanStatement = {
      name: "unique public.a a_key",
      kind: "unique",
      table: "a",
      sql: "CREATE UNIQUE INDEX a_key ON public.a (id)",
      creates: [{ space: "relation", name: "a_key" }],
      undo: "DROP INDEX IF EXISTS public.a_key",
    };
    const type: PlanStatement = {
      name: "type public.a mood",
      kind: "type",
      table: "a",
      sql: "CREATE TYPE public.mood AS ENUM ('well')",
      creates: [{ space: "type", name: "mood" }],
      drop: "DROP TYPE IF EXISTS public.mood",
    };
    await using ledger = await target.claim(plan);
    for (const statement of [...plan.before, index, type]) await ledger.build(statement, never);
    await database.sql("ALTER INDEX a_key RENAME TO was; CREATE INDEX a_key ON b (id)");
    const refused = await faultOf(ledger.unbuild(index, never));
    expect([refused.code, refused.message]).toEqual([
      "target-refused",
      expect.stringContaining('"public"."a_key" is not the index'),
    ]);
    expect((await ledger.view()).built).toContain(index.name);
    await database.sql("DROP INDEX a_key; ALTER INDEX was RENAME TO a_key");
    await ledger.unbuild(index, never);
    expect((await ledger.view()).built).not.toContain(index.name);
    await database.sql("DROP TYPE mood; CREATE TYPE mood AS ENUM ('unwell')");
    expect((await faultOf(ledger.unbuild(type, never))).code).toBe("target-refused");
    expect(
      await database.sql("SELECT to_regclass('public.a_key') AS key, to_regtype('mood') AS mood"),
    ).toEqual([{ key: null, mood: "mood" }]);
    await database.sql("DROP TYPE mood");
    await ledger.unbuild(type, never);
    expect((await ledger.view()).built).not.toContain(type.name);
  });
});
