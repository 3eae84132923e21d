/**
 * A network that goes silent inside the fence: what is asked of the source is never answered, and nobody is told that the
 * connection is gone. The write pause is bounded all the same: past its budget the source is open again, by itself.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { faultProxy } from "../world/fault-proxy.js";
import type { FaultProxy } from "../world/fault-proxy.js";
import { nightJourney, shopTables } from "../world/night-journey.js";
import type { NightJourney, RunningEngine } from "../world/night-journey.js";

/** Seconds. A pause of so long, and as much for new connections, the source's triggers and the application's first write. */
const budget = 4;
const bounded = 8;

describe("a night whose source goes silent in the fence", () => {
  let night: NightJourney;
  let proxy: FaultProxy;
  let engine: RunningEngine;

  beforeAll(async () => {
    night = await nightJourney("night_silence");
    await shopTables(night.source);
    const { port } = night.source.options;
    proxy = await faultProxy({ host: "127.0.0.1", port });
    const path = join(night.folder, "headgate.yaml");
    const yaml = readFileSync(path, "utf8")
      .replace(/(admin: "[^"]*@[^":]*:)\d+/u, `$1${String(proxy.port)}`)
      .replace("maxWritePause: 60s", `maxWritePause: ${String(budget)}s`);
    writeFileSync(path, yaml, { mode: 0o600 });
    night.app.start();
    await night.app.more(20);
    engine = night.engine();
    await engine.logged(/"msg":"ready"/u);
  });
  afterAll(async () => {
    await night[Symbol.asyncDispose]();
    await proxy[Symbol.asyncDispose]();
  });

  /** The server gets that statement, and whoever is connected then hears nothing more. */
  const silentFrom = (statement: RegExp): { readonly seen: boolean } => {
    const met = { seen: false };
    proxy.onRequest = (bytes) => {
      if (met.seen || !statement.test(bytes.toString("latin1"))) return;
      met.seen = true;
      proxy.deafen();
    };
    return met;
  };

  it.each([
    ["the fence's first statement", /ACCOUNT LOCK/u],
    ["the statement that drops the triggers", /DROP TRIGGER/u],
  ])("goes back within the budget where %s is not answered", async (_, statement) => {
    const met = silentFrom(statement);
    const began = performance.now();
    const said = await night.headgate(["cutover"]);
    const seconds = (performance.now() - began) / 1000;
    expect(met.seen).toBe(true);
    expect(said.code, said.stdout + said.stderr).toBe(5);
    expect(said.last).toMatchObject({ state: "rolled_back", why: { code: "cutover-aborted" } });
    expect(JSON.stringify(said.last)).toMatch(/past its budget of 4 s/u);
    expect(said.last["writePauseSeconds"]).toBeLessThan(budget + bounded);
    expect(seconds).toBeLessThan(60);
    // Open, with its triggers, and written to.
    await night.app.more(10);
    expect(
      await night.source.sql(
        "SELECT TRIGGER_NAME FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE()",
      ),
    ).toEqual([["entries_audit"]]);
    // The application goes on: what is acknowledged while the table is read need not be in what is read.
    const acknowledged = [...night.app.acknowledged];
    const tokens = new Set((await night.source.sql("SELECT token FROM entries")).map(([token]) => token));
    expect(acknowledged.filter((token) => !tokens.has(token))).toEqual([]);
  });

  it("carries through what is decided, where only the answer was lost", async () => {
    const met = silentFrom(/SET decision = 'switch'/u);
    const said = await night.headgate(["cutover"]);
    expect(met.seen).toBe(true);
    expect(said.code, said.stdout + said.stderr).toBe(0);
    expect(said.last).toMatchObject({ state: "soaking" });
    expect(said.last["writePauseSeconds"]).toBeGreaterThan(budget);
    expect(said.last["writePauseSeconds"]).toBeLessThan(budget + bounded);
  });
});
