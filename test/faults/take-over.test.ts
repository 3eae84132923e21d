/**
 * A takeover by its command line (decision 14, I6): an engine that stands still keeps its claim; who comes gets its name, and
 * the command once the target has heard nothing of it for a while. What wakes up later finds itself succeeded.
 */
import { expect, it } from "vitest";
import { journey } from "../world/journey.js";
import type { Said } from "../world/journey.js";

it("ends an engine that stands still, only once it has been silent, and nothing of that engine lands", async () => {
  await using trip = await journey("take_over");
  await trip.source.sql("CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(20) NOT NULL)");
  await trip.source.sql("INSERT INTO t VALUES (1, 'a'), (2, 'b')");
  const first = trip.start(["run", "--json"]);
  await first.logged(/"msg":"ready"/u);
  const alive = (await trip.said(4, "run", "--take-over"))["error"] as Said;
  expect(alive).toMatchObject({ code: "claimed" });
  expect(alive["sentence"]).toContain("lives");
  first.child.kill("SIGSTOP");
  await trip.source.sql("UPDATE t SET v = 'while it stood' WHERE id = 2");
  for (;;) {
    const refused = (await trip.said(4, "run"))["error"] as Said;
    expect(refused).toMatchObject({ code: "claimed" });
    // By the target's clock, whatever this machine does meanwhile.
    if (String(refused["next"]).includes("headgate run --take-over")) break;
    expect(refused["sentence"]).not.toContain("asked the target for nothing");
  }
  const next = trip.start(["run", "--take-over", "--json"]);
  await next.logged(/"msg":"ready"/u);
  await trip.source.sql("INSERT INTO t VALUES (3, 'after')");
  first.child.kill("SIGCONT");
  const zombie = await first.end;
  expect([zombie.code, zombie.stdout], zombie.stderr).toEqual([4, expect.stringContaining('"claimed"')]);
  await trip.source.sql("INSERT INTO t VALUES (4, 'last')");
  next.child.kill("SIGTERM");
  expect((await next.end).code).toBe(143);
  await trip.said(0, "run", "--until", "ready", "--timeout", "60s");
  expect((await trip.judge()).filter(({ equal }) => !equal)).toEqual([]);
});
