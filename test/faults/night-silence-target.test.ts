/**
 * A network to the target that goes silent inside the fence: before the decision the source is open again past the budget,
 * after it the command ends with its reason, and is said again.
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

/** The server gets that statement, and whoever is connected then hears nothing more. */
function silentFrom(proxy: FaultProxy, statement: RegExp): { readonly seen: boolean } {
  const met = { seen: false };
  proxy.onRequest = (bytes) => {
    if (met.seen || !statement.test(bytes.toString("latin1"))) return;
    met.seen = true;
    proxy.deafen();
  };
  return met;
}

describe("a night whose target goes silent in the fence", () => {
  let night: NightJourney;
  let proxy: FaultProxy;
  let engine: RunningEngine;

  beforeAll(async () => {
    night = await nightJourney("target_silence");
    await shopTables(night.source);
    proxy = await faultProxy({ host: "127.0.0.1", port: Number(new URL(night.target.url).port) });
    const path = join(night.folder, "headgate.yaml");
    const yaml = readFileSync(path, "utf8")
      .replace(/(target: \{ url: "[^"]*@[^":]*:)\d+/u, `$1${String(proxy.port)}`)
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

  it("goes back within the budget where a sequence is moved and no answer comes", async () => {
    const met = silentFrom(proxy, /setval/u);
    const said = await night.headgate(["cutover"]);
    expect(met.seen).toBe(true);
    expect(said.code, said.stdout + said.stderr).toBe(5);
    expect(said.last).toMatchObject({ state: "rolled_back", why: { code: "cutover-aborted" } });
    expect(said.last["writePauseSeconds"]).toBeLessThan(budget + bounded);
    await night.app.more(10);
  });

  it("ends with the reason where the target is being opened and no answer comes, and the same command opens it", async () => {
    // Its sessions hear nothing any more, and nobody tells it.
    await engine.stop("SIGKILL");
    engine = night.engine();
    await engine.logged(/"msg":"ready"/u);
    const met = silentFrom(proxy, /GRANT CONNECT/u);
    const said = await night.headgate(["cutover"]);
    expect(met.seen).toBe(true);
    expect(said.code, said.stdout + said.stderr).toBe(6);
    expect(said.last).toMatchObject({ error: { code: "switch-unfinished" } });
    const again = await night.headgate(["cutover"]);
    expect(again.code, again.stdout + again.stderr).toBe(0);
    expect(again.last).toMatchObject({ state: "soaking" });
    await night.app.more(10);
  });
});
