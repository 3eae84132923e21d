/**
 * Once and only once (I4, I5, I6): the checkpoint in a batch's own transaction, whoever is killed, cut off or overtaken,
 * and at which moment. Connections are cut by a proxy, sessions are ended by an administrator.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { applyMoments } from "../../connectors/postgres/apply/moments.js";
import { PostgresLane } from "../../connectors/postgres/apply/lane.js";
import { Fault } from "../../src/errors.js";
import type { LaneWriter, StatementGroup } from "../../src/stream-port.js";
import { apply, changes, faultOf, laneWorld, place, strict, tuples } from "./apply-lane.js";
import type { LaneWorld } from "./apply-lane.js";
import { faultProxy } from "./fault-proxy.js";
import type { FaultProxy } from "./fault-proxy.js";
import { targetDatabase } from "./target-database.js";
import type { TargetDatabase } from "./target-database.js";

const counters = {
  name: "counters",
  columns: [
    ["id", "bigint"],
    ["note", "text"],
  ],
  key: ["id"],
} as const;

/** Sessions that are no claim's: those of lanes. */
const endLanes = `
  SELECT pg_terminate_backend(a.pid, 5000) FROM pg_stat_activity a
   WHERE a.datname = current_database() AND a.application_name = 'headgate' AND a.pid <> pg_backend_pid()
     AND NOT EXISTS (SELECT FROM pg_locks l WHERE l.pid = a.pid AND l.locktype = 'advisory')`;
const endClaims = endLanes.replace("AND NOT EXISTS", "AND EXISTS");

let database: TargetDatabase;
let world: LaneWorld;
let moment: (name: string) => void | Promise<void> = () => undefined;

beforeAll(async () => {
  database = await targetDatabase("apply_once");
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
});
beforeEach(async () => {
  moment = () => undefined;
  world = await laneWorld(database, [counters], { moment: (name) => moment(name) });
  return () => world[Symbol.asyncDispose]();
});

async function insert(id: number): Promise<StatementGroup> {
  const lists = { inserts: `SELECT ${String(id)}::bigint, 'row'`, touched: `SELECT ${String(id)}::bigint` };
  return strict(await changes(database, world.table("counters"), lists));
}

const ids = async (): Promise<string> =>
  (await database.sql("SELECT id FROM counters ORDER BY id")).map((row) => row["id"]).join(" ");
const lane = async (): Promise<string> => {
  const [row] = await database.sql("SELECT seq, position::text FROM headgate.lane");
  return `${row?.["seq"] ?? ""} ${row?.["position"] ?? "none"}`;
};
const at = (seq: number): string => `${String(seq)} ${JSON.stringify(place(seq))}`;

