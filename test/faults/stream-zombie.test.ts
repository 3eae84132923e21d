/**
 * Two engines (I6, trap 10, two-handlers-after-rebalance): the first is stopped with SIGSTOP in the middle of a batch
 * and loses its claim as by a broken network; a second takes over and gets level; then the first is let go on, by whose
 * clock a minute has passed. Nothing of it lands: the batch that it held open is gone, it ends by a fault, and both sides
 * stay equal. In the gate it does stand for a minute under the writer (HEADGATE_TEST_STAND_SECONDS), and its claim is ended
 * as `headgate run --take-over` ends it.
 */
import { expect, it } from "vitest";
import { freshSeed } from "../fresh-seed.js";
import { openPostgres } from "../../connectors/postgres/target.js";
import { sourceDatabase, sourceUrl } from "../world/source-database.js";
import { targetDatabase } from "../world/target-database.js";
import type { TargetDatabase } from "../world/target-database.js";
import { judged } from "../world/writer/streamed.js";
import { openWriter } from "../world/writer/writer.js";
import type { Writer } from "../world/writer/writer.js";
import { startEngine } from "./stream-engine-process.js";

const standSeconds = Number(process.env["HEADGATE_TEST_STAND_SECONDS"] ?? 0);
const migration = "20261126_zombie";

it.each(["batch:begun", "batch:written", "apply:before-commit"])(
  "trap 10, two-handlers-after-rebalance: an engine that stood still at %s finds itself succeeded",
  async (moment) => {
    const name = "faults_zombie";
    const seed = freshSeed();
    console.log(`seed ${String(seed)}`);
    await using source = await sourceDatabase(name, "mysql9");
    await using target = await targetDatabase(name);
    const url = new URL(await sourceUrl("mysql9"));
    url.pathname = `/${name}`;
    await using writer = await openWriter({ url: url.href, seed, sessions: 2, perSecond: 40 });
    writer.xa = false;
    writer.start();
    await writer.reached(20);
    const settings = {
      source: source.url,
      target: target.options.url,
      migration,
      rangeRows: 200,
      batchRows: 50,
      lanes: moment === "batch:written" ? ("auto" as const) : ("one" as const),
    };
    const first = startEngine({ ...settings, at: { moment, hit: 3, act: "tell" } });
    expect(await first.line("met ")).toBe(`met ${moment}`);
    first.child.kill("SIGSTOP");
    await endClaim(target, writer);
    const next = startEngine(settings);
    await next.line("event going-on");
    // What the zombie was told before it stood still it now tries to do.
    first.say("go on 60000");
    first.child.kill("SIGCONT");
    const fault = await first.end;
    expect(
      ["epoch-lost", "connection-lost", "checkpoint-moved", "feed-stolen"],
      JSON.stringify(fault),
    ).toContain(fault?.code);
    const [holders] = await target.sql(
      "SELECT count(DISTINCT epoch)::text AS n, max(epoch)::text AS epoch FROM headgate.lane",
    );
    expect(holders).toEqual({ n: "1", epoch: "2" });
    await writer.reached(writer.log.length + 20);
    await writer.stop();
    next.say("level");
    expect(await next.end).toMatchObject({ code: null, replays: 0 });
    await judged(url.href, target, writer);
  },
);

async function endClaim(target: TargetDatabase, writer: Writer): Promise<void> {
  if (standSeconds > 0) {
    await stood(target, writer);
    await using other = await openPostgres(target.options);
    expect(await other.endHolder(migration)).toBeGreaterThan(0);
    return;
  }
  // The claim is a lock of its session; the sessions that it writes with stay as they are.
  const ended = await target.sql(
    "SELECT pg_terminate_backend(pid)::text AS gone FROM pg_locks WHERE locktype = 'advisory' AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
  );
  expect(ended.length).toBeGreaterThan(0);
}

/** So long by the target's clock, while the writer goes on. */
async function stood(target: TargetDatabase, writer: Writer): Promise<void> {
  const [begun] = await target.sql("SELECT clock_timestamp()::text AS at");
  for (let over: string | null | undefined = "false"; over !== "true";) {
    await writer.reached(writer.log.length + 20);
    const [now] = await target.sql(
      "SELECT (clock_timestamp() - $1::timestamptz >= make_interval(secs => $2))::text AS over",
      [begun?.["at"], standSeconds],
    );
    over = now?.["over"];
  }
}
