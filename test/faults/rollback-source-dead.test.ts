/**
 * A source that goes away once a rollback has shut the target: past the budget of the write pause the target is open again, by
 * itself, and applications go on there. The rollback is asked for again when the source is back. The same where the engine
 * is dead too: the next command opens the target, with the journal alone.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { faultProxy } from "../world/fault-proxy.js";
import type { FaultProxy } from "../world/fault-proxy.js";
import { nightJourney, shopTables } from "../world/night-journey.js";
import type { NightJourney, RunningEngine } from "../world/night-journey.js";

describe("a rollback whose source goes away", () => {
  let night: NightJourney;
  let proxy: FaultProxy;
  let engine: RunningEngine;

  beforeAll(async () => {
    night = await nightJourney("rollback_dead");
    await shopTables(night.source);
    proxy = await faultProxy({ host: "127.0.0.1", port: night.source.options.port });
    const path = join(night.folder, "headgate.yaml");
    const yaml = readFileSync(path, "utf8")
      .replaceAll(/((?:admin|url): "mysql:[^"]*@[^":]*:)\d+/gu, `$1${String(proxy.port)}`)
      .replace("maxWritePause: 60s", "maxWritePause: 10s");
    writeFileSync(path, yaml, { mode: 0o600 });
    night.app.start();
    await night.app.more(20);
    engine = night.engine();
    await engine.logged(/"msg":"ready"/u);
    const said = await night.headgate(["cutover"]);
    expect(said.code, said.stdout + said.stderr).toBe(0);
    await night.app.more(10);
  });
  afterAll(async () => {
    await night[Symbol.asyncDispose]();
    await proxy[Symbol.asyncDispose]();
  });

  it("opens the target again past the budget, and goes back once the source is there", async () => {
    const asked = night.headgate(["rollback"]);
    await engine.logged(/step shut-target: about-to/u);
    proxy.leadTo({ host: "127.0.0.1", port: 1 });
    proxy.cutClients();
    await engine.logged(/step reopen-target: done/u);
    await night.app.more(10);
    expect((await asked).code).not.toBe(0);
    proxy.leadTo({ host: "127.0.0.1", port: night.source.options.port });
    await engine.logged(/reopen-target: done[\s\S]*claimed, in the soak/u);
    const said = await night.headgate(["rollback"]);
    expect(said.code, said.stdout + said.stderr).toBe(0);
    expect(said.last).toMatchObject({ state: "rolled_back", proof: { equal: true } });
    await night.app.more(10);
    // The application goes on: what is acknowledged while the table is read need not be in what is read.
    const acknowledged = [...night.app.acknowledged];
    const tokens = (await night.source.sql("SELECT token FROM entries")).map(([token]) => token ?? "");
    expect(new Set(tokens).size).toBe(tokens.length);
    const there = new Set(tokens);
    expect(acknowledged.filter((token) => !there.has(token))).toEqual([]);
  });

  it("is opened again by the next command, where no engine is left and the source stays away", async () => {
    await engine.stop();
    engine = night.engine();
    await engine.logged(/"msg":"ready"/u);
    const cut = await night.headgate(["cutover"]);
    expect(cut.code, cut.stdout + cut.stderr).toBe(0);
    await night.app.more(10);
    const asked = night.headgate(["rollback"]);
    await engine.logged(/step shut-target: done/u);
    await engine.stop("SIGKILL");
    proxy.leadTo({ host: "127.0.0.1", port: 1 });
    proxy.cutClients();
    await asked;
    const said = await night.headgate(["rollback"]);
    expect(said.code, said.stdout + said.stderr).toBe(6);
    expect(said.stderr + said.stdout).toMatch(/the source does not answer/u);
    await night.app.more(10);
    proxy.leadTo({ host: "127.0.0.1", port: night.source.options.port });
    const back = await night.headgate(["rollback"]);
    expect(back.code, back.stdout + back.stderr).toBe(0);
    expect(back.last).toMatchObject({ state: "rolled_back", proof: { equal: true } });
    await night.app.more(10);
  });
});