describe("the checkpoint", () => {
  it("is met at every named moment, in their order", async () => {
    const met: string[] = [];
    moment = (name) => void met.push(name);
    await apply(world.ledger, [await insert(1)]);
    expect(met.filter((name) => name.startsWith("apply:"))).toEqual([...applyMoments]);
  });

  it("moves when a table is emptied to be copied again, which is on record as touched whole", async () => {
    const dirty = async (): Promise<string[]> =>
      (
        await database.sql("SELECT seq, table_name, whole, position::text FROM headgate.dirty ORDER BY seq")
      ).map((row) => Object.values(row).join(" "));
    // Before the first batch nothing can have been compared.
    await world.ledger.reopen(["counters"]);
    expect([await dirty(), await lane()]).toEqual([[], "0 none"]);
    await apply(world.ledger, [await insert(1)]);
    await world.ledger.reopen(["counters"]);
    const position = JSON.stringify(place(1));
    expect(await dirty()).toEqual([`1 counters f ${position}`, `2 counters t ${position}`]);
    expect([await ids(), await lane()]).toEqual(["", `2 ${position}`]);
    await using writer = await world.ledger.lane("one");
    const { seq } = await writer.checkpoint();
    const batch = await writer.begin(seq);
    await batch.write(await insert(2));
    await batch.commit(place(3));
    expect([await ids(), await lane()]).toEqual(["2", at(3)]);
  });

  it("lets the same batch through once (trap 9): the second time its number is over, and nothing is written", async () => {
    await using writer = await world.ledger.lane("one");
    const group = await insert(1);
    for (const turn of [1, 2, 3]) {
      const attempt = async (): Promise<void> => {
        const batch = await writer.begin(0n);
        await batch.write(group);
        await batch.commit(place(1));
      };
      if (turn === 1) await attempt();
      else {
        const fault = await faultOf(attempt());
        expect([fault.code, fault.facts]).toEqual([
          "checkpoint-moved",
          { lane: "one", expected: "0", found: "1" },
        ]);
      }
    }
    expect([await ids(), await lane()]).toEqual(["1", at(1)]);
    await apply(world.ledger, [await insert(2)]);
    expect([await ids(), await lane()]).toEqual(["1 2", at(2)]);
  });

  it("counts what policies changed once, in the batch's own transaction, beside what the copy counted", async () => {
    await using writer = await world.ledger.lane("one");
    const nul = { object: "counters.n", policy: "nul", count: 2 } as const;
    const batch = async (seq: bigint, end: "commit" | "abort"): Promise<void> => {
      const transaction = await writer.begin(seq);
      await transaction.write(await insert(Number(seq) + 1));
      // Two parts of one batch, both of one column.
      const counts = [nul, { ...nul, count: 1 }, { ...nul, policy: "zeroDate" as const, count: 1 }];
      if (end === "commit") await transaction.commit(place(Number(seq) + 1), counts);
      else await transaction.abort();
    };
    await batch(0n, "commit");
    await batch(1n, "abort");
    const zero = { object: "counters.n", policy: "zeroDate" };
    expect((await world.ledger.view()).policies).toEqual([
      { ...nul, count: 3 },
      { ...zero, count: 1 },
    ]);
    await batch(1n, "commit");
    await database.sql(
      `INSERT INTO headgate.range (migration, table_name, number, rank, state, rows, bytes, policies, epoch, done_at)
       SELECT migration, name, 0, 0, 'done', 9, 9, '[{"object": "counters.n", "policy": "zeroDate", "count": 5}]', 1, now()
         FROM headgate.source_table`,
    );
    expect((await world.ledger.view()).policies).toEqual([
      { ...nul, count: 6 },
      { ...zero, count: 7 },
    ]);
    // What an older build left has no such table, until the next claim.
    await database.sql("ALTER TABLE headgate.policy RENAME TO policy_of_later");
    expect((await world.ledger.view()).policies).toEqual([{ ...zero, count: 5 }]);
    await database.sql("ALTER TABLE headgate.policy_of_later RENAME TO policy");
  });

  it("does not skip: a number that the lane has not reached is refused", async () => {
    await using writer = await world.ledger.lane("one");
    for (const wrong of [1n, -1n, 9_007_199_254_740_993n])
      expect((await faultOf(writer.begin(wrong))).code).toBe("checkpoint-moved");
    expect(await writer.checkpoint()).toEqual({ seq: 0n, position: null });
  });

  it("counts on past 2^53 without losing a digit", async () => {
    await database.sql("UPDATE headgate.lane SET seq = 9007199254740993");
    await using writer = await world.ledger.lane("one");
    const { seq } = await writer.checkpoint();
    const batch = await writer.begin(seq);
    await batch.write(await insert(1));
    await batch.commit(place(7));
    expect(await writer.checkpoint()).toEqual({ seq: 9_007_199_254_740_994n, position: place(7) });
  });

  it("stays where it was when a batch is aborted, and several groups are one batch", async () => {
    await using writer = await world.ledger.lane("one");
    const batch = await writer.begin(0n);
    await batch.write(await insert(1));
    await batch.write(await insert(2));
    expect(await ids()).toBe("");
    await batch.abort();
    expect([await ids(), await lane()]).toEqual(["", "0 none"]);
    const again = await writer.begin(0n);
    await again.write(await insert(1));
    await again.write(await insert(2));
    await again.commit(place(1));
    expect([await ids(), await lane()]).toEqual(["1 2", at(1)]);
    // Both groups' keys in one row of the ledger.
    expect(await database.sql("SELECT octet_length(keys) AS n, seq FROM headgate.dirty")).toEqual([
      { n: "28", seq: "1" },
    ]);
  });

  it("does not move with a batch that was refused, which only abort may follow", async () => {
    await apply(world.ledger, [await insert(1)]);
    await using writer = await world.ledger.lane("one");
    const batch = await writer.begin(1n);
    await batch.write(await insert(2));
    expect((await faultOf(batch.write(await insert(1)))).code).toBe("divergence");
    expect((await faultOf(batch.commit(place(2)))).code).toBe("bug");
    expect((await faultOf(writer.begin(1n))).code).toBe("bug");
    await batch.abort();
    expect([await ids(), await lane()]).toEqual(["1", at(1)]);
    const next = await writer.begin(1n);
    await next.write(await insert(2));
    await next.commit(place(2));
    expect([await ids(), await lane()]).toEqual(["1 2", at(2)]);
  });
});

