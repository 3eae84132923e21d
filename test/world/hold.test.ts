/**
 * Ranges held back and ranges in the other order, on real servers. A run with `--hold` copies everything else, ends
 * with exit 2 and says what is left; nothing calls it copied, no lane with a hold is joined, no index is built.
 * The next run without it goes on, and no range is copied twice. What a hold names must be there.
 */
import { expect, it } from "vitest";
import { doneRanges, journey, numbers, openRanges, toTheEnd, unequal } from "./journey.js";
import { lastObject } from "./headgate.js";

it("holds tables and single ranges back, newest first, until a run without it", async () => {
  await using trip = await journey("hg_hold");
  await trip.source.sql("CREATE TABLE big (id INT PRIMARY KEY, note VARCHAR(40), KEY (note))");
  await trip.source.sql(`INSERT INTO big SELECT n, CONCAT('row ', n) FROM (${numbers(2000)}) AS r`);
  await trip.source.sql("CREATE TABLE small (id INT PRIMARY KEY)");
  await trip.source.sql("INSERT INTO small VALUES (1), (2)");
  await trip.source.sql("CREATE TABLE `odd:7` (id INT PRIMARY KEY)");
  await trip.source.sql("INSERT INTO `odd:7` VALUES (1)");
  await trip.source.sql("ANALYZE TABLE big, small, `odd:7`");
  trip.configure([
    "snapshot: { rangeRows: 100, workers: 1, order: newest }",
    "lanes: [[big], [small], ['odd:7']]",
    "tables: { rename: { 'odd:7': odd_7 } }",
  ]);
  const hold = (...flags: string[]): string[] => flags.flatMap((flag) => ["--hold", flag]);

  // What cannot be meant is refused, before anything is written or as soon as the ranges are known.
  for (const flag of ["nothing:3"]) {
    const ended = await trip.headgate(...toTheEnd, ...hold(flag));
    expect([flag, ended.code, lastObject(ended)["error"]]).toEqual([
      flag,
      64,
      expect.objectContaining({ code: "usage" }),
    ]);
  }
  expect(await trip.target.sql("SELECT to_regnamespace('headgate')::text AS there")).toEqual([
    { there: null },
  ]);
  const far = await trip.headgate(...toTheEnd, ...hold("big:4000"));
  expect([far.code, lastObject(far)["error"]]).toEqual([64, expect.objectContaining({ code: "usage" })]);

  const flags = hold("big:2-4", "big:3-6", "big:9", "odd:7");
  const held = await trip.headgate(...toTheEnd, ...flags);
  const said = lastObject(held);
  expect([held.code, said]).toEqual([
    2,
    expect.objectContaining({
      ok: false,
      exit: 2,
      state: "stopped",
      blocking: ["ranges-held"],
      held: [
        { table: "big", ranges: 6, holds: ["big:2-6", "big:9"] },
        { table: "odd:7", ranges: 1, holds: ["odd:7"] },
      ],
      nextSteps: [expect.objectContaining({ command: "headgate run --until copied" })],
    }),
  ]);
  // One checkpoint for each range that is committed, with how far the whole is.
  const checkpoints = held.stdout
    .split("\n")
    .filter((line) => line.startsWith('{"event":"checkpoint"'))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const doneNow = Object.keys(await doneRanges(trip));
  expect(checkpoints.map(({ table, range }) => `${String(table)}/${String(range)}`)).toHaveLength(
    doneNow.length,
  );
  expect(checkpoints.at(-1)).toMatchObject({
    tables: { done: 1, total: 3 },
    rows: { done: said["rows"] },
    errors: 0,
    lagSeconds: null,
  });
  const open = await trip.target.sql(
    "SELECT table_name || '/' || number AS r FROM headgate.range WHERE state = 'open' ORDER BY table_name, number",
  );
  expect(open.map(({ r }) => r)).toEqual(["big/2", "big/3", "big/4", "big/5", "big/6", "big/9", "odd:7/0"]);
  const order = await trip.target.sql(
    "SELECT number::text AS n FROM headgate.range WHERE table_name = 'big' AND state = 'done' ORDER BY done_at",
  );
  const numbersDone = order.map(({ n }) => Number(n));
  expect(numbersDone).toEqual([...numbersDone].sort((a, b) => b - a));
  const lanes = await trip.target.sql("SELECT count(join_marker)::text AS joined FROM headgate.lane");
  expect(lanes).toEqual([{ joined: "1" }]);
  expect(await trip.target.sql("SELECT indexname FROM pg_indexes WHERE schemaname = 'public'")).toEqual([]);
  const status = await trip.said(0, "status");
  expect(status).toMatchObject({
    state: "stopped",
    held: said["held"],
    blocking: ["not-copied", "ranges-held"],
  });
  expect((await trip.headgate("status")).stdout).toContain(
    "held back: 6 ranges of big (--hold big:2-6 --hold big:9)",
  );

  // Held again, one range less: only that one is copied, in the other order as the config now says.
  const before = await doneRanges(trip);
  trip.configure([
    "snapshot: { rangeRows: 100, workers: 1, order: oldest }",
    "lanes: [[big], [small], ['odd:7']]",
    "tables: { rename: { 'odd:7': odd_7 } }",
  ]);
  const plain = await trip.headgate("run", "--until", "copied", ...hold("big:2-6", "odd:7"));
  expect(plain).toMatchObject({ code: 2 });
  expect(plain.stdout).toContain("not copied");
  expect(Object.keys(await doneRanges(trip))).toHaveLength(Object.keys(before).length + 1);

  expect(await trip.said(0, "run", "--until", "copied")).toMatchObject({ state: "copied", rows: 2003 });
  expect(await doneRanges(trip)).toMatchObject(before);
  expect(await openRanges(trip)).toBe(0);
  expect(unequal(await trip.judge({ rename: { "odd:7": "odd_7" } }))).toEqual([]);
  expect(await trip.said(0, "status")).toMatchObject({ state: "copied", held: [] });
});
