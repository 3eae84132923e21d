/**
 * An engine killed by -9 where only one way is left: once the switch is decided, and in the middle of the soak's rollback. The
 * same command again carries it through and ends, and every write that the application saw acknowledged is there once.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { nightJourney, shopTables } from "../world/night-journey.js";
import type { NightJourney } from "../world/night-journey.js";

describe("a night whose engine is killed after the decision", () => {
  let night: NightJourney;

  beforeAll(async () => {
    night = await nightJourney("cutover_decided");
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

  const whole = async (side: "source" | "target"): Promise<void> => {
    const upTo = night.app.acknowledged.length;
    await night.app.more(10);
    const tokens =
      side === "source"
        ? (await night.source.sql("SELECT token FROM entries")).map(([token]) => token ?? "")
        : (await night.target.sql("SELECT token FROM entries")).map((row) => row["token"] ?? "");
    expect(new Set(tokens).size).toBe(tokens.length);
    const there = new Set(tokens);
    expect(night.app.acknowledged.slice(0, upTo).filter((token) => !there.has(token))).toEqual([]);
  };

  it("the same command opens the target and ends, where it is to end in the soak", async () => {
    await killedAt(["cutover"], /step decide: done/u);
    const said = await night.headgate(["cutover", "--until", "soaking"]);
    expect(said.code, said.stdout + said.stderr).toBe(0);
    expect(said.last).toMatchObject({ state: "soaking", cutover: `${night.migration}-1` });
    await whole("target");
  });

  it("a rollback out of the soak goes on with the step that it was in", async () => {
    await killedAt(["rollback"], /step reverse-drain: about-to/u);
    const said = await night.headgate(["rollback"]);
    expect(said.code, said.stdout + said.stderr).toBe(0);
    expect(said.last).toMatchObject({ state: "rolled_back", cutover: `${night.migration}-1` });
    await whole("source");
  });
});
