/**
 * The triggers of the soak, each fired for real: on both servers something happens that a night has seen, and the engine
 * names it with its figures. The guard is over from the beginning, so a person is paged and the soak goes on; what fires
 * within the guard leads back is the demo's. Windows and hysteresis are src/cutover/triggers.test.ts's, by an injected clock.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { engineName } from "./accounts.js";
import { nightJourney, shopTables } from "./night-journey.js";
import type { NightJourney, RunningEngine } from "./night-journey.js";
import { openDriver, sourceUrl } from "./source-database.js";

const limits = [
  "replicationLagSeconds: { above: 1, for: 1s }",
  "p95Increase: { above: 5, for: 1s }",
  "errorRate: { above: 0.05, for: 1s }",
  "failedBatches: 2",
];

describe("a soak", () => {
  let night: NightJourney;
  let engine: RunningEngine;
  const config = (): string => join(night.folder, "headgate.yaml");

  beforeAll(async () => {
    night = await nightJourney(
      "triggers",
      [
        `triggers: { ${limits.join(", ")} }`,
        'baseline: { queries: [{ name: "carts", source: "SELECT COUNT(*) FROM counters", target: "SELECT n FROM carts" }] }',
      ],
      "mysql9",
      "postgres18",
      { cutover: ["guard: 1ms"], hooks: ['page: ["./page.sh"]'] },
    );
    writeFileSync(
      join(night.folder, "page.sh"),
      '#!/bin/sh\nprintf "%s: %s\\n" "$HEADGATE_TRIGGER" "$HEADGATE_WHY" >> paged\n',
      { mode: 0o755 },
    );
    await shopTables(night.source);
    // Without it nobody can tell where the target's disk is.
    await night.target.sql(`GRANT pg_read_all_settings TO "${engineName("triggers")}"`);
    await night.target.sql("CREATE VIEW carts AS SELECT 1 AS n; GRANT SELECT ON carts TO PUBLIC");
    night.app.start();
    await night.app.more(20);
    engine = night.engine();
    await engine.logged(/"msg":"ready"/u);
    const said = await night.headgate(["cutover"]);
    expect(said.code, said.stdout + said.stderr).toBe(0);
    await night.app.more(20);
  });
  afterAll(async () => {
    await night[Symbol.asyncDispose]();
  });

  const fired = async (trigger: string): Promise<void> => {
    await engine.logged(new RegExp(`"trigger":"${trigger}"[^\n]*"act":"page"`, "u"));
    const status = await night.headgate(["status"]);
    expect(status.code, status.stdout).toBe(0);
    const { triggers } = status.last as {
      triggers: readonly { readonly trigger: string; readonly state: string }[];
    };
    expect(triggers.find((each) => each.trigger === trigger)).toMatchObject({ state: "fired" });
  };

  it("shows all of its triggers, calm as long as nothing happens", async () => {
    for (;;) {
      const { last } = await night.headgate(["status"]);
      const triggers = last["triggers"] as
        readonly { readonly trigger: string; readonly state: string }[] | null;
      // Requests are counted over ten seconds at least.
      const known = (triggers ?? []).filter(
        ({ state, trigger }) => state === "calm" || trigger === "error-rate",
      );
      if (triggers?.length !== 6 || known.length < 6) continue;
      expect(last).toMatchObject({ state: "soaking" });
      return;
    }
  });

  it("tells that the target answers slower than the source did", async () => {
    await night.target.sql(
      "CREATE OR REPLACE VIEW carts AS SELECT length(pg_catalog.pg_sleep(1)::text) + 1 AS n",
    );
    await fired("p95-latency");
  });

  it("tells that applications' transactions fail", async () => {
    const client = new Client({ connectionString: night.logins.target });
    await client.connect();
    const ended = new AbortController();
    const failing = (async (): Promise<void> => {
      while (!ended.signal.aborted)
        await expect(client.query("SELECT 1 / 0")).rejects.toMatchObject({ code: "22012" });
    })();
    try {
      await fired("error-rate");
    } finally {
      ended.abort();
      await failing;
      await client.end();
    }
  });

  it("tells that the way back is behind, and that its batches fail", async (context) => {
    if (process.env["HEADGATE_GATE"] !== "1") context.skip("behind by its window, twice: in the gate");
    const [holder, killer] = await Promise.all([1, 2].map(async () => openDriver(await sourceUrl("mysql9"))));
    if (holder === undefined || killer === undefined) throw new Error("no connection");
    const ended = new AbortController();
    try {
      await holder.query("USE triggers");
      await holder.query("BEGIN");
      await holder.query("SELECT * FROM counters FOR UPDATE");
      await fired("replication-lag");
      const killing = (async (): Promise<void> => {
        while (!ended.signal.aborted) {
          const [rows] = await killer.query(
            "SELECT CAST(trx_mysql_thread_id AS CHAR) AS id FROM information_schema.INNODB_TRX WHERE trx_state = 'LOCK WAIT'",
          );
          for (const [id] of rows as string[][])
            await killer.query(`KILL QUERY ${id ?? ""}`).catch((error: unknown) => {
              // It has ended since it was looked at.
              if (!(error instanceof Error && "code" in error && error.code === "ER_NO_SUCH_THREAD"))
                throw error;
            });
        }
      })();
      try {
        await fired("failed-batches");
      } finally {
        ended.abort();
        await killing;
      }
    } finally {
      holder.destroy();
      killer.destroy();
    }
  });

  it("tells that a row of the source is not what the target wrote", async () => {
    const found = fired("divergence");
    const over = new AbortController();
    void found.finally(() => over.abort()).catch(() => null);
    while (!over.signal.aborted) {
      await night.app.more(50);
      const rows = await night.source.sql("SELECT id FROM entries ORDER BY id DESC LIMIT 20");
      const ids = rows.map(([id]) => id).join(", ");
      await night.source.sql(`UPDATE entries SET amount = 99 WHERE id IN (${ids})`);
    }
    await found;
    const refused = await night.headgate(["complete"]);
    expect(refused.last).toMatchObject({ ok: false, error: { code: "cutover-refused" } });
    // The verb that becomes the engine after it knows as much: nothing is closed before it has looked.
    await engine.stop("SIGKILL");
    const again = await night.headgate(["complete"]);
    expect(again.last, again.stdout).toMatchObject({ ok: false, error: { code: "cutover-refused" } });
    engine = night.engine();
  });

  it("tells that the target's disk is full", async (context) => {
    if (process.env["HEADGATE_GATE"] !== "1")
      context.skip("a disk counts as full after a minute: in the gate");
    // As a disk that fills during the soak: before the switch it would have kept the cutover from beginning.
    await engine.stop();
    const text = readFileSync(config(), "utf8");
    writeFileSync(config(), text.replace("failedBatches: 2", "failedBatches: 2, diskUsed: 0.01"));
    engine = night.engine();
    await fired("disk-used");
  });
});
