/** Where reading begins, and what of a topic's past is nobody's business: by its offsets, and over a whole feed. */
import { describe, expect, it } from "vitest";
import { Fault } from "../../src/errors.js";
import type { Position } from "../../src/model.js";
import type { TopicOffset } from "../../src/port.js";
import { beginnings, startOf } from "../../connectors/kafka/starts.js";
import { applied, laneTopic, readAll, Topics, transactions, uuid } from "./topics.js";

const rows = [{ topic: laneTopic, tables: ["a"], markers: [] }];
const state = { topic: "t", partitions: 1, low: 0n, high: 20n };
const begun = (offset: string): Position => applied("", [{ topic: "t", offset, begins: true }]);
const taken = (offset: string): Position => applied("", [{ topic: "t", offset }]);

function faultOf(act: () => unknown): Fault {
  try {
    act();
  } catch (error) {
    if (error instanceof Fault) return error;
  }
  throw new Error("nothing was refused");
}

describe("a topic's reading begins", () => {
  it("where the copy began, without the proof of a record that was taken", () => {
    expect(startOf(state, [begun("7")])).toEqual({ topic: "t", offset: 7n, proof: null, trimmed: false });
  });

  it("at the lowest of what lanes need, and from its first record on where one says nothing", () => {
    expect(startOf(state, [begun("7"), taken("9")]).offset).toBe(7n);
    expect(startOf(state, [begun("7"), taken("4")])).toMatchObject({ offset: 4n, proof: { offset: 4n } });
    expect(startOf(state, [begun("7"), applied("")]).offset).toBe(0n);
  });

  it("nowhere where it is shorter than it was when the copy began", () => {
    expect(faultOf(() => startOf(state, [begun("21")]))).toMatchObject({
      code: "topic-gap",
      next: expect.stringMatching(/feed\.kafka\.prefix/u) as string,
    });
    expect(startOf(state, [begun("20")]).offset).toBe(20n);
  });

  it("with a row that is met, where what follows the copy's beginning was deleted", () => {
    expect(startOf({ ...state, low: 8n }, [begun("7")])).toMatchObject({
      ...{ offset: 8n, trimmed: true, proof: { offset: null } },
    });
  });

  it("with a transaction that is met, where records of the transactions' own topic were deleted unread", () => {
    const low = { ...state, low: 8n };
    expect(startOf(low, [begun("7")], true)).toMatchObject({ offset: 8n, proof: { offset: null } });
    expect(startOf(low, [taken("6")], true)).toMatchObject({ offset: 8n, proof: { offset: null } });
    expect(startOf(low, [taken("7")], true)).toMatchObject({ offset: 8n, proof: null });
    expect(startOf(low, [taken("6")])).toMatchObject({ offset: 8n, proof: null, trimmed: true });
  });
});

async function begins(topics: Topics): Promise<readonly TopicOffset[]> {
  return await beginnings(topics.client, { rows, transactions, schemaChanges: "p" });
}

describe("of what topics had before the copy began", () => {
  it("nothing is applied, and nothing passes a transaction of the same number", async () => {
    const topics = new Topics();
    // Of a rehearsal with the same server, whose backup was then restored: the numbers were given away again.
    for (let n = 1; n <= 8; n += 1) topics.insert(`${uuid}:${String(n)}`, { id: n, v: 1000 });
    topics.statement(`${uuid}:5`, "ALTER TABLE a", "a");
    const from = applied(`${uuid}:1-4`, await begins(topics));
    for (let n = 4; n <= 6; n += 1) topics.insert(`${uuid}:${String(n)}`, { id: n, v: 1 });
    const { sink, fault } = await readAll({ inMemory: topics, from });
    expect(fault).toBeNull();
    expect(sink.log).toEqual(['5 insert a {"id":5,"v":1}', '6 insert a {"id":6,"v":1}']);
  });

  it("nothing is read later either, where a topic has had nothing since", async () => {
    const topics = new Topics();
    topics.insert(`${uuid}:5`, { id: 5, v: 1000 });
    topics.statement(`${uuid}:5`, "ALTER TABLE a", "a");
    const from = applied(`${uuid}:1-4`, await begins(topics));
    const idle = await readAll({ inMemory: topics, from });
    expect(idle.sink.position.topics).toEqual(from.topics);
    topics.insert(`${uuid}:5`, { id: 5, v: 1 });
    const { sink, fault } = await readAll({ inMemory: topics, from: idle.sink.position });
    expect([fault, sink.log]).toEqual([null, ['5 insert a {"id":5,"v":1}']]);
    expect(sink.position.topics).toContainEqual({ topic: "p", offset: "1", begins: true });
  });

  it("topics that were not there yet are read from their first record on when they come", async () => {
    const topics = new Topics();
    const from = applied(`${uuid}:1-4`, await begins(topics));
    expect(from.topics).toContainEqual({ topic: laneTopic, offset: "0", begins: true });
    topics.begin(`${uuid}:5`);
    topics.end(`${uuid}:5`, 1);
    const early = await readAll({ inMemory: topics, from });
    // Nothing of it is there, and its first change makes it.
    expect(early.fault?.message).toMatch(/there is no topic p\.lane-main/u);
    topics.row("a", { id: 5, v: 1 }, { id: `${uuid}:5`, order: 1 });
    const { sink, fault } = await readAll({ inMemory: topics, from: early.sink.position });
    expect([fault, sink.log]).toEqual([null, ['5 insert a {"id":5,"v":1}']]);
  });
});

describe("where the beginning of a transaction was deleted", () => {
  const id = `${uuid}:4`;
  const restarted = (): Topics => {
    const topics = new Topics();
    topics.insert(`${uuid}:3`, { id: 3, v: 3 });
    // The connector was killed in the middle, begins it again, and counts what is left.
    topics.begin(id);
    topics.begin(id);
    [1, 2, 1, 2].forEach((order, at) => topics.row("a", { id: 10 + at, v: at }, { id, order }));
    topics.end(id, 2);
    return topics;
  };
  const past = { topic: laneTopic, offset: "0" };

  it("its count is not believed", async () => {
    const topics = restarted();
    topics.trim(transactions, 3n);
    const from = applied(`${uuid}:1-3`, [{ topic: transactions, offset: "1" }, past]);
    const { sink, fault } = await readAll({ inMemory: topics, from });
    expect([fault?.code, sink.log]).toEqual(["topic-gap", []]);
  });

  it("and a record that is applied is left, all that follows is read", async () => {
    const topics = new Topics();
    for (let n = 1; n <= 4; n += 1) topics.insert(`${uuid}:${String(n)}`, { id: n, v: n });
    topics.trim(transactions, 4n);
    // Moved on by another feed, so that its offset is of long ago.
    const from = applied(`${uuid}:1-3`, [{ topic: transactions, offset: "1" }, past]);
    const { sink, fault } = await readAll({ inMemory: topics, from });
    expect([fault, sink.log]).toEqual([null, ['4 insert a {"id":4,"v":4}']]);
  });
});
