/** The envelope in its three forms, the small records, and what is none of them. */
import { describe, expect, it } from "vitest";
import { Fault } from "../../src/errors.js";
import { avroEnvelope, confluent, envelope, uuid, wrapped } from "./event.fixture.js";
import { generatedSettings } from "./event-settings.js";
import { recordReader } from "./record-reader.js";
import type { DebeziumRecord, RecordReader } from "./record.js";

const schemas = new Map<number, string>();
const reader = (): RecordReader =>
  recordReader({
    engine: "mysql",
    settings: generatedSettings,
    fetchSchema: (id) => Promise.resolve(schemas.get(id) ?? "{}"),
  });

const json = (text: string): Buffer => Buffer.from(text);

function shown(value: Buffer, record: DebeziumRecord): Record<string, unknown> {
  const { form, before, beforeEnd, after, afterEnd, ...facts } = record;
  expect(form.kind).toMatch(/^(?:json|avro)$/);
  return {
    ...facts,
    before: value.toString("latin1", before, beforeEnd),
    after: value.toString("latin1", after, afterEnd),
  };
}

const place = {
  db: "shop",
  table: "t",
  gtid: `${uuid}:7`,
  file: "binlog.000003",
  pos: 4711,
  row: 2,
  serverId: 71,
  ts: 1_700_000_000_123,
  snapshot: null,
  transaction: { id: `${uuid}:7`, totalOrder: 3, tableOrder: 1 },
};
const row = [
  ["id", "1"],
  ["v", '"a\\"}{\\\\"'],
] as const;

describe("a change of a row", () => {
  it("is read from plain JSON, its images left where they lie", () => {
    const value = json(
      envelope({
        op: "u",
        before: row,
        after: [
          ["id", "2"],
          ["v", "null"],
        ],
      }),
    );
    expect(shown(value, reader().record(value))).toEqual({
      ...place,
      op: "u",
      before: '{"id":1,"v":"a\\"}{\\\\"}',
      after: '{"id":2,"v":null}',
    });
  });

  it("is read from JSON with its schema, which is read once a table", () => {
    const records = reader();
    const fields = [{ type: "int32", optional: false, field: "id" }];
    const first = json(wrapped({ after: [["id", "1"]] }, fields));
    const second = json(wrapped({ op: "d", before: [["id", "1"]] }, fields));
    const one = records.record(first);
    const two = records.record(second);
    expect(shown(first, one)).toEqual({ ...place, op: "c", before: "", after: '{"id":1}' });
    expect(shown(second, two)).toEqual({ ...place, op: "d", before: '{"id":1}', after: "" });
    expect(two.form).toBe(one.form);
    const other = records.record(json(wrapped({ after: [["n", "1"]] }, [{ type: "int64", field: "n" }])));
    expect(other.form).not.toBe(one.form);
    expect(records.record(first).form).toBe(one.form);
  });

  it("is read from Avro once its schema is known", async () => {
    schemas.set(4, avroEnvelope([{ name: "id", type: "int" }]));
    const value = confluent(4, schemas.get(4) ?? "", {
      before: null,
      after: { "hg1.shop.t.Value": { id: 300 } },
      source: {
        version: "3",
        ts_ms: 1_700_000_000_123n,
        snapshot: { string: "false" },
        db: "shop",
        table: { string: "t" },
        server_id: 71n,
        gtid: { string: `${uuid}:7` },
        file: "binlog.000003",
        pos: 4711n,
        row: 2,
      },
      transaction: {
        "event.block": { id: `${uuid}:7`, total_order: 3n, data_collection_order: 1n },
      },
      op: "c",
      ts_ms: null,
    });
    const records = reader();
    expect(() => records.record(value)).toThrow("not prepared");
    const waits = records.prepare(value);
    expect(records.prepare(value)).toBe(waits);
    await waits;
    expect(records.prepare(value)).toBeNull();
    expect(shown(value, records.record(value))).toEqual({ ...place, op: "c", before: "", after: "\xd8\x04" });
  });

  it("keeps what a snapshot, a truncate and a transaction without a block look like", () => {
    const records = reader();
    expect(records.record(json(envelope({ op: "r", snapshot: "incremental" }))).snapshot).toBe("incremental");
    expect(records.record(json(envelope({ snapshot: null }))).snapshot).toBeNull();
    expect(records.record(json(envelope({ op: "t", transaction: null }))).transaction).toBeNull();
    expect(records.record(json(envelope({ gtid: null, transaction: "binlog.3:5" }))).gtid).toBeNull();
  });
});

