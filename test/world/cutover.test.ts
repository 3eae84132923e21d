/**
 * The night by its command line, MySQL to PostgreSQL, with an application that writes all the time and follows the routing:
 * there, back, and there again. Each write that was acknowledged is found exactly once on the side that serves.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { nightJourney, shopTables } from "./night-journey.js";
import type { NightJourney, RunningEngine } from "./night-journey.js";

describe("the night", () => {
  let night: NightJourney;
  let engine: RunningEngine;

  beforeAll(async () => {
    night = await nightJourney("cutover");
    await shopTables(night.source);
    night.app.start();
    await night.app.more(20);
    engine = night.engine();
    await engine.logged(/"msg":"ready"/u);
  });
  afterAll(async () => {
    await night[Symbol.asyncDispose]();
  });

  const found = async (side: "source" | "target"): Promise<Map<string, number>> => {
    const tokens =
      side === "source"
        ? (await night.source.sql("SELECT token, COUNT(*) FROM entries GROUP BY token")).map(
            ([token, n]) => [token ?? "", Number(n)] as const,
          )
        : (await night.target.sql("SELECT token, count(*)::text AS n FROM entries GROUP BY token")).map(
            (row) => [row["token"] ?? "", Number(row["n"])] as const,
          );
    return new Map(tokens);
  };

  /** Every acknowledged write is there once, and no other more than once. */
  const whole = async (side: "source" | "target", upTo = night.app.acknowledged.length): Promise<void> => {
    const there = await found(side);
    const lost = night.app.acknowledged.slice(0, upTo).filter((token) => there.get(token) !== 1);
    expect(lost).toEqual([]);
    expect([...there].filter(([, times]) => times > 1)).toEqual([]);
  };

  it("prints the steps and the expected pause, and does nothing", async () => {
    const said = await night.headgate(["cutover", "--dry-run"]);
    expect([said.code, said.stderr]).toEqual([0, expect.any(String)]);
    expect(said.last).toMatchObject({ dryRun: true, blocking: [], maxWritePauseSeconds: 60 });
    expect(said.last["steps"]).toHaveLength(14);
  });

  it("rehearses all but fence and switch, timed, while the application writes on", async () => {
    const upTo = night.app.acknowledged.length;
    const said = await night.headgate(["cutover", "--rehearse"]);
    expect(said.code, said.stdout + said.stderr).toBe(0);
    expect(said.last).toMatchObject({ rehearsal: true, state: "ready" });
    const steps = said.last["steps"] as readonly { readonly step: string; readonly seconds: number }[];
    expect(steps.map(({ step }) => step)).toEqual(["drain", "proof", "keys", "canary"]);
    expect(said.last["expectedWritePauseSeconds"]).toBeGreaterThan(0);
    // Nobody was kept from anything.
    await night.app.more(10);
    expect(night.app.unknown.size).toBe(0);
    expect((await night.headgate(["status"])).last).toMatchObject({ state: "ready", blocking: [] });
    await whole("source", upTo);
  });

  it("cuts over while the application writes, and the application goes on on the target", async () => {
    const said = await night.headgate(["cutover"]);
    expect(said.code, said.stdout + said.stderr).toBe(0);
    expect(said.last).toMatchObject({ verb: "cutover", state: "soaking", proof: { equal: true } });
    expect(said.last["writePauseSeconds"]).toBeGreaterThan(0);
    expect(said.events.filter(({ event }) => event === "step").length).toBeGreaterThan(20);
    const upTo = night.app.acknowledged.length;
    await night.app.more(50);
    await whole("target", upTo);
    expect((await found("target")).size).toBeGreaterThan(upTo);
  });

  it("goes back with everything that the target was given", async () => {
    // A row that lives for a moment has a key all the same, and nobody else gets it afterwards.
    const [gone] = await night.target.sql(
      "WITH made AS (INSERT INTO audit (token) VALUES ('gone') RETURNING id) SELECT id::text AS id FROM made",
    );
    await night.target.sql("DELETE FROM audit WHERE token = 'gone'");
    // Let in by somebody during the soak: what it writes once the way back is drained would stay behind.
    await night.target.sql("DROP ROLE IF EXISTS headgate_let_in");
    await night.target.sql("CREATE ROLE headgate_let_in LOGIN");
    await night.target.sql('GRANT CONNECT ON DATABASE "cutover" TO headgate_let_in');
    await night.target.sql("GRANT USAGE ON SCHEMA public TO headgate_let_in");
    await night.target.sql("GRANT INSERT ON audit TO headgate_let_in");
    const refused = await night.headgate(["rollback"]);
    expect(refused.last).toMatchObject({ ok: false, error: { code: "fence-refused" } });
    expect(refused.stdout).toMatch(/headgate_let_in may log in to the target and write to public\.audit/u);
    await night.app.more(5);
    await night.target.sql("DROP OWNED BY headgate_let_in");
    await night.target.sql("DROP ROLE headgate_let_in");
    const said = await night.headgate(["rollback"]);
    expect(said.code, said.stdout + said.stderr).toBe(0);
    expect(said.last).toMatchObject({ verb: "rollback", state: "rolled_back", proof: { equal: true } });
    const upTo = night.app.acknowledged.length;
    await night.app.more(50);
    await whole("source", upTo);
    const triggers = await night.source.sql(
      "SELECT TRIGGER_NAME FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE()",
    );
    expect(triggers).toEqual([["entries_audit"]]);
    const [first] = await night.source.sql(
      "SELECT MIN(a.id) FROM audit a JOIN entries e USING (token) WHERE e.side = 'source' AND a.id >= ?",
      [gone?.["id"] ?? ""],
    );
    expect(Number(first?.[0])).toBeGreaterThan(Number(gone?.["id"]));
  });

  it("goes forward again, over once more, and is complete", async () => {
    await engine.logged(/"msg":"ready"[\s\S]*"msg":"ready"/u);
    // The log of a second ready is let go as well: there is a checkpoint of the soak before it.
    const [now] = await night.target.sql("SELECT pg_current_wal_lsn()::text AS lsn");
    const past = `SELECT FROM pg_replication_slots WHERE database = 'cutover' AND confirmed_flush_lsn >= '${now?.["lsn"] ?? ""}'`;
    while ((await night.target.sql(past)).length === 0) await night.app.more(1);
    const said = await night.headgate(["cutover"]);
    expect(said.code, said.stdout + said.stderr).toBe(0);
    expect(said.last).toMatchObject({ state: "soaking", cutover: `${night.migration}-2` });
    await night.app.more(50);
    await night.app.stop();
    await whole("target");
    const done = await night.headgate(["complete"]);
    expect(done.code, done.stdout + done.stderr).toBe(0);
    expect(done.last).toMatchObject({ state: "completed" });
    expect(
      await night.target.sql("SELECT slot_name FROM pg_replication_slots WHERE database = 'cutover'"),
    ).toEqual([]);
  });
});
