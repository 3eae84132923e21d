/**
 * A pause while the target looks for orphans, on real servers: an anti-join takes as long as it takes, and the pause does not
 * wait for it. The statement is ended at the target, is not asked again while the pause lasts, and its verdict comes
 * afterwards, as if nothing had been. What holds it up is a lock on the parent, whose own rows are not asked for here.
 */
import { Client } from "pg";
import { expect, it } from "vitest";
import { loginOf } from "./accounts.js";
import { journey, numbers } from "./journey.js";
import type { Journey, Running } from "./journey.js";

it("ends a running anti-join, and it is asked again after it", { timeout: 180_000 }, async () => {
  await using trip = await journey("verify_pause");
  await trip.source.sql("CREATE TABLE parent (id INT PRIMARY KEY)");
  await trip.source.sql(`INSERT INTO parent SELECT n FROM (${numbers(500)}) AS r`);
  await trip.source.sql(
    "CREATE TABLE child (id INT PRIMARY KEY, parent INT NOT NULL, CONSTRAINT asks FOREIGN KEY (parent) REFERENCES parent (id))",
  );
  await trip.source.sql(`INSERT INTO child SELECT n, n FROM (${numbers(500)}) AS r`);
  await trip.said(0, "run", "--until", "ready", "--timeout", "60s");
  const running = trip.start(["run", "--json"]);
  await running.logged(/"msg":"ready"/u);
  await trip.target.sql("SET session_replication_role = replica; DELETE FROM parent WHERE id = 7");
  const holder = new Client(loginOf(trip.target.url));
  await holder.connect();
  try {
    await holder.query("BEGIN; LOCK TABLE parent IN ACCESS EXCLUSIVE MODE");
    const verify = trip.start(["verify", "--full", "--table", "child", "--json"]);
    await untilWaiting(trip, verify, 1);
    await trip.said(0, "pause");
    await untilWaiting(trip, verify, 0);
    const status = await trip.said(0, "status");
    expect(status["blocking"]).toContain("paused");
    expect(status["verifying"]).toMatchObject({ ranges: { done: 1, total: 1 } });
    // A round trip through the engine later it still waits for its turn.
    expect([await waiting(trip), verify.child.exitCode]).toEqual([0, null]);
    await trip.said(0, "resume");
    await untilWaiting(trip, verify, 1);
    await holder.query("COMMIT");
    const { code, stdout } = await verify.end;
    const told = JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "") as Record<string, unknown>;
    expect([code, told]).toEqual([
      2,
      expect.objectContaining({
        differences: 0,
        orphans: [
          expect.objectContaining({ foreignKey: "asks", result: "orphans", orphans: "1", keys: [["7"]] }),
        ],
      }),
    ]);
  } finally {
    await holder.end();
  }
  running.child.kill("SIGTERM");
  expect((await running.end).code).toBe(143);
});

/** Statements that wait for the parent. */
async function waiting(trip: Journey): Promise<number> {
  const [row] = await trip.target.sql(
    "SELECT count(*)::text AS n FROM pg_locks WHERE relation = 'parent'::regclass AND NOT granted",
  );
  return Number(row?.["n"]);
}

/** The verification must not end before. */
async function untilWaiting(trip: Journey, verify: Running, wanted: number): Promise<void> {
  while ((await waiting(trip)) !== wanted) expect(verify.child.exitCode).toBeNull();
}
