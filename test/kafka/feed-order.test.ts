/** What the feed makes of the order in which transactions and statements of several servers stand in the source's log. */
import { describe, expect, it } from "vitest";
import { at, feedWorld } from "./feed-world.js";
import type { Logged } from "./feed-world.js";

/** The server that was the source, and the one that took over. */
const [old, young] = ["11111111-1111-1111-1111-111111111111", "22222222-2222-2222-2222-222222222222"];
const a = (number: number): string => `${old}:${String(number)}`;
const b = (number: number): string => `${young}:${String(number)}`;

const short = (story: readonly string[]): readonly string[] =>
  story.map((one) => one.replaceAll(old, "A").replaceAll(young, "B"));

describe("what another server wrote", () => {
  it("is a statement, which is met where it stands though no number tells where that is", async () => {
    const log: readonly Logged[] = [
      { gtid: a(1), act: "row a" },
      { gtid: a(2), act: "alter a" },
      { gtid: b(8), act: "row a" },
      // A replica's own, between what it has from its source.
      { gtid: a(3), act: "row a" },
      { gtid: b(9), act: "alter b" },
      { gtid: a(4), act: "row a" },
    ];
    const { read, story } = feedWorld(log);
    await read(at(`${young}:1-7`));
    expect(short(story)).toEqual([
      "A:1 insert a",
      "A:2 schema a",
      "B:8 insert a",
      "A:3 insert a",
      "B:9 schema b",
      "A:4 insert a",
    ]);
  });

  it("is a TRUNCATE in a topic that nothing else comes in", async () => {
    const log: readonly Logged[] = [
      { gtid: a(1), act: "row b" },
      { gtid: a(2), act: "truncate b" },
      { gtid: b(8), act: "row a" },
    ];
    const { read, story, position } = feedWorld(log);
    await read(at(`${young}:1-7`));
    expect(short(story)).toEqual(["A:1 insert b", "A:2 truncate b", "B:8 insert a"]);
    expect(position()).toMatchObject({ set: `${old}:1-2,${young}:1-8` });
  });

  it("is of another domain of MariaDB's", async () => {
    const log: readonly Logged[] = [
      { gtid: "0-1-1", act: "row a" },
      { gtid: "1-1-1", act: "alter a" },
      { gtid: "0-1-2", act: "row a" },
    ];
    const { read, story } = feedWorld(log, { engine: "mariadb" });
    await read(at("1-1-0"));
    expect(story).toEqual(["0-1-1 insert a", "1-1-1 schema a", "0-1-2 insert a"]);
  });

  it("comes late or not at all: the first transaction of a server that took over asks the source's log", async () => {
    const log = (last: Logged["act"]): readonly Logged[] => [
      { gtid: a(1), act: "row a" },
      { gtid: a(2), act: last, lost: true },
      { gtid: b(1), act: "row a" },
    ];
    for (const last of ["alter a", "truncate b"] as const) {
      const { read, story } = feedWorld(log(last));
      await read(at(""));
      const said = last === "alter a" ? "A:2 schema a" : "A:2 truncate b";
      expect(short(story)).toEqual(["A:1 insert a", said, "B:1 insert a"]);
    }
    const silent = feedWorld(log("silent"));
    await silent.read(at(""));
    expect(silent.position()).toMatchObject({ set: `${old}:1-2,${young}:1` });
    const lost = feedWorld(log("row a"));
    await expect(lost.read(at(""))).rejects.toMatchObject({ code: "topic-gap" });
    expect(short(lost.story)).toEqual(["A:1 insert a"]);
  });

  it("lies far ahead, and the source's log is not asked about each transaction before it", async () => {
    const many = Array.from({ length: 2500 }, (_, i): Logged => ({ gtid: a(i + 1), act: "row a" }));
    const log: readonly Logged[] = [
      ...many,
      { gtid: b(8), act: "alter a" },
      { gtid: a(2501), act: "row a" },
      { gtid: a(2502), act: "row a" },
    ];
    const { read, story, asked } = feedWorld(log);
    await read(at(`${young}:1-7`));
    expect(short(story).indexOf("B:8 schema a")).toBe(2500);
    expect(story).toHaveLength(2503);
    expect(asked()).toBeLessThan(15);
  });
});

describe("a log that was begun anew while the connector went on", () => {
  const log = (...[gtid, place]: readonly [string, string]): readonly Logged[] => [
    { gtid: a(1), act: "row a", at: "binlog.000002:100" },
    { gtid: a(2), act: "row a", at: "binlog.000002:200" },
    { gtid, act: "row a", at: place },
    { gtid: a(3), act: "row a", at: "binlog.000002:900" },
  ];

  it.each([
    ["a number that is applied, at a place that is not", a(1), "binlog.000002:300"],
    ["a number that is applied, in a file that is not", a(1), "binlog.000003:10"],
    ["a number that is new, before what is applied", a(3), "binlog.000001:500"],
  ])("shows %s", async (_, gtid, place) => {
    const { read, story } = feedWorld(log(gtid, place));
    await expect(read(at("", "binlog.000002", "4"))).rejects.toMatchObject({
      code: "position-unknown",
      facts: { misplaced: gtid, place, applied: "binlog.000002:200" },
    });
    expect(story).toHaveLength(2);
  });

  it.each([
    ["repeats what it has sent", a(2), "binlog.000002:200"],
    ["repeats a stretch", a(1), "binlog.000002:100"],
    ["repeats it from files of another name", a(2), "mysql-bin.000007:4711"],
  ])("does not, where the connector only %s", async (_, gtid, place) => {
    const { read, story } = feedWorld(log(gtid, place));
    await read(at("", "binlog.000002", "4"));
    expect(short(story)).toEqual(["A:1 insert a", "A:2 insert a", "A:3 insert a"]);
  });

  it("is not believed in for what another feed or the source itself has told of places", async () => {
    // Where the log ended was asked before what was executed.
    const { read, story } = feedWorld(log(a(2), "binlog.000002:200"));
    await read(at(`${old}:1`, "binlog.000002", "50"));
    expect(short(story)).toEqual(["A:2 insert a", "A:3 insert a"]);
  });
});

it("goes on in the form that it has read last, and in another one only where the topics are others", async () => {
  const form = { "time.precision.mode": "microseconds" };
  const log: readonly Logged[] = [{ gtid: a(1), act: "row a" }];
  const first = feedWorld(log, { form });
  await first.read(at(""));
  const position = first.position();
  if (position === null) throw new Error("nothing was committed");
  expect(position).toMatchObject({ form });
  const other = { form: { "time.precision.mode": "adaptive_time_microseconds" } };
  await expect(feedWorld(log, other).read(position)).rejects.toMatchObject({ code: "topic-refused" });
  await feedWorld(log, { form }).read(position);
  await feedWorld(log, other).read({ ...position, topics: [{ topic: "q", offset: "0" }] });
});
