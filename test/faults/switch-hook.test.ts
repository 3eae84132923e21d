/**
 * A hook `switch` that does not succeed: the target is open by then, so the soak runs, with its way back, and the cutover says
 * with exit 6 what is left. The same command goes on with it; a rollback works from there.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { nightJourney, shopTables } from "../world/night-journey.js";
import type { NightJourney, RunningEngine } from "../world/night-journey.js";

describe("a night whose hook switch does not succeed", () => {
  let night: NightJourney;
  let engine: RunningEngine;
  let broken: string;

  beforeAll(async () => {
    night = await nightJourney("switch_hook");
    await shopTables(night.source);
    broken = join(night.folder, "broken");
    const route = join(night.folder, "route.sh");
    const script = readFileSync(route, "utf8");
    const refusal = `[ "$1" = target ] && [ -e '${broken}' ] && exit 3`;
    writeFileSync(route, script.replace("#!/bin/sh\n", `#!/bin/sh\n${refusal}\n`));
    writeFileSync(broken, "");
    night.app.start();
    await night.app.more(20);
    engine = night.engine();
    await engine.logged(/"msg":"ready"/u);
  });
  afterAll(async () => {
    await night[Symbol.asyncDispose]();
  });

  const cutsOverHalf = async (): Promise<void> => {
    const said = await night.headgate(["cutover"]);
    expect(said.code, said.stdout + said.stderr).toBe(6);
    expect(said.last).toMatchObject({ state: "soaking", ok: false, why: { code: "switch-unfinished" } });
    expect(said.last["writePauseSeconds"]).toBeGreaterThan(0);
    expect(said.last["nextSteps"]).toContainEqual(expect.objectContaining({ command: "headgate cutover" }));
  };

  it("brings to the source what is written on the target all the same, and goes back with it", async () => {
    await cutsOverHalf();
    await night.target.sql("INSERT INTO entries (token, side, amount) VALUES ('by-hand', 'target', 1)");
    while ((await night.source.sql("SELECT 1 FROM entries WHERE token = 'by-hand'")).length === 0)
      await night.source.sql("DO SLEEP(0.1)");
    const again = await night.headgate(["cutover"]);
    expect(again.code, again.stdout + again.stderr).toBe(6);
    const said = await night.headgate(["rollback"]);
    expect(said.code, said.stdout + said.stderr).toBe(0);
    expect(said.last).toMatchObject({ state: "rolled_back", proof: { equal: true } });
    await night.app.more(10);
  });

  it("goes on with it at the same command, once it succeeds", async () => {
    await engine.logged(/"msg":"ready"[\s\S]*"msg":"ready"/u);
    await cutsOverHalf();
    rmSync(broken);
    const said = await night.headgate(["cutover"]);
    expect(said.code, said.stdout + said.stderr).toBe(0);
    expect(said.last).toMatchObject({ state: "soaking", cutover: `${night.migration}-2` });
    expect(existsSync(join(night.folder, "route"))).toBe(true);
    await night.app.more(20);
    // The application writes on while the rows are read.
    const upTo = night.app.acknowledged.length;
    const tokens = (await night.target.sql("SELECT token FROM entries")).map((row) => row["token"] ?? "");
    expect(new Set(tokens).size).toBe(tokens.length);
    const there = new Set(tokens);
    expect(night.app.acknowledged.slice(0, upTo).filter((token) => !there.has(token))).toEqual([]);
  });
});
