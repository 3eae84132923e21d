/** What a whole feed makes of topics that are not what they should be: it applies exactly, or stops. */
import { describe, expect, it } from "vitest";
import { Fault } from "../../src/errors.js";
import type { LoggedAct, LoggedTransaction, LogWitness } from "../../src/stream-port.js";
import { recordReader } from "../../connectors/kafka/record-reader.js";
import { generatedSettings } from "../../connectors/kafka/event-settings.js";
import { applied, laneTopic, planOf, readAll, Topics, uuid, witnessOf } from "./topics.js";

it("takes no other server's transaction for a repeat, where MariaDB's numbers do not grow", async () => {
  const topics = new Topics();
  for (const [at, gtid] of ["0-1-119", "0-1-120", "0-2-119", "0-2-120"].entries())
    topics.insert(gtid, { id: at, v: 1 });
  const run = { inMemory: topics, engine: "mariadb", from: applied("0-1-118") } as const;
  const { sink, fault } = await readAll(run);
  expect(fault).toMatchObject({
    code: "log-refused",
    message: expect.stringContaining("has 0-2-119 behind 0-1-119") as string,
  });
  expect(sink.log).toEqual(['0-1-119 insert a {"id":0,"v":1}', '0-1-120 insert a {"id":1,"v":1}']);
  // Nothing is remembered from one reading to the next but where it ended.
  topics.insert("0-1-121", { id: 5, v: 1 });
  const again = await readAll({ ...run, sink });
  expect([again.fault?.code, sink.log.length]).toEqual(["log-refused", 2]);
});

const id = `${uuid}:4`;
const from = applied(`${uuid}:1-3`);

it("takes no change for a repeat that stands past the last one that an end has counted", async () => {
  const topics = new Topics();
  // A beginning is lost of a connector that was killed in the middle and counts what is left.
  topics.begin(id);
  [1, 2, 1, 2].forEach((order, at) => topics.row("a", { id: at, v: 1 }, { id, order }));
  topics.end(id, 2);
  topics.insert(`${uuid}:5`, { id: 9, v: 9 });
  const { sink, fault } = await readAll({ inMemory: topics, from });
  expect(fault).toMatchObject({ code: "events-dropped", next: "headgate recopy a, then headgate run." });
  expect(sink.log).toHaveLength(2);
});

it("passes over what is a repeat, at its own places and at those of another server's log", async () => {
  const topics = new Topics();
  topics.begin(id);
  topics.row("a", { id: 1, v: 1 }, { id, order: 1, pos: 100 });
  topics.row("a", { id: 2, v: 1 }, { id, order: 2, pos: 200 });
  topics.end(id, 2);
  topics.begin(id);
  for (const file of ["b.000001", "other.000009"])
    for (const order of [1, 2]) topics.row("a", { id: order, v: 1 }, { id, order, pos: 100 * order, file });
  topics.end(id, 2);
  topics.insert(`${uuid}:5`, { id: 9, v: 9 });
  const { sink, fault } = await readAll({ inMemory: topics, from });
  expect([fault, sink.log.length]).toEqual([null, 3]);
});

it("passes over no change of a topic that an end has counted nothing of", async () => {
  const topics = new Topics();
  topics.begin(id);
  topics.row("a", { id: 1, v: 1 }, { id, order: 1 });
  topics.row("b", { id: 1, v: 1 }, { id, order: 2, topic: "p.b" });
  topics.end(id, 1);
  topics.insert(`${uuid}:5`, { id: 9, v: 9 });
  const rows = [
    { topic: laneTopic, tables: ["a"], markers: [] },
    { topic: "p.b", tables: ["b"], markers: [] },
  ];
  const run = { inMemory: topics, from, plan: planOf("a", "b") };
  const two = { rows, transactions: "p.transaction", schemaChanges: null };
  const { fault } = await readAll({ ...run, topics: two });
  expect(fault).toMatchObject({ code: "events-dropped", facts: { topic: "p.b" } });
});

it("knows tables by their names as the server compares them", async () => {
  const topics = new Topics();
  topics.insert(id, { id: 1, v: 1 }, "A");
  const run = { inMemory: topics, from, plan: { ...planOf("a"), database: "DB" } };
  const folded = await readAll({ ...run, lowerCaseNames: true });
  expect([folded.fault, folded.sink.log]).toEqual([null, ['4 insert a {"id":1,"v":1}']]);
  // Where case tells them apart, it is another table of another database.
  const exact = await readAll({ ...run, witness: witnessOf(), lowerCaseNames: false });
  expect([exact.fault, exact.sink.log]).toEqual([null, []]);
});

it("reads to the end that was there, though the last record waits for its schema", async () => {
  const topics = new Topics();
  topics.insert(id, { id: 1, v: 1 });
  const own = recordReader({ engine: "mysql", settings: generatedSettings, fetchSchema: null });
  const known = new Set<Buffer>();
  const records = {
    record: (value: Buffer) => own.record(value),
    transaction: (value: Buffer) => own.transaction(value),
    schemaChange: (value: Buffer) => own.schemaChange(value),
    images: (...of: Parameters<typeof own.images>) => own.images(...of),
    // Each comes with a schema that is to be fetched.
    prepare: (value: Buffer) => {
      if (known.has(value)) return null;
      known.add(value);
      return Promise.resolve();
    },
  };
  const { sink, fault } = await readAll({ inMemory: topics, from, records });
  expect([fault, sink.log]).toEqual([null, ['4 insert a {"id":1,"v":1}']]);
});

