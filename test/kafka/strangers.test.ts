/** Transactions of a clone or of a lost end of the source's log, over a whole feed: none is handed over. */
import { describe, expect, it } from "vitest";
import type { ExecutedLog } from "../../src/stream-port.js";
import { applied, readAll, Topics, uuid } from "./topics.js";

const clone = "99999999-2222-3333-4444-555555555555";
const gtid = (n: number): string => `${uuid}:${String(n)}`;

/** The source has these, of which it tells when it is asked for the `late`th time. */
class Executed implements ExecutedLog {
  asked = 0;
  readonly #names: readonly string[];
  readonly #late: number;

  constructor(names: readonly string[], late = 1) {
    this.#names = names;
    this.#late = late;
  }

  has({ gtid: name }: Parameters<ExecutedLog["has"]>[0]): boolean {
    return this.asked >= this.#late && this.#names.includes(name ?? "");
  }

  async refresh(): Promise<void> {
    this.asked += 1;
    return Promise.resolve();
  }
}

describe("before a transaction is handed over", () => {
  it("the source must have it: a clone's is refused, by name", async () => {
    const topics = new Topics();
    for (let n = 57; n <= 59; n += 1) topics.insert(`${clone}:${String(n)}`, { id: n, v: n });
    topics.insert(gtid(4), { id: 4, v: 4 });
    const executed = new Executed([gtid(4)]);
    const { sink, fault } = await readAll({ inMemory: topics, from: applied(`${uuid}:1-3`), executed });
    expect(fault).toMatchObject({
      code: "topic-refused",
      message: expect.stringContaining(`${clone}:57`) as string,
    });
    expect(sink.log).toEqual([]);
  });

  it("so must it have a statement that changes a table", async () => {
    const topics = new Topics();
    topics.statement(gtid(4), "DROP TABLE a", "a");
    topics.insert(gtid(5), { id: 5, v: 5 });
    const executed = new Executed([gtid(5)]);
    const { sink, fault } = await readAll({ inMemory: topics, from: applied(`${uuid}:1-3`), executed });
    expect(fault).toMatchObject({
      code: "topic-refused",
      message: expect.stringContaining(gtid(4)) as string,
    });
    expect(sink.log).toEqual([]);
  });

  it("a source that has logged it and not executed it yet is waited for", async () => {
    const topics = new Topics();
    topics.insert(gtid(4), { id: 4, v: 4 });
    const executed = new Executed([gtid(4)], 3);
    const { sink, fault } = await readAll({ inMemory: topics, from: applied(`${uuid}:1-3`), executed });
    expect([fault, sink.log]).toEqual([null, ['4 insert a {"id":4,"v":4}']]);
  });

  it("what is repeated is nobody's business, and what was asked is remembered", async () => {
    const topics = new Topics();
    topics.insert(gtid(3), { id: 3, v: 3 });
    const names = Array.from({ length: 50 }, (_, at) => gtid(4 + at));
    for (const name of names) topics.insert(name, { id: 1, v: 1 });
    const executed = new Executed(names);
    const { sink, fault } = await readAll({ inMemory: topics, from: applied(`${uuid}:1-3`), executed });
    expect([fault, sink.log.length, executed.asked]).toEqual([null, 50, 1]);
  });
});
