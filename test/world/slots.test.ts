/**
 * Two worker slots per source host, counted across processes: a second migration from the same server waits for the
 * first one's readers. The first is stopped in the middle of its reads, so that who reads and who waits can be looked
 * at; nothing here depends on how long a read takes. More slots need an override, which the report lists.
 */
import type { ChildProcess } from "node:child_process";
import type { Connection } from "mysql2/promise";
import { expect, it } from "vitest";
import { lastObject } from "./headgate.js";
import { journey, numbers, toTheEnd, unequal, untilDone } from "./journey.js";
import type { Journey } from "./journey.js";
import { openDriver, sourceUrl } from "./source-database.js";

async function filled(name: string): Promise<Journey> {
  const trip = await journey(name);
  await trip.source.sql("CREATE TABLE big (id INT PRIMARY KEY, note VARCHAR(40))");
  await trip.source.sql(`INSERT INTO big SELECT n, CONCAT('row ', n) FROM (${numbers(10_000)}) AS r`);
  trip.configure(["snapshot: { rangeRows: 100 }"]);
  return trip;
}

/** Sessions in these databases that hold a slot, and those that a lock keeps from reading their range. */
async function readers(
  admin: Connection,
  ...trips: readonly Journey[]
): Promise<{ readonly slots: readonly string[]; readonly blocked: readonly string[] }> {
  const names = trips.map((trip) => trip.source.name);
  const [held] = await admin.query(
    `SELECT s.slot FROM (${numbers(8)}) AS r
       JOIN LATERAL (SELECT CONCAT('headgate.worker.', r.n + 1) AS slot) AS s
       JOIN information_schema.PROCESSLIST p ON p.ID = IS_USED_LOCK(s.slot)
      WHERE p.DB IN (?) ORDER BY 1`,
    [names],
  );
  const [waiting] = await admin.query(
    `SELECT DB FROM information_schema.PROCESSLIST
      WHERE STATE = 'Waiting for table metadata lock' AND DB IN (?)`,
    [names],
  );
  const cells = (rows: unknown): string[] => (rows as string[][]).map(([cell = ""]) => cell);
  return { slots: cells(held), blocked: cells(waiting) };
}

/** Locks the table against reads, and resolves when so many readers stand before it. */
async function heldFast(lock: Connection, admin: Connection, trip: Journey, expected: number): Promise<void> {
  await lock.query(`LOCK TABLES \`${trip.source.name}\`.big WRITE`);
  while ((await readers(admin, trip)).blocked.length < expected);
}

/** Stops the process in its reads: what it holds it holds until it is told to go on, whatever the servers' timeouts. */
async function stopReading(lock: Connection, admin: Connection, trip: Journey, child: ChildProcess) {
  for (;;) {
    await heldFast(lock, admin, trip, 2);
    child.kill("SIGSTOP");
    // Its sessions wait in a statement, so none has a word on its way that would give a slot back.
    if ((await readers(admin, trip)).blocked.length === 2) break;
    // One of them had waited long enough for the lock, and let its slot go.
    child.kill("SIGCONT");
  }
  await lock.query("UNLOCK TABLES");
}

it("are shared by all migrations from one host", async () => {
  await using first = await filled("hg_slots_a");
  await using second = await filled("hg_slots_b");
  // Its values are looked at, which takes slots too; from here on it only copies.
  expect((await second.headgate(...toTheEnd, "--hold", "big")).code).toBe(2);
  const [lock, admin] = await Promise.all([1, 2].map(async () => openDriver(await sourceUrl("mysql9"))));
  if (lock === undefined || admin === undefined) throw new Error("no connection");
  try {
    const one = first.start(toTheEnd);
    await untilDone(first, one, 2);
    await stopReading(lock, admin, first, one.child);
    const other = second.start(toTheEnd);
    // Both of its workers have asked for a slot and got none.
    await other.logged(/"no-slot"[^]*"no-slot"/u);
    const slots = ["headgate.worker.1", "headgate.worker.2"];
    expect([await readers(admin, first), await readers(admin, second)]).toEqual([
      { slots, blocked: [] },
      { slots: [], blocked: [] },
    ]);
    const waiting = await second.said(0, "status");
    expect(waiting).toMatchObject({ tables: [{ rows: 0 }], etaSeconds: null });
    expect((await first.said(0, "status"))["etaSeconds"]).toBeGreaterThan(0);
    one.child.kill("SIGCONT");
    const ends = Promise.all([one.end, other.end]);
    let [most, over] = [0, false];
    void ends.finally(() => (over = true));
    while (!over) most = Math.max(most, (await readers(admin, first, second)).slots.length);
    for (const ended of await ends) expect([ended.code, lastObject(ended)["state"]]).toEqual([0, "copied"]);
    expect(most).toBeLessThanOrEqual(2);
    expect([...unequal(await first.judge()), ...unequal(await second.judge())]).toEqual([]);
  } finally {
    await Promise.all([lock.end(), admin.end()]);
  }
});

it("are more with an override only, and every report says so", async () => {
  await using trip = await filled("hg_slots_c");
  trip.configure(["snapshot: { workers: 3, rangeRows: 100 }"]);
  const refused = await trip.said(64, "run", "--until", "copied");
  expect(refused["error"]).toMatchObject({
    code: "config-invalid",
    sentence: expect.stringContaining("more than the 2") as string,
  });
  expect(await trip.target.sql("SELECT FROM pg_namespace WHERE nspname = 'headgate'")).toEqual([]);

  const reason = "dedicated host, agreed in CHG-1182";
  const override = { safeguard: "workers-per-host", value: 3, reason };
  trip.configure([
    "snapshot: { workers: 3, rangeRows: 100 }",
    `overrides: [{ safeguard: workers-per-host, value: 3, reason: "${reason}" }]`,
  ]);
  const [lock, admin] = await Promise.all([1, 2].map(async () => openDriver(await sourceUrl("mysql9"))));
  if (lock === undefined || admin === undefined) throw new Error("no connection");
  try {
    const running = trip.start(toTheEnd);
    await untilDone(trip, running, 2);
    await heldFast(lock, admin, trip, 3);
    expect((await readers(admin, trip)).slots).toHaveLength(3);
    await lock.query("UNLOCK TABLES");
    expect((await running.end).code).toBe(0);
  } finally {
    await Promise.all([lock.end(), admin.end()]);
  }
  expect((await trip.said(0, "report"))["overrides"]).toEqual([override]);
  const { stdout } = await trip.headgate("report");
  expect(stdout).toContain(`workers-per-host: 3, ${reason}`);
});
