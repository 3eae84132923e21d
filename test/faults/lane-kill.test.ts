/**
 * Several lanes, killed with -9 while one of them stands back (issue 5; decision 3 and 5, I1, I4, I5): before anything is
 * built at the join, with a foreign key from one lane's table into the other's that only one position of both fulfils,
 * and again when all is built. The next engine reads from where the last of them stands, each lane leaves out what it
 * has, and a table without a key shows every row that came twice.
 */
import { expect, it } from "vitest";
import { lockedTable } from "../world/locked-table.js";
import { sourceDatabase } from "../world/source-database.js";
import { targetDatabase } from "../world/target-database.js";
import { startEngine } from "./stream-engine-process.js";
import type { StreamEngineSettings } from "./stream-engine.js";

const tables = ["parents", "notes", "children"] as const;

it("lanes that a kill -9 left apart go on, each from its own place, and are tied at one", async () => {
  await using source = await sourceDatabase("faults_lanes", "mysql9");
  await using target = await targetDatabase("faults_lanes");
  for (const statement of [
    "CREATE TABLE parents (id INT PRIMARY KEY, v INT)",
    "CREATE TABLE notes (id INT, v INT)",
    "CREATE TABLE children (id INT PRIMARY KEY, parent INT, CONSTRAINT own FOREIGN KEY (parent) REFERENCES parents (id))",
    "INSERT INTO parents VALUES (1, 1), (2, 1), (3, 1)",
    "INSERT INTO notes VALUES (1, 1), (1, 1)",
    "INSERT INTO children VALUES (1, 1), (2, 2)",
  ])
    await source.sql(statement);
  const settings: StreamEngineSettings = {
    source: source.url,
    target: target.options.url,
    migration: "20261126_lanes",
    rangeRows: 1000,
    batchRows: 50,
    workers: 1,
    lanes: [["parents", "notes"], ["children"]],
  };
  const there = async (sql: string): Promise<string> =>
    JSON.stringify((await target.sql(sql)).map((row) => Object.values(row)));
  const rowsOf = (table: string): string =>
    `SELECT * FROM ${table} ORDER BY ${table === "children" ? "id, parent" : "id, v"}`;
  /** The other lane has gone on past everything, and this one has not: found by a row of each. */
  const applied = async (table: string, id: number): Promise<boolean> =>
    (await target.sql(`SELECT id FROM ${table} WHERE id = ${String(id)}`)).length > 0;
  const positions = async (): Promise<string[]> =>
    (await target.sql("SELECT position->>'set' AS at FROM headgate.lane ORDER BY lane")).map(
      ({ at }) => at ?? "",
    );

  // The first lane to end its copy joins; the other one joins behind what is written now.
  const copying = startEngine({ ...settings, at: { moment: "join:recorded", hit: 1, act: "tell" } });
  expect(await copying.line("met ")).toBe("met join:recorded");
  const [first] = await target.sql("SELECT lane FROM headgate.lane WHERE join_marker IS NOT NULL");
  for (const statement of [
    "INSERT INTO parents VALUES (9, 1)",
    "INSERT INTO notes VALUES (9, 1), (9, 1)",
    "INSERT INTO children VALUES (9, 9)",
    "DELETE FROM children WHERE id = 2",
    "DELETE FROM parents WHERE id = 2",
  ])
    await source.sql(statement);
  copying.child.kill("SIGKILL");
  expect(await copying.end).toBeNull();

  const back = first?.["lane"] === "children" ? "children" : "parents";
  const ahead = back === "children" ? "parents" : "children";
  {
    const streaming = startEngine({ ...settings, at: { moment: "feed:opened", hit: 1, act: "tell" } });
    expect(await streaming.line("met ")).toBe("met feed:opened");
    await using lock = await lockedTable(target.url, back);
    streaming.say("go on");
    // The copy's own second join, then the stream's of either lane.
    await streaming.line("event joined", 3);
    while (!(await applied(ahead, 9)));
    expect([
      await applied(lock.table, 9),
      await there("SELECT conname FROM pg_constraint WHERE conname = 'own'"),
    ]).toEqual([false, "[]"]);
    streaming.child.kill("SIGKILL");
    expect(await streaming.end).toBeNull();
  }
  const [one, other] = await positions();
  expect(one).not.toBe(other);

  const building = startEngine(settings);
  expect(await building.line("event going-on"), JSON.stringify(await ended(building))).not.toBeNull();
  expect(await there("SELECT conname, convalidated FROM pg_constraint WHERE conname = 'own'")).toBe(
    '[["own","t"]]',
  );
  {
    // Built by now, and apart again.
    await using lock = await lockedTable(target.url, "children");
    for (const id of [21, 22, 23]) {
      await source.sql(`INSERT INTO parents VALUES (${String(id)}, 1)`);
      await source.sql(`INSERT INTO notes VALUES (${String(id)}, 1), (${String(id)}, 1)`);
      await source.sql(`INSERT INTO children VALUES (${String(id)}, ${String(id)})`);
    }
    while (!(await applied("parents", 23)));
    expect(await applied(lock.table, 23)).toBe(false);
    building.child.kill("SIGKILL");
    expect(await building.end).toBeNull();
    expect(building.lines).not.toContain("event replaying");
  }
  const [oneNow, otherNow] = await positions();
  expect(oneNow).not.toBe(otherNow);

  const last = startEngine(settings);
  await last.line("event going-on");
  await source.sql("UPDATE children SET parent = 1 WHERE id = 23");
  last.say("level");
  expect(await last.end).toMatchObject({ code: null, replays: 0 });
  for (const table of tables)
    expect([table, await there(rowsOf(table))]).toEqual([
      table,
      JSON.stringify(await source.sql(rowsOf(table))),
    ]);
});

/** How it ended, where it has; null while it runs. */
async function ended(engine: ReturnType<typeof startEngine>): Promise<unknown> {
  return engine.child.exitCode === null ? null : await engine.end;
}
