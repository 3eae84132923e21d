/**
 * What the source does not hold of what the target is written in the soak, by the command line: the change waits, is shown, and
 * stops rollback and complete with its row named; everything else of the soak goes on. Left out by somebody's word, the way
 * back goes on, and a rollback says which row of the target did not go back.
 */
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { nightJourney, shopTables } from "./night-journey.js";
import type { NightJourney, RunningEngine, Said } from "./night-journey.js";

interface Waiting {
  readonly event: string;
  readonly state: string;
  readonly table: string;
  readonly rows: string;
  readonly direction: string;
  readonly reason: string;
}

describe("a change that the source does not hold", () => {
  let night: NightJourney;
  let engine: RunningEngine;
  let state: string;

  beforeAll(async () => {
    night = await nightJourney("refused");
    state = join(night.folder, ".headgate", night.migration);
    const config = join(night.folder, "headgate.yaml");
    writeFileSync(config, readFileSync(config, "utf8").replace("hooks: {", 'hooks: { page: ["./page.sh"],'), {
      mode: 0o600,
    });
    writeFileSync(
      join(night.folder, "page.sh"),
      `#!/bin/sh\necho "$HEADGATE_TRIGGER: $HEADGATE_REASON" >> '${night.folder}/paged'\n`,
      { mode: 0o755 },
    );
    await shopTables(night.source);
    await night.source.sql(
      "CREATE TABLE goods (id INT PRIMARY KEY, price DECIMAL(10,2), name VARCHAR(20) NOT NULL)",
    );
    await night.source.sql("INSERT INTO goods VALUES (1, 1.5, 'one'), (2, 2.5, 'two'), (3, 3.5, 'three')");
    await night.source.sql("CREATE TABLE shelves (id INT PRIMARY KEY, v INT)");
    await night.source.sql("INSERT INTO shelves VALUES (1, 1)");
    night.app.start();
    await night.app.more(10);
    engine = night.engine();
    await engine.logged(/"msg":"ready"/u);
    const said = await night.headgate(["cutover"]);
    expect(said.code, said.stdout + said.stderr).toBe(0);
    // What waits is written again change by change, and all that came behind it: no more of that than is to be seen.
    await night.app.stop();
  });
  afterAll(async () => {
    await night[Symbol.asyncDispose]();
  });

  const waiting = (said: Said): readonly Waiting[] => said.last["quarantine"] as readonly Waiting[];
  const kept = async (): Promise<Waiting> => {
    const said = await night.headgate(["status"]);
    const found = waiting(said).find((each) => each.state === "kept");
    if (found === undefined) throw new Error(`nothing waits:\n${said.stdout}\n${said.stderr}`);
    return found;
  };
  const skip = async (event: string): Promise<void> => {
    const said = await night.headgate(["skip", "--event", event, "--reason", "the price is none"]);
    expect(said.code, said.stdout + said.stderr).toBe(0);
  };
  /** The way back has brought this. */
  const atSource = async (sql: string): Promise<void> => {
    while ((await night.source.sql(sql)).length === 0);
  };

  it("waits, and is shown: in a file, at the source, in status, to whoever is paged", async () => {
    await night.target.sql("INSERT INTO goods VALUES (10, 'NaN', 'ten')");
    await night.target.sql("INSERT INTO goods VALUES (11, 11, 'eleven')");
    await engine.logged(/the way back stands/u);
    const said = await night.headgate(["status"]);
    const found = await kept();
    expect(found).toMatchObject({
      ...{ direction: "back", table: "goods", rows: "(10)", reason: "value-refused", state: "kept" },
    });
    expect(said.last["blocking"]).toContain("quarantine");
    const [next] = said.last["nextSteps"] as readonly { readonly command: string }[];
    expect(next?.command).toBe(`headgate skip --event '${found.event}' --reason REASON`);
    const [file] = readdirSync(join(state, "quarantine"));
    const path = join(state, "quarantine", file ?? "");
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(path, "utf8"))).toMatchObject({ id: found.event, table: "goods" });
    expect(
      await night.source.sql(
        `SELECT state, about FROM headgate.reverse_refused WHERE migration = '${night.migration}'`,
      ),
    ).toEqual([["kept", "(10)"]]);
    expect(readFileSync(join(night.folder, "paged"), "utf8")).toMatch(/^quarantine: .*goods \(10\)/mu);
    expect(await night.source.sql("SELECT id FROM goods WHERE id >= 10")).toEqual([]);
  });

  it("stops rollback and complete with its row named, and nothing is shut", async () => {
    const back = await night.headgate(["rollback"]);
    expect(back.code, back.stdout + back.stderr).toBe(6);
    expect(back.last).toMatchObject({ error: { code: "way-back-stopped" } });
    expect(back.stdout).toContain("goods (10)");
    const done = await night.headgate(["complete"]);
    expect(done.code).not.toBe(0);
    expect(done.last).toMatchObject({ error: { code: "cutover-refused" } });
    expect(done.stdout).toContain("goods (10)");
    night.app.start();
    await night.app.more(10);
    await night.app.stop();
    // The engine lives, with all else that it does.
    const { last } = await night.headgate(["status"]);
    expect(last).toMatchObject({ state: "soaking", engine: { held: "no" } });
    expect(last["holder"]).not.toBeNull();
  });

  it("is tried again by resume, and waits again", async () => {
    expect((await night.headgate(["resume"])).code).toBe(0);
    await engine.logged(/the way back stands[\s\S]*the way back stands/u);
    expect(await kept()).toMatchObject({ rows: "(10)" });
  });

  it("is left out by a word, and the way back goes on; what follows of its row is left out with it", async () => {
    const { event } = await kept();
    await skip(event);
    await atSource("SELECT id FROM goods WHERE id = 11");
    expect(await night.source.sql("SELECT id FROM goods WHERE id >= 10")).toEqual([["11"]]);
    await night.target.sql("UPDATE goods SET name = 'ten again' WHERE id = 10");
    await night.target.sql("INSERT INTO goods VALUES (12, 12, 'twelve')");
    await atSource("SELECT id FROM goods WHERE id = 12");
    const said = await night.headgate(["status"]);
    expect(waiting(said).map((each) => [each.rows, each.state])).toEqual([
      ["(10)", "skipped"],
      ["(10)", "skipped"],
    ]);
    const journal = readFileSync(join(state, "journal.jsonl"), "utf8");
    expect(journal.match(/"step":"leave-out"/gu)).toHaveLength(2);
    // Nobody but a person decides twice about a word.
    const again = await night.headgate(["skip", "--event", event, "--reason", "once more"]);
    expect(again.last).toMatchObject({ error: { code: "usage" } });
  });

  it("is no divergence for the comparison that goes on", async () => {
    // The comparison has accused the row, and nobody was told of it as divergence: complete would say so.
    const verified = join(state, "soak-verified.json");
    const accuses = '"state":"different"';
    while (!existsSync(verified) || !readFileSync(verified, "utf8").includes(accuses))
      await night.source.sql("SELECT 1");
    const { last } = await night.headgate(["status"]);
    expect(last["blocking"]).not.toContain("quarantine");
    expect(readFileSync(join(night.folder, "paged"), "utf8")).not.toContain("divergence");
  });

  it("meets a table that was given another form on the target, whose rows a rollback compares whole", async () => {
    await night.target.sql("ALTER TABLE shelves ADD COLUMN more int");
    await night.target.sql("INSERT INTO shelves VALUES (2, 2, 2)");
    await night.target.sql("INSERT INTO goods VALUES (13, 13, 'thirteen')");
    await engine.logged(/schema-changed/u);
    const found = await kept();
    expect(found).toMatchObject({ table: "shelves", reason: "schema-changed", rows: "(any)" });
    await skip(found.event);
    await atSource("SELECT id FROM goods WHERE id = 13");
    await night.target.sql("ALTER TABLE shelves DROP COLUMN more");
    await night.target.sql("INSERT INTO shelves VALUES (3, 3)");
    expect(await night.source.sql("SELECT id FROM shelves")).toEqual([["1"]]);
  });

  it("goes back where the source holds the row by then", async () => {
    await night.target.sql("INSERT INTO goods VALUES (20, 'NaN', 'twenty')");
    await engine.logged(/goods \(20\)/u);
    const { event } = await kept();
    // No engine: the word is written down all the same, and the next one goes on by it.
    await engine.stop();
    await skip(event);
    await night.target.sql("UPDATE goods SET price = 20 WHERE id = 20");
    engine = night.engine();
    await night.target.sql("INSERT INTO goods VALUES (21, 21, 'twenty-one')");
    await atSource("SELECT id FROM goods WHERE id = 21");
  });

  it("is listed by the rollback that is possible then, and everything else went back", async () => {
    const said = await night.headgate(["rollback"]);
    expect(said.code, said.stdout + said.stderr).toBe(0);
    expect(said.last).toMatchObject({ state: "rolled_back", proof: { equal: true } });
    expect(said.last["stayed"]).toMatchObject([{ table: "goods", key: ["10"] }]);
    expect((said.last["leftOut"] as readonly { readonly rows: string }[]).map(({ rows }) => rows)).toEqual(
      expect.arrayContaining(["(10)", "(any)", "(20)"]),
    );
    expect(await night.source.sql("SELECT id, price FROM goods WHERE id >= 10 ORDER BY id")).toEqual([
      ...[
        ["11", "11.00"],
        ["12", "12.00"],
        ["13", "13.00"],
        ["20", "20.00"],
        ["21", "21.00"],
      ],
    ]);
    expect(await night.source.sql("SELECT id, v FROM shelves ORDER BY id")).toEqual([
      ...[
        ["1", "1"],
        ["2", "2"],
        ["3", "3"],
      ],
    ]);
    night.app.start();
    await night.app.more(10);
    await night.app.stop();
    const there = (await night.source.sql("SELECT token FROM entries")).map(([token]) => token);
    expect(new Set(there).size).toBe(there.length);
    expect(night.app.acknowledged.filter((token) => !there.includes(token))).toEqual([]);
  });

  it("goes from the source with the migration", async () => {
    await engine.stop();
    const said = await night.headgate(["abandon", "--yes"]);
    expect(said.code, said.stdout + said.stderr).toBe(0);
    // Another migration of this server may have a way back, and the tables stay for it.
    const [there] = await night.source.sql(
      "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'headgate' AND TABLE_NAME = 'reverse_refused'",
    );
    const rows = `SELECT event FROM headgate.reverse_refused WHERE migration = '${night.migration}'`;
    expect(there === undefined ? [] : await night.source.sql(rows)).toEqual([]);
  });
});
