/**
 * A soak whose way back is lost: the slot that keeps the target's log is gone, in the middle of a rollback that has shut the
 * target. The next command opens the target again and says why; whoever asks for the way back is told, and `complete` ends it.
 */
import { expect, it } from "vitest";
import { nightJourney, shopTables } from "./night-journey.js";
import type { NightJourney, RunningEngine } from "./night-journey.js";

/** An application on the target, and the engine that has opened it. */
async function soak(night: NightJourney): Promise<RunningEngine> {
  await shopTables(night.source);
  night.app.start();
  await night.app.more(10);
  const engine = night.engine();
  await engine.logged(/"msg":"ready"/u);
  const cut = await night.headgate(["cutover"]);
  expect(cut.code, cut.stdout + cut.stderr).toBe(0);
  await night.app.more(10);
  return engine;
}

it("a way back that is lost opens the target again, and the soak ends by complete", async (context) => {
  if (process.env["HEADGATE_GATE"] !== "1") context.skip("a night of its own: in the gate");
  await using night = await nightJourney("night_lost");
  const engine = await soak(night);
  const asked = night.headgate(["rollback"]);
  await engine.logged(/step shut-target: done/u);
  await engine.stop("SIGKILL");
  await asked;
  await night.target.sql(
    "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE database = 'night_lost' AND active",
  );
  await night.target.sql(
    "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = 'night_lost'",
  );
  const lost = await night.headgate(["rollback"]);
  expect(lost.code, lost.stdout + lost.stderr).not.toBe(0);
  expect(lost.stdout + lost.stderr).toMatch(/log-purged/u);
  // The target is open again.
  await night.app.more(10);
  const again = await night.headgate(["rollback"]);
  expect(again.stdout + again.stderr).toMatch(/log-purged/u);
  await night.app.more(5);
  const ended = await night.headgate(["complete"]);
  expect(ended.code, ended.stdout + ended.stderr).toBe(0);
  expect(ended.last).toMatchObject({ state: "completed" });
  await night.app.stop();
  const there = (await night.target.sql("SELECT token FROM entries")).map((row) => row["token"]);
  expect(new Set(there).size).toBe(there.length);
  expect(night.app.acknowledged.filter((token) => !there.includes(token))).toEqual([]);
});

it("one that is lost under a living engine pages, and the engine goes on without it", async (context) => {
  if (process.env["HEADGATE_GATE"] !== "1") context.skip("a night of its own: in the gate");
  await using night = await nightJourney("night_gone");
  const engine = await soak(night);
  // The engine reads it again at once: between two readings it can be dropped.
  const mine = "FROM pg_replication_slots WHERE database = 'night_gone'";
  while ((await night.target.sql(`SELECT slot_name ${mine}`)).length > 0)
    await night.target
      .sql(
        `SELECT pg_terminate_backend(active_pid) ${mine} AND active; SELECT pg_drop_replication_slot(slot_name) ${mine} AND NOT active`,
      )
      .catch((error: unknown) => {
        // It was read again between the two.
        if (!(error instanceof Error && "code" in error && error.code === "55006")) throw error;
      });
  await engine.logged(/there is no way back any more/u);
  await night.app.more(10);
  const back = await night.headgate(["rollback"]);
  expect(back.code).not.toBe(0);
  expect(back.stdout + back.stderr).toMatch(/log-purged/u);
  const status = await night.headgate(["status"]);
  expect(status.last).toMatchObject({ state: "soaking" });
  const ended = await night.headgate(["complete"]);
  expect(ended.code, ended.stdout + ended.stderr).toBe(0);
  expect(ended.last).toMatchObject({ state: "completed" });
});