describe("a statement of several tables, of which one record has come", () => {
  const topics = (): Topics => {
    const one = new Topics();
    one.statement(id, "DROP TABLE a", "a");
    one.insert(`${uuid}:5`, { id: 9, v: 9 }, "c");
    return one;
  };
  const drop = (tables: readonly string[]): LoggedAct => ({
    ...{ kind: "schema", tables, statement: "DROP TABLE a, b", adds: false },
  });
  const schemaOf = async (witness: LogWitness): Promise<readonly string[]> => {
    const plan = planOf("a", "b", "c");
    const { sink, fault } = await readAll({ inMemory: topics(), from, plan, witness });
    expect(fault).toBeNull();
    return sink.log;
  };
  const row = '5 insert c {"id":9,"v":9}';

  it("changes all that the source's log names", async () => {
    const at = { gtid: id, file: "", offset: "" };
    const log = [{ at, act: drop(["a", "b"]), counts: null }];
    expect(await schemaOf(witnessOf(log))).toEqual(["schema a,b", row]);
  });

  it("changes a table of ours, though the first record is of one that is not", async () => {
    const at = { gtid: id, file: "", offset: "" };
    const log = [{ at, act: drop(["b"]), counts: null }];
    const foreign = { ...witnessOf(log), judge: (): LoggedAct => ({ kind: "nothing" }) };
    expect(await schemaOf(foreign)).toEqual(["schema b", row]);
  });

  it("changes any where the log is gone, and is what it says where it is not all there", async () => {
    const purged = async (): Promise<never> => Promise.reject(new Fault("log-purged", "It is gone."));
    expect(await schemaOf({ ...witnessOf(), look: purged })).toEqual(["schema a,b,c", row]);
    expect(await schemaOf(witnessOf())).toEqual(["schema a", row]);
  });
});

describe("a number that no topic tells", () => {
  const gone = `${uuid}:5`;
  const heard = async (...log: readonly LoggedTransaction[]): ReturnType<typeof readAll> => {
    const topics = new Topics();
    topics.insert(id, { id: 1, v: 1 });
    topics.insert(`${uuid}:6`, { id: 9, v: 9 });
    return await readAll({ inMemory: topics, from, witness: witnessOf(log) });
  };
  const logged = (act: LoggedAct): LoggedTransaction => ({
    ...{ at: { gtid: gone, file: "", offset: "" }, act, counts: null },
  });

  it("is passed over where a transaction of others was prepared, and is held from then on", async () => {
    const { sink, fault } = await heard(logged({ kind: "nothing" }));
    expect([fault, sink.position]).toMatchObject([null, { set: `${uuid}:1-6` }]);
  });

  it("is handed over as such where it commits what was prepared before", async () => {
    const { sink, fault } = await heard(logged({ kind: "unseen" }));
    expect([fault, sink.log[1], sink.position]).toMatchObject([
      ...[null, "5 ends unseen", { set: `${uuid}:1-6` }],
    ]);
  });

  it("ends the reading where the log cannot be read past it, whatever lies behind", async () => {
    const act: LoggedAct = { kind: "rows", tables: [], why: "Nobody can read it." };
    const { fault } = await heard({ ...logged(act), cut: true });
    expect(fault).toMatchObject({ code: "topic-gap", message: expect.stringContaining("Nobody") as string });
  });
});

it("asks again for what lies behind a place that the source's log could not be read past", async () => {
  const topics = new Topics();
  topics.insert(id, { id: 1, v: 1 });
  topics.insert(`${uuid}:7`, { id: 9, v: 9 });
  const [unread, behind] = [5, 6].map((number) => ({
    gtid: `${uuid}:${String(number)}`,
    file: "",
    offset: "",
  }));
  if (unread === undefined || behind === undefined) throw new Error("there are two");
  const asked: string[] = [];
  const witness: LogWitness = {
    ...witnessOf(),
    look: async ([one]) => {
      asked.push(one?.names ?? "");
      const cut: LoggedTransaction = {
        ...{
          at: unread,
          act: { kind: "rows", tables: ["b"], why: "b was altered." },
          counts: null,
          cut: true,
        },
      };
      const rows: LoggedAct = { kind: "rows", tables: ["a"], why: "Rows of a." };
      const next: LoggedTransaction = { at: behind, act: rows, counts: null };
      return Promise.resolve(asked.length === 1 ? [cut] : [next]);
    },
  };
  // No lane takes rows of b, so what is unreadable is nobody's; the next one is.
  const { fault } = await readAll({ inMemory: topics, from, witness });
  expect(asked).toEqual([`${uuid}:5-6`, `${uuid}:6`]);
  expect(fault).toMatchObject({ code: "topic-gap", message: expect.stringContaining("Rows of a") as string });
});

it("does not take a prepared transaction for none, where it came more than once", async () => {
  const topics = new Topics();
  topics.begin(id);
  topics.row("a", { id: 1, v: 1 }, { id, order: 1 });
  topics.begin(id);
  topics.row("a", { id: 1, v: 1 }, { id, order: 1 });
  topics.end(id, 1);
  const prepared: LoggedAct = { kind: "prepared", tables: ["a"] };
  const witness = witnessOf([{ at: { gtid: id, file: "", offset: "" }, act: prepared, counts: null }]);
  const { fault } = await readAll({ inMemory: topics, from, witness });
  expect(fault).toMatchObject({ code: "xa-event" });
});
