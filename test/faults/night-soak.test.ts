/**
 * A soak of a quarter of an hour (issue 8): an application and a random workload of every type write on the target all the
 * time, and once a minute engine, source or target is killed by -9. Nothing is accused meanwhile; at the end what the target was
 * given is at the source, a rollback proves it, and the way forward verifies everything once more.
 * HEADGATE_TEST_SOAK_SECONDS says for how long; HEADGATE_SEED runs the seed that a red run printed.
 */
import { afterAll, beforeAll, expect, it } from "vitest";
import { Client, DatabaseError } from "pg";
import { setTimeout as sleep } from "node:timers/promises";
import { freshSeed } from "../fresh-seed.js";
import { judges, unequal } from "../world/journey.js";
import { isSource, listed } from "../world/matrix.js";
import type { NightJourney, RunningEngine } from "../world/night-journey.js";
import { compare } from "../world/oracle/oracle.js";
import { sourceUrl } from "../world/source-database.js";
import { randomOf, workloadStatement, workloadTables } from "../world/target-workload.js";
import { until } from "../world/until.js";
import { nightLife, nightServers, nightTarget, stateOf, whole } from "./night-life.js";
import type { NightServers } from "./night-life.js";

const seconds = Number(process.env["HEADGATE_TEST_SOAK_SECONDS"] ?? 0);
const killEveryMs = 60_000;
const [sourceName = "mysql9"] = listed("HEADGATE_TEST_SOURCES", isSource, ["mysql9"], process.env);

let servers: NightServers | null = null;

beforeAll(async () => {
  if (seconds > 0) servers = await nightServers(sourceName);
});
afterAll(async () => {
  await servers?.[Symbol.asyncDispose]();
});

/** Writes on the target at random until it is told to stop, whatever is killed meanwhile. */
class Workload {
  /** Transactions that were committed, and such as ended with their connection. */
  readonly counts = { committed: 0, lost: 0 };
  readonly #loop: Promise<void>;
  #going = true;

  constructor(login: string, seed: number) {
    this.#loop = this.#run(login, randomOf(seed));
  }

  async stop(): Promise<void> {
    this.#going = false;
    await this.#loop;
  }

  async #run(login: string, r: ReturnType<typeof randomOf>): Promise<void> {
    let client: Client | null = null;
    while (this.#going) {
      try {
        if (client === null) {
          const opened = new Client({ connectionString: login });
          // Its server is killed now and then; the statement that meets it says so.
          opened.on("error", () => undefined);
          await opened.connect();
          client = opened;
        }
        await transaction(client, r);
        this.counts.committed += 1;
      } catch (error) {
        // What the server itself refuses is a fault of this workload; shutdown and start (class 57) are the kills' doing.
        if (error instanceof DatabaseError && error.code?.startsWith("57") !== true) throw error;
        this.counts.lost += 1;
        client = null;
      }
      await sleep(10);
    }
    await client?.end();
  }
}

async function transaction(client: Client, r: ReturnType<typeof randomOf>): Promise<void> {
  await client.query("BEGIN");
  for (let n = r(6); n >= 0; n--) {
    await client.query("SAVEPOINT before");
    try {
      await client.query(workloadStatement(r));
    } catch (error) {
      // Unique values clash by chance.
      if (!(error instanceof DatabaseError) || error.code !== "23505") throw error;
      await client.query("ROLLBACK TO before");
    }
  }
  await client.query(r(10) === 0 ? "ROLLBACK" : "COMMIT");
}

/** What the application has written by now is at the source. */
async function cameBack({ app, source }: NightJourney): Promise<void> {
  await app.more(1);
  const token = app.acknowledged.at(-1) ?? "";
  await until(
    async () => (await source.sql(`SELECT 1 FROM entries WHERE token = '${token}'`)).length === 1,
    120_000,
  );
}

it(
  "brings all of it back, whatever was killed meanwhile",
  async ({ skip }) => {
    if (servers === null) {
      skip("it lasts a quarter of an hour: in the gate");
      return;
    }
    const seed = Number(process.env["HEADGATE_SEED"] ?? freshSeed());
    console.info(`seed ${String(seed)}: ${String(seconds)} s from ${sourceName}`);
    const r = randomOf(seed);
    // Whoever kills servers makes errors and lag: triggers page, and nothing goes back by itself.
    await using life = await nightLife("night_soak", sourceName, {
      more: { cutover: ["guard: 1ms"] },
      tables: workloadTables,
    });
    const { night, prober } = life;
    let engine: RunningEngine = night.engine();
    await engine.logged(/"msg":"ready"/u);
    const there = await night.headgate(["cutover"]);
    expect([there.code, there.last["state"]], there.stdout + there.stderr).toEqual([0, "soaking"]);
    const workload = new Workload(night.logins.target, seed);
    const said: string[] = [];
    const kills = { engine: 0, source: 0, target: 0 };
    const end = performance.now() + seconds * 1000;
    while (performance.now() < end) {
      await sleep(Math.min(killEveryMs, Math.max(0, end - performance.now())) * (0.5 + r(500) / 1000));
      const victim = (["engine", "source", "target"] as const)[r(3)] ?? "engine";
      kills[victim] += 1;
      if (victim === "engine") {
        said.push(await engine.stop("SIGKILL"));
        engine = night.engine();
      } else {
        const name = victim === "source" ? sourceName : nightTarget;
        await servers.kill(name);
        await sleep(r(2000));
        await servers.startAgain(name);
      }
      await cameBack(night);
      console.info(`${victim} killed, and all came back: ${JSON.stringify(workload.counts)}`);
      expect(await stateOf(night)).toBe("soaking");
    }
    await workload.stop();
    await cameBack(night);
    const status = await night.headgate(["status"]);
    expect([status.code, status.last["state"], status.last["quarantine"] ?? []], status.stdout).toEqual([
      0,
      "soaking",
      [],
    ]);
    const back = await night.headgate(["rollback"]);
    expect(back.code, back.stdout + back.stderr).toBe(0);
    expect(back.last).toMatchObject({ state: "rolled_back", proof: { equal: true } });
    said.push(await engine.stop());
    expect(said.join("\n")).not.toMatch(/rows differ in the soak|"code":"bug"|diverg/u);
    await night.app.more(10);
    await night.app.stop();
    await prober.stop();
    await whole(life, "source", "after the rollback");
    expect(prober.both).toEqual([]);
    const again = await night.headgate(["run", "--until", "ready"]);
    expect(again.code, again.stdout + again.stderr).toBe(0);
    const proven = await night.headgate(["verify", "--full"]);
    expect(proven.code, proven.stdout + proven.stderr).toBe(0);
    await whole(life, "target", "after the way forward");
    const [from, to] = await judges(await sourceUrl(sourceName), night.target.url);
    try {
      const verdicts = await compare(from, to, { database: "night_soak", schema: "public" });
      expect(verdicts.length).toBeGreaterThan(5);
      expect(unequal(verdicts)).toEqual([]);
    } finally {
      await from.end();
      await to.end();
    }
    expect(workload.counts.committed).toBeGreaterThan(seconds);
    console.info(
      `seed ${String(seed)}: ${JSON.stringify(kills)}, ${JSON.stringify(workload.counts)}, ${String(night.app.acknowledged.length)} writes of the application`,
    );
  },
  (seconds + 600) * 1000,
);