describe("an answer that is lost at COMMIT", () => {
  async function proxied(): Promise<FaultProxy> {
    const { hostname, port } = new URL(database.options.url);
    return faultProxy({ host: hostname, port: Number(port) });
  }

  /** A lane whose connections, and only they, go through the proxy. */
  async function laneThrough(proxy: FaultProxy): Promise<LaneWriter> {
    const url = new URL(database.options.url);
    url.port = String(proxy.port);
    const options = { ...database.options, url: url.href, moment: (name: string) => moment(name) };
    const claim = { migration: world.plan.migration, epoch: world.ledger.epoch };
    return PostgresLane.open(options, claim, world.plan, "one", world.ledger.lost);
  }

  it("after it was carried out is settled by reading the checkpoint: the batch counts", async () => {
    await using proxy = await proxied();
    await using writer = await laneThrough(proxy);
    const batch = await writer.begin(0n);
    await batch.write(await insert(1));
    moment = async (name) => {
      if (name === "apply:before-commit") proxy.holdAnswers = true;
      if (name !== "apply:commit-sent") return;
      while ((await ids()) === "");
      proxy.cutClients();
    };
    await batch.commit(place(1));
    moment = () => undefined;
    expect(await writer.checkpoint()).toEqual({ seq: 1n, position: place(1) });
    const next = await writer.begin(1n);
    await next.write(await insert(2));
    await next.commit(place(2));
    expect([await ids(), await lane()]).toEqual(["1 2", at(2)]);
  });

  it("before it reached the server is settled too: nothing was written, and the same batch goes again", async () => {
    await using proxy = await proxied();
    await using writer = await laneThrough(proxy);
    const batch = await writer.begin(0n);
    await batch.write(await insert(1));
    moment = (name) => {
      if (name === "apply:before-commit") proxy.holdRequests = true;
      if (name === "apply:commit-sent") proxy.cutClients();
    };
    const fault = await faultOf(batch.commit(place(1)));
    moment = () => undefined;
    expect([fault.code, fault.retriable]).toEqual(["connection-lost", true]);
    await batch.abort();
    // The old session held the checkpoint's row: it was ended, or this would wait for it.
    const again = await writer.begin(0n);
    await again.write(await insert(1));
    await again.commit(place(1));
    expect([await ids(), await lane()]).toEqual(["1", at(1)]);
  });

  it.each(["apply:begun", "apply:group-written", "apply:before-commit"])(
    "or earlier, by a session that dies at %s, leaves nothing",
    async (when) => {
      await using writer = await world.ledger.lane("one");
      moment = async (name) => {
        if (name !== when) return;
        moment = () => undefined;
        await database.sql(endLanes);
      };
      const group = await insert(1);
      const attempt = async (): Promise<void> => {
        const batch = await writer.begin(0n);
        try {
          await batch.write(group);
          await batch.commit(place(1));
        } catch (error) {
          await batch.abort();
          throw error;
        }
      };
      const fault = await faultOf(attempt());
      expect([fault.code, fault.retriable]).toEqual(["connection-lost", true]);
      expect([await ids(), await lane()]).toEqual(["", "0 none"]);
      await attempt();
      expect([await ids(), await lane()]).toEqual(["1", at(1)]);
    },
  );
});

