/**
 * Events for the tests of this room, written as Debezium and Connect's converters write them, by other code than that
 * which reads them. Not part of the product.
 */
import avro from "avsc";

/** A member's name and its value as JSON text. */
export type JsonFields = readonly (readonly [name: string, value: string])[];

export interface EventFacts {
  readonly op?: string;
  readonly before?: JsonFields | null;
  readonly after?: JsonFields | null;
  readonly gtid?: string | null;
  readonly snapshot?: string | null;
  readonly table?: string;
  readonly transaction?: string | null;
}

export const uuid = "3e11fa47-71ca-11e1-9e33-c80aa9429562";

export function imageText(fields: JsonFields | null): string {
  return fields === null
    ? "null"
    : `{${fields.map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(",")}}`;
}

/** An envelope's text in the order in which Debezium has its members. */
export function envelope(facts: EventFacts): string {
  const { op = "c", before = null, after = null, gtid = `${uuid}:7`, table = "t" } = facts;
  const { snapshot = "false", transaction = gtid } = facts;
  const source =
    `{"version":"3.6.1.Final","connector":"mysql","name":"hg1","ts_ms":1700000000123,` +
    `"snapshot":${JSON.stringify(snapshot)},"db":"shop","sequence":null,"ts_us":1700000000123000,` +
    `"ts_ns":1700000000123000000,"table":${JSON.stringify(table)},"server_id":71,"gtid":${JSON.stringify(gtid)},` +
    `"file":"binlog.000003","pos":4711,"row":2,"thread":9,"query":null}`;
  const block =
    transaction === null
      ? "null"
      : `{"id":${JSON.stringify(transaction)},"total_order":3,"data_collection_order":1}`;
  return `{"before":${imageText(before)},"after":${imageText(after)},"source":${source},"transaction":${block},"op":${JSON.stringify(op)},"ts_ms":1700000000200,"ts_us":1,"ts_ns":1}`;
}

/** The same with the schema before it. `fields`: of the row, in Connect's words. */
export function wrapped(facts: EventFacts, fields: readonly unknown[]): string {
  const image = (field: string): unknown => ({
    type: "struct",
    fields,
    optional: true,
    name: "hg1.shop.t.Value",
    field,
  });
  const schema = {
    type: "struct",
    fields: [image("before"), image("after"), { type: "string", optional: false, field: "op" }],
    optional: false,
    name: "hg1.shop.t.Envelope",
    version: 2,
  };
  return `{"schema":${JSON.stringify(schema)},"payload":${envelope(facts)}}`;
}

/** The Avro schema of an envelope whose rows have these fields. */
export function avroEnvelope(fields: readonly unknown[]): string {
  return JSON.stringify({
    type: "record",
    name: "Envelope",
    namespace: "hg1.shop.t",
    fields: [
      {
        name: "before",
        type: ["null", { type: "record", name: "Value", fields, "connect.name": "hg1.shop.t.Value" }],
        default: null,
      },
      { name: "after", type: ["null", "Value"], default: null },
      {
        name: "source",
        type: {
          type: "record",
          name: "Source",
          namespace: "io.debezium.connector.mysql",
          fields: [
            { name: "version", type: "string" },
            { name: "ts_ms", type: "long" },
            {
              name: "snapshot",
              type: [{ type: "string", "connect.default": "false" }, "null"],
              default: "false",
            },
            { name: "db", type: "string" },
            { name: "table", type: ["null", "string"], default: null },
            { name: "server_id", type: "long" },
            { name: "gtid", type: ["null", "string"], default: null },
            { name: "file", type: "string" },
            { name: "pos", type: "long" },
            { name: "row", type: "int" },
          ],
        },
      },
      {
        name: "transaction",
        type: [
          "null",
          {
            type: "record",
            name: "block",
            namespace: "event",
            fields: [
              { name: "id", type: "string" },
              { name: "total_order", type: "long" },
              { name: "data_collection_order", type: "long" },
            ],
          },
        ],
        default: null,
      },
      { name: "op", type: "string" },
      { name: "ts_ms", type: ["null", "long"], default: null },
    ],
  });
}

export const long = avro.types.LongType.__with({
  fromBuffer: (bytes: Buffer) => bytes.readBigInt64LE(),
  toBuffer: (value: bigint) => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(value);
    return bytes;
  },
  fromJSON: BigInt,
  toJSON: String,
  isValid: (value: unknown) => typeof value === "bigint",
  compare: (a: bigint, b: bigint) => (a < b ? -1 : a > b ? 1 : 0),
});

/** A value in Confluent's wire form, made by another library than ours. Longs are bigints. */
export function confluent(id: number, schema: string, value: unknown): Buffer {
  const parsed: unknown = JSON.parse(schema);
  if (!isSchema(parsed)) throw new Error("no Avro schema");
  const type = avro.Type.forSchema(parsed, {
    registry: {},
    wrapUnions: true,
    typeHook: (part: unknown) => (isLong(part) ? long : undefined),
  });
  const head = Buffer.alloc(5);
  head.writeInt32BE(id, 1);
  return Buffer.concat([head, type.toBuffer(value)]);
}

function isSchema(value: unknown): value is { type: "record"; name: string; fields: [] } {
  return typeof value === "object" && value !== null && "fields" in value;
}

function isLong(part: unknown): boolean {
  return (
    part === "long" || (typeof part === "object" && part !== null && "type" in part && part.type === "long")
  );
}
