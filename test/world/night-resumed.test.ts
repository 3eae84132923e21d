/**
 * What an engine leaves that was killed, or is alive, in the middle of a night: the next command ends it. Killed with the
 * source's triggers there again and the source still shut; a journal that is lost in the soak; a rollback that is asked for
 * while another process holds the cutover; a complete that was killed before the slot was dropped.
 */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createConnection } from "mysql2/promise";
import { readJournal } from "../../src/cutover/journal.js";
import { nightJourney, shopTables } from "./night-journey.js";
import type { NightJourney } from "./night-journey.js";

/** Preloaded into a headgate process: it dies by -9 once this part of a journal's line is on the disk. */
const preload = `
import { open } from "node:fs/promises";
const probe = await open("/dev/null", "a");
const handle = Object.getPrototypeOf(probe);
await probe.close();
const { appendFile, datasync } = handle;
let met = false;
handle.appendFile = async function (text, ...rest) {
  met = String(text).includes(process.env.HEADGATE_TEST_DIES_AT);
  return appendFile.call(this, text, ...rest);
};
handle.datasync = async function () {
  await datasync.call(this);
  if (met) process.kill(process.pid, "SIGKILL");
};
`;

describe("a night that was left", () => {
  let night: NightJourney;
  let journal: string;

  beforeAll(async () => {
    night = await nightJourney("resumed");
    journal = join(night.folder, ".headgate", night.migration, "journal.jsonl");
    writeFileSync(join(night.folder, "dies.mjs"), preload);
    await shopTables(night.source);
    night.app.start();
    await night.app.more(10);
    const ready = await night.headgate(["run", "--until", "ready"]);
    expect(ready.code, ready.stdout + ready.stderr).toBe(0);
  });
  afterAll(async () => {
    await night[Symbol.asyncDispose]();
  });

  const dies = (step: string, phase: string): Readonly<Record<string, string>> => ({
    NODE_OPTIONS: `--import ${pathToFileURL(join(night.folder, "dies.mjs")).href}`,
    HEADGATE_TEST_DIES_AT: `"step":"${step}","phase":"${phase}"`,
  });
  const ends = async (args: readonly string[], state: string): Promise<void> => {
    const said = await night.headgate(args);
    expect(said.code, said.stdout + said.stderr).toBe(0);
    expect(said.last).toMatchObject({ state });
  };
  /** Each acknowledged write is there once. */
  const whole = async (side: "source" | "target"): Promise<void> => {
    await night.app.stop();
    const sql = "SELECT token FROM entries";
    const there =
      side === "source"
        ? (await night.source.sql(sql)).map(([token]) => token)
        : (await night.target.sql(sql)).map((row) => row["token"]);
    expect(new Set(there).size).toBe(there.length);
    expect(night.app.acknowledged.filter((token) => !there.includes(token))).toEqual([]);
    night.app.start();
  };

  it("opens the source after a rollback that died with the triggers there again", async () => {
    await ends(["cutover", "--until", "soaking"], "soaking");
    await night.app.more(5);
    const died = await night.headgate(["rollback"], dies("source-triggers-back", "done"));
    expect([died.code, died.stdout]).toEqual([null, expect.any(String)]);
    await ends(["rollback"], "rolled_back");
    await night.app.more(5);
    await whole("source");
  });

  it("leaves a cutover that another process is in to that process, and its journal whole", async () => {
    const engine = night.engine();
    await engine.logged(/"msg":"ready"/u);
    const config = readFileSync(join(night.folder, "headgate.yaml"), "utf8");
    const login = new URL(/probe: "([^"]+)"/u.exec(config)?.[1] ?? "");
    const open = await createConnection({
      ...{ host: login.hostname, port: Number(login.port), database: "resumed" },
      ...{ user: decodeURIComponent(login.username), password: decodeURIComponent(login.password) },
    });
    open.on("error", () => null);
    await open.query("BEGIN");
    await open.query("INSERT INTO audit (token) VALUES ('open')");
    const going = night.headgate(["cutover"]);
    await engine.logged(/transaction\(s\) are open at the source/u);
    await ends(["rollback"], "rolled_back");
    expect((await going).last).toMatchObject({ state: "rolled_back" });
    open.destroy();
    await engine.stop();
    const { entries } = await readJournal(journal);
    expect(entries.at(-1)).toMatchObject({ step: "rolled_back", phase: "entered" });
    await night.app.more(5);
  });

  it("finds its way back out of a soak whose journal is lost", async () => {
    await ends(["cutover", "--until", "soaking"], "soaking");
    await night.app.more(5);
    rmSync(journal);
    await ends(["rollback"], "rolled_back");
    await night.app.more(5);
    await whole("source");
  });

  it("drops the slot of a complete that died before it did", async (context) => {
    if (process.env["HEADGATE_GATE"] !== "1") context.skip("one night more: in the gate");
    await ends(["cutover", "--until", "soaking"], "soaking");
    const died = await night.headgate(["complete"], dies("completed", "entered"));
    expect([died.code, died.stdout]).toEqual([null, expect.any(String)]);
    const slots = "SELECT slot_name FROM pg_replication_slots WHERE database = 'resumed'";
    expect(await night.target.sql(slots)).toHaveLength(1);
    await ends(["run"], "completed");
    expect(await night.target.sql(slots)).toEqual([]);
    await night.app.more(5);
    await whole("target");
  });
});
