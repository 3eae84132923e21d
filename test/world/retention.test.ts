/**
 * The log from the start of a copy on, thrown away while the copy is not done: the run ends by its name as soon as it is
 * known, before anything more is copied, and its log tells of a copy that takes longer than the source keeps it. The
 * servers are the test's own: what is purged here nobody else needs.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ownServers } from "../faults/own-servers.js";
import { journey, numbers, openRanges, untilDone } from "./journey.js";
import type { Journey } from "./journey.js";

let servers: Awaited<ReturnType<typeof ownServers<"mysql9" | "mariadb" | "postgres18">>>;

beforeAll(async () => {
  servers = await ownServers(["mysql9", "mariadb", "postgres18"]);
});
afterAll(async () => {
  await servers[Symbol.asyncDispose]();
});

async function prepared(trip: Journey): Promise<void> {
  await trip.source.sql("CREATE TABLE t (id INT PRIMARY KEY, note VARCHAR(40))");
  await trip.source.sql(`INSERT INTO t SELECT n, CONCAT('row ', n) FROM (${numbers(10_000)}) AS r`);
}

/** Until the server has done it: MariaDB keeps what it may need for its own recovery in a moment. */
async function purge({ source }: Journey): Promise<void> {
  await source.sql("FLUSH LOGS");
  const newest = (await source.sql("SHOW BINARY LOGS")).at(-1)?.[0] ?? "";
  for (let oldest = ""; oldest !== newest;) {
    await source.sql("INSERT INTO t VALUES (5000, 'x') ON DUPLICATE KEY UPDATE note = CONCAT(note, 'x')");
    await source.sql(`PURGE BINARY LOGS TO '${newest}'`);
    oldest = (await source.sql("SHOW BINARY LOGS"))[0]?.[0] ?? "";
  }
}

const purged = expect.objectContaining({
  code: "log-purged",
  next: expect.stringContaining("begin a new migration") as string,
}) as unknown;

describe.each(["mysql9", "mariadb"] as const)("%s", (name) => {
  it("a copy that goes on after its log was purged ends before it copies anything", async () => {
    await using trip = await journey(`hg_kept_${name}`, name);
    await prepared(trip);
    trip.configure(["snapshot: { rangeRows: 1000 }"]);
    await trip.said(2, "run", "--hold", "t:1-7");
    const open = await openRanges(trip);
    const held = await trip.target.sql("SELECT count(*)::text AS n FROM t");
    await purge(trip);
    expect((await trip.said(1, "run"))["error"]).toEqual(purged);
    expect(await openRanges(trip)).toBe(open);
    expect(await trip.target.sql("SELECT count(*)::text AS n FROM t")).toEqual(held);
  });
});

it("is told of a copy that takes longer than the log is kept, and ends one whose log goes while it runs", async ({
  skip,
}) => {
  if (process.env["HEADGATE_GATE"] !== "1")
    skip("its looks at the log take half a minute: it runs in the gate");
  await using trip = await journey("hg_kept", "mysql9");
  await prepared(trip);
  trip.configure(["snapshot: { rangeRows: 1000, workers: 1 }", "throttle: { sleep: 30s }"]);
  await trip.source.sql("SET GLOBAL binlog_expire_logs_seconds = 30");
  const running = trip.start(["run", "--json"]);
  await running.logged(/the copy takes about .* more, and the source keeps the log from its start for /u);
  await untilDone(trip, running, 1);
  await purge(trip);
  const ended = await running.end;
  expect([ended.code, JSON.parse(ended.stdout.trimEnd().split("\n").at(-1) ?? "{}")]).toEqual([
    1,
    expect.objectContaining({ error: purged }),
  ]);
  const [left] = await trip.target.sql(
    "SELECT count(*)::text AS n FROM headgate.range WHERE state <> 'done'",
  );
  expect(Number(left?.["n"])).toBeGreaterThan(0);
});
