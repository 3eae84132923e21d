/**
 * Ctrl-C and SIGTERM in the middle of a copy: the process ends within seconds with its own exit code, keeps what was
 * committed, and the next run copies only the rest. A second Ctrl-C ends it at once, whatever it waits for. The
 * signals are sent when the ledger has the first ranges, and there are many.
 */
import { once } from "node:events";
import { setImmediate as turn } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { faultProxy } from "../world/fault-proxy.js";
import { lastObject } from "../world/headgate.js";
import { doneRanges, journey, numbers, openRanges, toTheEnd, unequal, untilDone } from "../world/journey.js";
import type { Journey } from "../world/journey.js";

/** What a person or a service manager waits before it becomes impatient. */
const patience = 10_000;

let trip: Journey;

beforeAll(async () => {
  trip = await journey("hg_signals");
  await trip.source.sql("CREATE TABLE big (id INT PRIMARY KEY, note VARCHAR(40), KEY (note))");
  await trip.source.sql(`INSERT INTO big SELECT n, CONCAT('row ', n) FROM (${numbers(12_000)}) AS r`);
  trip.configure(["snapshot: { rangeRows: 100 }"]);
});
afterAll(async () => {
  await trip[Symbol.asyncDispose]();
});

async function forget(): Promise<void> {
  await trip.target.sql("DROP TABLE IF EXISTS big");
  await trip.target.sql("DROP SCHEMA IF EXISTS headgate CASCADE");
}

/** The next run ends the work, and no range that was done is done again. */
async function expectRest(done: Readonly<Record<string, string>>): Promise<void> {
  expect((await trip.said(0, ...toTheEnd.slice(0, -1)))["state"]).toBe("copied");
  const all = await doneRanges(trip);
  expect(all).toMatchObject(done);
  expect(await openRanges(trip)).toBe(0);
  expect(unequal(await trip.judge())).toEqual([]);
}

it.each([
  ["SIGINT", 130, "interrupted"],
  ["SIGTERM", 143, "terminated"],
] as const)(
  "%s in the middle of the copy ends it with %i in seconds, and the rest is the next run's",
  async (...of) => {
    const [signal, exit, code] = of;
    await forget();
    const running = trip.start(toTheEnd);
    await untilDone(trip, running, 2);
    running.child.kill(signal);
    await once(running.child, "exit", { signal: AbortSignal.timeout(patience) });
    const ended = await running.end;
    expect([ended.code, ended.signal]).toEqual([exit, null]);
    expect(lastObject(ended)).toMatchObject({
      verb: "run",
      ok: false,
      exit,
      error: { code, retriable: true },
    });
    const done = await doneRanges(trip);
    expect(Object.keys(done).length).toBeGreaterThan(0);
    expect(await openRanges(trip)).toBeGreaterThan(0);
    const sessions = await trip.target.sql(
      "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
    );
    expect(sessions, "sessions that the engine left behind").toEqual([]);
    expect(await trip.said(0, "status")).toMatchObject({ state: "stopped", holder: null });
    await expectRest(done);
  },
);

it("a second Ctrl-C ends a run at once that waits for a target which says nothing", async () => {
  await forget();
  const { hostname, port } = new URL(trip.target.url);
  await using proxy = await faultProxy({ host: hostname, port: Number(port) });
  trip.configure(["snapshot: { rangeRows: 100 }"], { target: proxy.port });
  const running = trip.start(toTheEnd);
  await untilDone(trip, running, 2);
  proxy.holdAnswers = true;
  const bound = AbortSignal.timeout(patience);
  // One Ctrl-C after the other, as an impatient person does: two that come too close are one for the system.
  while (running.child.exitCode === null && !bound.aborted) {
    running.child.kill("SIGINT");
    await turn();
  }
  expect(running.child.exitCode).toBe(130);
  await running.end;
  proxy.holdAnswers = false;
  proxy.forget();
  const done = await doneRanges(trip);
  trip.configure(["snapshot: { rangeRows: 100 }"]);
  await expectRest(done);
});