describe("small records", () => {
  it("tell of a transaction's begin and end", () => {
    const records = reader();
    const end = `{"status":"END","id":"${uuid}:7","ts_ms":5,"event_count":3,"data_collections":[{"data_collection":"shop.t","event_count":2},{"data_collection":"shop.u","event_count":1}]}`;
    const told = {
      status: "END",
      id: `${uuid}:7`,
      ts: 5,
      events: 3,
      tables: [
        { table: "shop.t", events: 2 },
        { table: "shop.u", events: 1 },
      ],
    };
    expect(records.transaction(json(end))).toEqual(told);
    expect(records.transaction(json(`{"schema":{"type":"struct"},"payload":${end}}`))).toEqual(told);
    expect(
      records.transaction(
        json(`{"status":"BEGIN","id":"x","ts_ms":5,"event_count":null,"data_collections":null}`),
      ),
    ).toEqual({ status: "BEGIN", id: "x", ts: 5, events: null, tables: [] });
    expect(() => records.transaction(json(`{"status":"END","id":"x","event_count":null}`))).toThrow(Fault);
  });

  it.each([
    ["null", 1],
    ["[]", 1],
    ['[{"data_collection":"shop.t","event_count":2}]', 3],
    ['[{"data_collection":"shop.t","event_count":2}]', 1],
  ])("are refused where a transaction's tables (%s) are not all that it counts (%d)", (tables, count) => {
    const end = `{"status":"END","id":"${uuid}:7","ts_ms":5,"event_count":${String(count)},"data_collections":${tables}}`;
    expect(() => reader().transaction(json(end))).toThrow(
      expect.objectContaining({ code: "event-unreadable" }) as Error,
    );
  });

  it.each(["null", "[]"])("tell of a transaction that has nothing of these tables (%s)", (tables) => {
    const end = `{"status":"END","id":"${uuid}:7","ts_ms":5,"event_count":0,"data_collections":${tables}}`;
    expect(reader().transaction(json(end))).toMatchObject({ events: 0, tables: [] });
  });

  it("tell of a transaction in Avro", async () => {
    schemas.set(
      9,
      JSON.stringify({
        type: "record",
        name: "TransactionMetadataValue",
        namespace: "io.debezium.connector.common",
        fields: [
          { name: "status", type: "string" },
          { name: "id", type: "string" },
          { name: "event_count", type: ["null", "long"], default: null },
          {
            name: "data_collections",
            type: [
              "null",
              {
                type: "array",
                items: {
                  type: "record",
                  name: "ConnectDefault",
                  namespace: "io.x",
                  fields: [
                    { name: "data_collection", type: "string" },
                    { name: "event_count", type: "long" },
                  ],
                },
              },
            ],
            default: null,
          },
          { name: "ts_ms", type: "long" },
        ],
      }),
    );
    const value = confluent(9, schemas.get(9) ?? "", {
      status: "END",
      id: "a:1",
      event_count: { long: 1n },
      data_collections: { array: [{ data_collection: "shop.t", event_count: 1n }] },
      ts_ms: 5n,
    });
    const records = reader();
    await records.prepare(value);
    expect(records.transaction(value)).toEqual({
      status: "END",
      id: "a:1",
      ts: 5,
      events: 1,
      tables: [{ table: "shop.t", events: 1 }],
    });
  });

  it("tell of statements", () => {
    const value = `{"source":{"ts_ms":7,"snapshot":"false","db":"shop","table":"o\\"x","server_id":71,"gtid":"${uuid}:8","file":"b.1","pos":9,"row":0},"ts_ms":8,"databaseName":"shop","schemaName":null,"ddl":"ALTER TABLE \`o\\"x\` ADD n INT","tableChanges":[{"type":"ALTER","id":"\\"shop\\".\\"o\\"\\"x\\"","table":{}}]}`;
    expect(reader().schemaChange(json(value))).toEqual({
      db: "shop",
      statement: 'ALTER TABLE `o"x` ADD n INT',
      tables: ['o"x'],
      gtid: `${uuid}:8`,
      file: "b.1",
      pos: 9,
      row: 0,
      serverId: 71,
      ts: 7,
      snapshot: null,
    });
  });
});

describe("what is no record", () => {
  const whole = envelope({ op: "u", before: row, after: row });

  it("is refused at any length, and with any byte changed it is read or refused", () => {
    const records = reader();
    let refused = 0;
    for (let size = 0; size < whole.length; size++) {
      try {
        records.record(json(whole.slice(0, size)));
        expect.unreachable(`${size} bytes of ${whole.length} were a record`);
      } catch (error) {
        if (!(error instanceof Fault) || error.code !== "event-unreadable") throw error;
        refused++;
      }
    }
    expect(refused).toBe(whole.length);
    for (let at = 0; at < whole.length; at++)
      for (const letter of ['"', "{", "}", "\\", ",", "7", " "]) {
        try {
          records.record(json(whole.slice(0, at) + letter + whole.slice(at + 1)));
        } catch (error) {
          if (!(error instanceof Fault) || error.code !== "event-unreadable") throw error;
        }
      }
  });

  it.each([
    ["an unwrapped row", '{"id":1,"v":"x"}', "no op"],
    ["another op", whole.replace('"op":"u"', '"op":"x"'), 'op "x"'],
    ["no source", '{"before":null,"after":null,"op":"c"}', "where in the source's log"],
    ["a schema alone", '{"schema":{"type":"struct"}}', "no payload"],
    ["Avro of another wire form", "\u0000\u0000", "Confluent"],
    ["an empty value", "", "no JSON"],
  ])("is refused by name: %s", (_name, text, sentence) => {
    expect(() => reader().record(json(text))).toThrow(sentence);
  });
});