describe("a successor", () => {
  it("raises the epoch in the lane's row: the zombie is told so, and can write nothing", async () => {
    await using zombie = await world.ledger.lane("one");
    await apply(world.ledger, [await insert(1)]);
    await database.sql(
      "UPDATE headgate.epoch SET epoch = epoch + 1; UPDATE headgate.lane SET epoch = epoch + 1",
    );
    for (const act of [() => zombie.begin(1n), () => zombie.checkpoint(), () => world.ledger.lane("one")])
      expect((await faultOf(act())).code).toBe("epoch-lost");
    expect([await ids(), await lane()]).toEqual(["1", at(1)]);
  });

  it("ends an apply under way before it claims: what the zombie had written is gone, and it cannot commit", async () => {
    await using zombie = await world.ledger.lane("one");
    const batch = await zombie.begin(0n);
    await batch.write(await insert(1));
    await database.sql(endClaims);
    await using heir = await world.target.claim(world.plan);
    expect(heir.epoch).toBe("2");
    const fault = await faultOf(batch.commit(place(1)));
    expect(fault).toBeInstanceOf(Fault);
    expect(["connection-lost", "epoch-lost"]).toContain(fault.code);
    await batch.abort();
    expect([await ids(), await lane()]).toEqual(["", "0 none"]);
    await apply(heir, [await insert(2)]);
    expect([await ids(), await lane()]).toEqual(["2", at(1)]);
    // The zombie's process lives and tries again.
    expect(["connection-lost", "epoch-lost"]).toContain((await faultOf(zombie.begin(0n))).code);
    expect([await ids(), await lane()]).toEqual(["2", at(1)]);
  });

  it("takes over from an engine that is stopped in the middle of a batch; woken, it can write nothing", async () => {
    await world[Symbol.asyncDispose]();
    const zombies = await tuples(database, "SELECT 666::bigint, 'zombie'");
    const child = spawn(
      process.execPath,
      ["--import", "tsx", fileURLToPath(new URL("apply-holder.ts", import.meta.url))],
      {
        env: {
          ...process.env,
          HOLDER_URL: database.options.url,
          HOLDER_PLAN: JSON.stringify(world.plan),
          HOLDER_TUPLE: Buffer.concat(zombies.chunks).toString("hex"),
        },
        stdio: ["pipe", "pipe", "inherit"],
      },
    );
    try {
      const said = async (): Promise<string> => {
        const [bytes] = (await once(child.stdout, "data")) as [Buffer];
        return bytes.toString().trim();
      };
      expect(await said()).toBe("written");
      child.kill("SIGSTOP");
      child.stdin.write("go\n");
      expect((await faultOf(world.target.claim(world.plan))).code).toBe("claimed");
      // The claim's session and the lane's.
      const alive = await faultOf(world.target.endHolder(world.plan.migration));
      expect([alive.code, alive.message]).toEqual(["claimed", expect.stringContaining("lives") as string]);
      expect(await world.target.endHolder(world.plan.migration, 0)).toBe(2);
      await using heir = await world.target.claim(world.plan);
      await apply(heir, [await insert(1)]);
      const woken = said();
      child.kill("SIGCONT");
      const [commit, abort, ...rest] = (await woken).split(" ");
      expect(abort).toBe("done");
      for (const code of [commit, ...rest]) expect(["connection-lost", "epoch-lost"]).toContain(code);
      expect([await ids(), await lane(), (await heir.view()).state]).toEqual(["1", at(1), "new"]);
    } finally {
      child.kill("SIGKILL");
    }
  });

  it("that cannot end such a session waits for its transaction, and neither is lost", async () => {
    await using zombie = await world.ledger.lane("one");
    const batch = await zombie.begin(0n);
    await batch.write(await insert(1));
    // Not on record: as a session that was opened between two looks.
    await database.sql("DELETE FROM headgate.backend");
    await database.sql(endClaims);
    const claiming = world.target.claim(world.plan);
    while (
      (
        await database.sql(
          "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query ~ 'headgate.lane'",
        )
      ).length === 0
    );
    // Our own end of the claim is gone, so the commit is not even tried; the server rolls the transaction back.
    expect((await faultOf(batch.commit(place(1)))).code).toBe("connection-lost");
    await batch.abort();
    await using heir = await claiming;
    expect(await lane()).toBe("0 none");
    await apply(heir, [await insert(2)]);
    expect([await ids(), await lane()]).toEqual(["2", at(1)]);
  });
});

describe("the right to put triggers asleep", () => {
  it("that is missing is told with the exact GRANT, and nothing was written", async () => {
    const role = decodeURIComponent(new URL(database.options.url).username);
    await database.sql(`REVOKE SET ON PARAMETER session_replication_role FROM "${role}"`);
    try {
      const fault = await faultOf(world.ledger.lane("one"));
      expect(fault.code).toBe("grant-missing");
      expect(fault.next).toBe(`GRANT SET ON PARAMETER session_replication_role TO "${role}";`);
      expect(fault.message).toContain(fault.next);
    } finally {
      await database.sql(`GRANT SET ON PARAMETER session_replication_role TO "${role}"`);
    }
    await apply(world.ledger, [await insert(1)]);
  });

  it("trap 49: is used again after each reconnect, whatever the role's sessions begin with", async () => {
    const role = decodeURIComponent(new URL(database.options.url).username);
    await database.sql(`ALTER ROLE "${role}" SET session_replication_role = origin`);
    await database.sql(
      `CREATE FUNCTION never() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'a trigger ran'; END $$;
       CREATE TRIGGER never BEFORE INSERT OR DELETE ON counters FOR EACH ROW EXECUTE FUNCTION never()`,
    );
    try {
      await apply(world.ledger, [await insert(1)]);
      {
        await using writer = await world.ledger.lane("one");
        const batch = await writer.begin((await writer.checkpoint()).seq);
        await batch.write(await insert(2));
        await database.sql(endLanes);
        expect((await faultOf(batch.commit(place(2)))).code).toBe("connection-lost");
        await batch.abort();
      }
      await apply(world.ledger, [await insert(2)]);
      expect(await ids()).toBe("1 2");
    } finally {
      await database.sql(`ALTER ROLE "${role}" RESET session_replication_role`);
    }
  });
});
