/**
 * An engine killed by -9 in the middle of a cutover, before the decision: one command opens the source again, and every write
 * that the application saw acknowledged is there once.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { nightJourney, shopTables } from "../world/night-journey.js";
import type { NightJourney } from "../world/night-journey.js";

describe("a night whose engine is killed", () => {
  let night: NightJourney;

  beforeAll(async () => {
    night = await nightJourney("cutover_kill");
    await shopTables(night.source);
    night.app.start();
    await night.app.more(20);
    const said = await night.headgate(["run", "--until", "ready"]);
    expect(said.code, said.stdout + said.stderr).toBe(0);
  });
  afterAll(async () => {
    await night[Symbol.asyncDispose]();
  });

  const killedAt = async (args: readonly string[], text: RegExp): Promise<void> => {
    const engine = night.engine(args);
    await engine.logged(text);
    await engine.stop("SIGKILL");
  };

  const whole = async (): Promise<void> => {
    const upTo = night.app.acknowledged.length;
    await night.app.more(10);
    const tokens = (await night.source.sql("SELECT token FROM entries")).map(([token]) => token);
    expect(new Set(tokens).size).toBe(tokens.length);
    const there = new Set(tokens);
    expect(night.app.acknowledged.slice(0, upTo).filter((token) => !there.has(token))).toEqual([]);
  };

  it("before the decision: the source and the journal suffice", async () => {
    await killedAt(["cutover"], /step proof: about-to/u);
    const left = await night.headgate(["status"]);
    expect([left.code, left.last]).toMatchObject([
      0,
      { state: "verifying", nextSteps: [{ command: "headgate rollback" }] },
    ]);
    const place = join(night.folder, "headgate.yaml");
    const config = readFileSync(place, "utf8");
    writeFileSync(place, config.replace(/(target: \{ url: "[^"]+:)\d+/u, "$11"));
    const without = await night.headgate(["status"]);
    expect([without.code, without.last]).toMatchObject([
      1,
      {
        state: "verifying",
        error: { code: "server-unreachable", next: "headgate rollback" },
        night: {
          cutover: `${night.migration}-1`,
          steps: expect.arrayContaining([
            { step: "proof", phase: "about-to", at: expect.any(String) as string },
          ]) as unknown,
        },
      },
    ]);
    writeFileSync(place, config);
    const said = await night.headgate(["rollback"]);
    expect(said.code, said.stdout + said.stderr).toBe(0);
    expect(said.last).toMatchObject({ state: "rolled_back", cutover: `${night.migration}-1` });
    await whole();
  });
});
