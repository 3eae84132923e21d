/**
 * Values of every type through images of JSON and of Avro, against what the codec makes of the text that SELECT would
 * print: known values and generated ones. Then values in doubt, and rows that were read again.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Fault } from "../../../src/errors.js";
import type { PlanColumn, PlanTable } from "../../../src/model.js";
import type { ImageReader } from "../../../src/stream-port.js";
import { planColumn, planTable, prefixed, row } from "../../../src/typemap/column.fixture.js";
import { codecOf } from "../../../src/typemap/compile.js";
import { Output } from "../../../src/typemap/output.js";
import { RowWriter } from "../../../src/typemap/writer.js";
import { avroEnvelope, confluent, envelope } from "../event.fixture.js";
import type { JsonFields } from "../event.fixture.js";
import { generatedSettings } from "../event-settings.js";
import type { EventSettings } from "../event-settings.js";
import { recordReader } from "../record-reader.js";
import type { DebeziumRecord, RecordImages } from "../record.js";

/** The fields that the codecs make of the image's columns, as hex; null is NULL. */
function fields(reader: ImageReader, columns: readonly PlanColumn[], bytes: Buffer, at: number, end: number) {
  const out = new Output(null, columns.length);
  const writer = new RowWriter(
    columns.map((column) => codecOf(column, "mysql").cell),
    out,
  );
  reader.read(bytes, at, end, (packet, from, to) => writer.row(packet, from, to));
  const found: (string | null)[] = [];
  for (let o = 2; found.length < columns.length;) {
    const length = out.bytes.readInt32BE(o);
    o += 4;
    found.push(length < 0 ? null : out.bytes.toString("hex", o, o + length));
    o += Math.max(0, length);
  }
  return found;
}

function wanted(column: PlanColumn, text: string | Buffer | null): string | null {
  const field = codecOf(column, "mysql").encodeText(text === null ? null : Buffer.from(text));
  return field?.toString("hex") ?? null;
}

interface Read {
  readonly bytes: Buffer;
  readonly record: DebeziumRecord;
  readonly images: RecordImages;
}

function fromJson(table: PlanTable, after: JsonFields, settings: EventSettings = generatedSettings): Read {
  const bytes = Buffer.from(envelope({ after }));
  const reader = recordReader({ engine: "mysql", settings, fetchSchema: null });
  const record = reader.record(bytes);
  return { bytes, record, images: reader.images(record, table) };
}

function jsonField(column: PlanColumn, text: string, settings?: EventSettings): string | null {
  const { bytes, record, images } = fromJson(planTable([column], ["c"]), [["c", text]], settings);
  return fields(images.reader([0]), [column], bytes, record.after, record.afterEnd)[0] ?? null;
}

const adaptive: EventSettings = {
  ...generatedSettings,
  time: "adaptive_time_microseconds",
  decimal: "precise",
};
const nanos: EventSettings = { ...generatedSettings, time: "nanoseconds", binary: "hex" };
const labels = ["b,c", "a\\b", "q'", "é😀", "plain"];

/** Column, what the event has, what SELECT prints. From runs of the connector (docs/kafka.md). */
const known: readonly [PlanColumn, string, string | Buffer, EventSettings?][] = [
  [planColumn("tinyint(1)", "smallint"), "2", "2"],
  [planColumn("tinyint(1)", "boolean"), "1", "1"],
  [planColumn("bigint", "bigint"), "-9223372036854775808", "-9223372036854775808"],
  [planColumn("bigint", "bigint"), "9007199254740993", "9007199254740993"],
  [planColumn("bigint unsigned", "numeric(20,0)"), '"AP//////////"', "18446744073709551615"],
  [planColumn("bigint unsigned", "numeric(20,0)"), "-1", "18446744073709551615"],
  [planColumn("bigint unsigned", "text"), "7", "7"],
  [planColumn("mediumint", "integer"), "-8388608", "-8388608"],
  [planColumn("year", "smallint"), "1900", "0"],
  [planColumn("year", "text"), "1900", "0"],
  [planColumn("decimal(10,2)", "numeric(10,2)"), '"-0.01"', "-0.01"],
  [planColumn("decimal(10,2)", "text"), '"12.50"', "12.50"],
  [planColumn("decimal(10,2)", "numeric(10,2)"), '"/w=="', "-0.01", adaptive],
  [planColumn("decimal(65,30)", "numeric(65,30)"), `"1.${"0".repeat(29)}1"`, `1.${"0".repeat(29)}1`],
  [planColumn("decimal(6,1) unsigned zerofill", "text"), '"2.5"', "2.5"],
  [planColumn("float", "real"), "1.6777216E7", "16777216"],
  [planColumn("float", "real"), "1.4E-45", "1.401298464324817e-45"],
  [planColumn("float(7,3)", "real"), "1234.5670166015625", "1234.5670166015625"],
  [planColumn("double", "double precision"), "4.9E-324", "5e-324"],
  [planColumn("double(10,4)", "double precision"), "-0.0", "0"],
  [planColumn("bit(1)", "boolean"), "true", Buffer.from([1])],
  [planColumn("bit(10)", "bit(10)"), '"AQI="', Buffer.from([2, 1])],
  [planColumn("bit(64)", "bytea"), '"AQAAAAAAAAA="', Buffer.from("0000000000000001", "hex")],
  [planColumn("date", "date"), "-141432", "1582-10-10"],
  [planColumn("date", "text"), "19782", "2024-02-29"],
  [planColumn("datetime", "timestamp(0) without time zone"), "-30610224000000000", "1000-01-01 00:00:00"],
  [
    planColumn("datetime(6)", "timestamp(6) without time zone"),
    "253402300799999999",
    "9999-12-31 23:59:59.999999",
  ],
  [planColumn("datetime(6)", "text"), "-1", "1969-12-31 23:59:59.999999"],
  [planColumn("datetime(3)", "timestamp(3) without time zone"), "-1", "1969-12-31 23:59:59.999", adaptive],
  [planColumn("datetime(6)", "timestamp(6) without time zone"), "1000", "1970-01-01 00:00:00.000001", nanos],
  [
    planColumn("timestamp(6)", "timestamp(6) with time zone"),
    '"2024-02-29T12:34:56.1234Z"',
    "2024-02-29 12:34:56.123400",
  ],
  [planColumn("timestamp", "text"), '"2024-02-29T12:34:56Z"', "2024-02-29 12:34:56"],
  [
    planColumn("timestamp", "timestamp(0) with time zone", { zeroDate: "-infinity" }),
    '"1970-01-01T00:00:00Z"',
    "0000-00-00 00:00:00",
  ],
  [planColumn("time", "interval"), "-3020399000000", "-838:59:59"],
  [planColumn("time(6)", "interval"), "-500000", "-00:00:00.500000"],
  [planColumn("time", "text"), "90061000000", "25:01:01"],
  [
    planColumn("varchar(40)", "character varying(40)"),
    '"a\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uD83D\\uDE00é"',
    'a"\\/\b\f\n\r\té😀é',
  ],
  [planColumn("varchar(40)", "text"), '""', ""],
  [
    planColumn("longtext", "text"),
    `"${"x".repeat(200)}\\n${"y".repeat(70_000)}"`,
    `${"x".repeat(200)}\n${"y".repeat(70_000)}`,
  ],
  [planColumn("binary(4)", "bytea"), '"AQ=="', Buffer.from([1, 0, 0, 0])],
  [planColumn("varbinary(9)", "bytea"), '"00ff"', Buffer.from([0, 255]), nanos],
  [planColumn("blob", "bytea"), '""', ""],
  [planColumn("json", "jsonb"), '"{\\"a\\":1}"', '{"a":1}'],
  [planColumn("enum('x')", "text", {}, labels), '"b\\\\,c"', "b,c"],
  [planColumn("enum('x')", "text", {}, labels), '"a\\\\\\\\b"', "a\\b"],
  [planColumn("enum('x')", "text", {}, labels), '"é?"', "é😀"],
  [planColumn("enum('x')", "text", { enumZero: "null" }, labels), '""', ""],
  [planColumn("set('x')", "text[]", {}, ["x", "a\\b", "é😀"]), '"x,a\\\\\\\\b,é?"', "x,a\\b,é😀"],
  [planColumn("set('x')", "text[]", {}, ["x", "y"]), '""', ""],
  [
    planColumn("point", "bytea"),
    '{"x":1.0,"y":2.0,"wkb":"AQEAAAAAAAAAAADwPwAAAAAAAABA","srid":null}',
    Buffer.from("000000000101000000000000000000f03f0000000000000040", "hex"),
  ],
  [
    planColumn("geometry", "bytea"),
    '{"wkb":"AQEAAAAAAAAAAADwPwAAAAAAAABA","srid":4326}',
    Buffer.from("e61000000101000000000000000000f03f0000000000000040", "hex"),
  ],
  [planColumn("vector(3)", "real[]"), "[1.0, 2.5,-3.0]", Buffer.from("0000803f00002040000040c0", "hex")],
];

describe("values as Debezium writes them in JSON", () => {
  it.each(known)("$sourceType to $targetType: %o", (column, sent, printed, settings) => {
    expect(jsonField(column, sent, settings)).toBe(wanted(column, printed));
  });

  it.each([
    [planColumn("int", "integer"), '"1"', "whole number"],
    [planColumn("int", "integer"), "1.0", "whole number"],
    [planColumn("int", "integer"), "2147483648", "value of its int"],
    [planColumn("tinyint unsigned", "smallint"), "-1", "value of its tinyint unsigned"],
    [planColumn("bigint", "bigint"), "9223372036854775808", "value of its bigint"],
    [planColumn("tinyint(1)", "boolean"), "true", "whole number"],
    [planColumn("decimal(10,2)", "numeric(10,2)"), '"1.5"', "value of its decimal(10,2)"],
    [planColumn("decimal(10,2)", "numeric(10,2)"), "1.50", "text"],
    [planColumn("double", "double precision"), '"1"', "number"],
    [planColumn("double", "double precision"), "1e999", "DOUBLE"],
    [planColumn("date", "date"), "2932897", "date"],
    [planColumn("datetime", "timestamp(0) without time zone"), '"2024-02-29T00:00:00Z"', "whole number"],
    [planColumn("timestamp", "timestamp(0) with time zone"), '"2024-02-29T12:34:56+01:00"', "instant in UTC"],
    [planColumn("time", "interval"), "3024000000001", "time"],
    [planColumn("text", "text"), '"\\ud83d"', "JSON text"],
    [planColumn("text", "text"), '"\\x"', "JSON text"],
    [planColumn("blob", "bytea"), '"A*=="', "bytes in base64"],
    [planColumn("bit(4)", "bit(4)"), '"EA=="', "value of its BIT"],
    [planColumn("enum('x')", "text", {}, labels), '"other"', "label of its ENUM"],
    [planColumn("set('x')", "text[]", {}, ["x"]), '"x,z"', "value of its SET"],
    [planColumn("vector(3)", "real[]"), '[1,"2"]', "list of numbers"],
    [planColumn("point", "bytea"), '{"x":1}', "geometry"],
  ])("$sourceType is not read from %o", (column, sent, kind) => {
    expect(() => jsonField(column, sent)).toThrow(`A change event of t has in c bytes that are no ${kind}.`);
  });

  it("are refused where their form loses digits", () => {
    const lossy = { ...generatedSettings, decimal: "double", time: "connect" } as const;
    expect(() => jsonField(planColumn("decimal(10,2)", "numeric(10,2)"), "1", lossy)).toThrow("lose digits");
    expect(() => jsonField(planColumn("time(4)", "interval"), "1", lossy)).toThrow("milliseconds");
  });
});

const micros = fc.bigInt({ min: -62_167_219_200_000_000n, max: 253_402_300_799_999_999n });
const integer64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const anyText = fc.string({ unit: "binary" }).filter((text) => !text.includes("\0"));
const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array));

/** 0000-03-01 to 9999-12-31 in the source's own words, by arithmetic of another kind than ours. */
function clock(value: bigint): string {
  const milli = value / 1000n - (value % 1000n < 0n ? 1n : 0n);
  const text = new Date(Number(milli)).toISOString();
  const rest = String(value - milli * 1000n).padStart(3, "0");
  return text.replace("T", " ").replace("Z", rest);
}

interface Made {
  readonly column: PlanColumn;
  readonly avro: unknown;
  readonly values: fc.Arbitrary<{
    readonly json: string;
    readonly avro: unknown;
    readonly text: string | Buffer;
  }>;
}

const made: readonly Made[] = [
  {
    column: planColumn("bigint", "bigint", {}, [], "a"),
    avro: "long",
    values: integer64.map((v) => ({ json: String(v), avro: { long: v }, text: String(v) })),
  },
  {
    column: planColumn("bigint unsigned", "numeric(20,0)", {}, [], "b"),
    avro: { type: "bytes", logicalType: "decimal", precision: 20, scale: 0 },
    values: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((v) => {
      const hex = v.toString(16);
      const plain = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex");
      const signed = (plain[0] ?? 0) > 127 ? Buffer.concat([Buffer.from([0]), plain]) : plain;
      return { json: JSON.stringify(signed.toString("base64")), avro: { bytes: signed }, text: String(v) };
    }),
  },
  {
    column: planColumn("datetime(6)", "timestamp(6) without time zone", {}, [], "c"),
    avro: { type: "long", "connect.name": "io.debezium.time.MicroTimestamp" },
    values: micros
      .filter((v) => v >= -62_162_035_200_000_000n)
      .map((v) => ({ json: String(v), avro: { long: v }, text: clock(v) })),
  },
  {
    column: planColumn("double", "double precision", {}, [], "d"),
    avro: "double",
    values: fc.double({ noNaN: true, noDefaultInfinity: true }).map((v) => ({
      json: Object.is(v, -0) ? "-0.0" : String(v),
      avro: { double: v },
      text: Object.is(v, -0) ? "-0" : String(v),
    })),
  },
  {
    column: planColumn("float", "real", {}, [], "e"),
    avro: "float",
    values: fc.float({ noNaN: true, noDefaultInfinity: true }).map((v) => ({
      json: Object.is(v, -0) ? "-0.0" : String(v),
      avro: { float: v },
      text: Object.is(v, -0) ? "-0" : String(v),
    })),
  },
  {
    column: planColumn("text", "text", {}, [], "f"),
    avro: "string",
    values: anyText.map((v) => ({ json: JSON.stringify(v), avro: { string: v }, text: v })),
  },
  {
    column: planColumn("blob", "bytea", {}, [], "g"),
    avro: "bytes",
    values: bytes.map((v) => ({ json: JSON.stringify(v.toString("base64")), avro: { bytes: v }, text: v })),
  },
  {
    column: planColumn("time(6)", "interval", {}, [], "h"),
    avro: { type: "long", "connect.name": "io.debezium.time.MicroTime" },
    values: fc.bigInt({ min: -3_020_399_000_000n, max: 3_020_399_000_000n }).map((v) => {
      const size = v < 0n ? -v : v;
      const [h, m, s] = [size / 3_600_000_000n, (size / 60_000_000n) % 60n, (size / 1_000_000n) % 60n];
      const two = (n: bigint): string => String(n).padStart(2, "0");
      return {
        json: String(v),
        avro: { long: v },
        text: `${v < 0n ? "-" : ""}${two(h)}:${two(m)}:${two(s)}.${String(size % 1_000_000n).padStart(6, "0")}`,
      };
    }),
  },
  {
    column: planColumn("int", "integer", {}, [], "i"),
    avro: "int",
    values: fc.integer().map((v) => ({ json: String(v), avro: { int: v }, text: String(v) })),
  },
];

describe("generated rows", () => {
  const columns = made.map(({ column }) => column);
  const table = planTable(columns, ["i"]);
  const rows = fc.tuple(...made.map(({ values }) => fc.option(values)));
  const schema = avroEnvelope(
    made.map(({ column, avro }) => ({ name: column.source, type: ["null", avro], default: null })),
  );
  const all = columns.map((_, place) => place);

  it("are in JSON what SELECT prints", () => {
    fc.assert(
      fc.property(rows, fc.shuffledSubarray(all), (values, some) => {
        const after = values.map((value, k): [string, string] => [
          columns[k]?.source ?? "",
          value?.json ?? "null",
        ]);
        const { bytes: event, record, images } = fromJson(table, after);
        for (const places of [all, some]) {
          const chosen = places.flatMap((place) => columns[place] ?? []);
          expect(fields(images.reader(places), chosen, event, record.after, record.afterEnd)).toEqual(
            places.map((place) => wanted(columns[place] as PlanColumn, values[place]?.text ?? null)),
          );
        }
      }),
    );
  });

  it("are in Avro what SELECT prints, and with bytes changed they are read or refused", async () => {
    const reader = recordReader({
      engine: "mysql",
      settings: generatedSettings,
      fetchSchema: () => Promise.resolve(schema),
    });
    const eventOf = (values: readonly ({ readonly avro: unknown } | null)[]): Buffer =>
      confluent(1, schema, {
        before: null,
        after: {
          "hg1.shop.t.Value": Object.fromEntries(
            values.map((value, k) => [columns[k]?.source ?? "", value?.avro ?? null]),
          ),
        },
        source: {
          version: "3",
          ts_ms: 1n,
          snapshot: null,
          db: "shop",
          table: { string: "t" },
          server_id: 71n,
          gtid: null,
          file: "b",
          pos: 4n,
          row: 0,
        },
        transaction: null,
        op: "c",
        ts_ms: null,
      });
    await reader.prepare(eventOf(made.map(() => null)));
    fc.assert(
      fc.property(rows, fc.nat(), fc.nat(255), (values, at, byte) => {
        const event = eventOf(values);
        const record = reader.record(event);
        const images = reader.images(record, table);
        expect(fields(images.reader(all), columns, event, record.after, record.afterEnd)).toEqual(
          columns.map((column, k) => wanted(column, values[k]?.text ?? null)),
        );
        const damaged = Buffer.from(event);
        damaged[5 + (at % (event.length - 5))] = byte;
        try {
          const other = reader.record(damaged);
          images.reader(all).read(damaged, other.after, other.afterEnd, () => undefined);
        } catch (error) {
          if (!(error instanceof Fault) || error.code !== "event-unreadable") throw error;
        }
      }),
    );
  });
});

describe("values in doubt", () => {
  const id = planColumn("int", "integer", {}, [], "id");
  const withDefault = (column: PlanColumn, text: string, nullable: boolean): PlanColumn => ({
    ...column,
    column: { ...column.column, nullable, default: { kind: "literal", text } },
  });
  const notNull = (column: PlanColumn): PlanColumn => ({
    ...column,
    column: { ...column.column, nullable: false },
  });
  const charset = (column: PlanColumn, name: string): PlanColumn => ({
    ...column,
    column: { ...column.column, charset: name },
  });
  const again = (column: PlanColumn, value: string, settings?: EventSettings): boolean => {
    const {
      bytes: event,
      record,
      images,
    } = fromJson(
      planTable([id, column], ["id"]),
      [
        ["id", "1"],
        ["c", value],
      ],
      settings,
    );
    return images.again(event, record.after, record.afterEnd);
  };

  it.each([
    ["JSON", planColumn("json", "jsonb"), '"1"', true],
    ["NULL in JSON's place", planColumn("json", "jsonb"), "null", false],
    ["a date that may be zero", planColumn("date", "date"), "null", true],
    ["a date that is none", planColumn("date", "date"), "0", false],
    ["NULL where zero is NULL anyway", planColumn("date", "date", { zeroDate: "null" }), "null", false],
    ["the epoch of a NOT NULL date", notNull(planColumn("date", "date")), "0", true],
    ["its default", withDefault(planColumn("date", "date"), "2001-02-03", false), "11356", true],
    [
      "a date beside its default",
      withDefault(planColumn("date", "date"), "2001-02-03", false),
      "11357",
      false,
    ],
    [
      "a NOT NULL timestamp",
      notNull(planColumn("timestamp", "timestamp(0) with time zone")),
      '"1970-01-01T00:00:00Z"',
      false,
    ],
    ["latin1", charset(planColumn("text", "text"), "latin1"), '"é"', false],
    ["what latin1 has and Java has not", charset(planColumn("text", "text"), "latin1"), '"a\ufffd"', true],
    ["ASCII in sjis", charset(planColumn("text", "text"), "sjis"), '"abc"', false],
    ["anything else in sjis", charset(planColumn("text", "text"), "sjis"), '"日"', true],
    ["an empty label", planColumn("enum('x')", "text", {}, ["", "x"]), '""', true],
    ["a label beside the empty one", planColumn("enum('x')", "text", {}, ["", "x"]), '"x"', false],
    ["labels spelled alike", planColumn("enum('x')", "text", {}, ["😀", "🙂"]), '"?"', true],
    ["labels of a set spelled alike", planColumn("set('x')", "text[]", {}, ["😀", "🙂", "x"]), '"x,?"', true],
    ["a label of its own", planColumn("enum('x')", "text", {}, ["😀", "x"]), '"?"', false],
    [
      "a UUID that may have ended with 00",
      planColumn("uuid", "uuid"),
      '"0074b2f4-8595-d242-e6a9-a97564faf904"',
      true,
    ],
    ["one that did not", planColumn("uuid", "uuid"), '"74b2f485-95d2-42e6-a9a9-7564faf90400"', false],
  ])("%s", (_name, column, value, doubtful) => {
    expect(again(column, value)).toBe(doubtful);
  });

  it("has NULL as the default where the converter puts it there", () => {
    const column = withDefault(planColumn("int", "integer"), "5", true);
    expect(again(column, "5")).toBe(false);
    expect(again(column, "5", { ...generatedSettings, nullsAsDefaults: true })).toBe(true);
    expect(again(column, "null", { ...generatedSettings, nullsAsDefaults: true })).toBe(false);
  });

  it("has no zero dates where the source refuses them", () => {
    expect(again(planColumn("date", "date"), "null", { ...generatedSettings, zeroDates: false })).toBe(false);
  });

  it("stops where reading again is no help", () => {
    const date = planColumn("date", "date");
    const keyless = fromJson(planTable([id, date]), [
      ["id", "1"],
      ["c", "null"],
    ]);
    expect(() => keyless.images.again(keyless.bytes, keyless.record.after, keyless.record.afterEnd)).toThrow(
      "t.c has a value that change events do not carry exactly, and t has no key",
    );
    const keyed = fromJson(planTable([id, notNull(date)], ["id", "c"]), [
      ["id", "1"],
      ["c", "0"],
    ]);
    expect(() => keyed.images.again(keyed.bytes, keyed.record.after, keyed.record.afterEnd)).toThrow(
      "it is in the key or a unique index",
    );
  });

  it("are taken from the row that was read again, and only they", () => {
    const json = planColumn("json", "jsonb", {}, [], "j");
    const date = planColumn("date", "date", { zeroDate: "-infinity" }, [], "d");
    const columns = [id, date, json];
    const table = planTable(columns, ["id"]);
    const {
      bytes: event,
      record,
      images,
    } = fromJson(table, [
      ["id", "7"],
      ["d", "19782"],
      ["j", '"{\\"a\\":10000000000000000000000}"'],
    ]);
    expect(images.doubtful).toEqual([1, 2]);
    const again = row([prefixed(Buffer.from([0xe8, 7, 2, 28])), prefixed('{"a": 1e22}')]);
    const out = Buffer.alloc(1000);
    const end = images.patch(out, 3, event, record.after, record.afterEnd, {
      packet: again,
      start: 0,
      end: again.length,
    });
    expect(end - 3).toBeLessThanOrEqual(record.afterEnd - record.after + again.length + 16);
    expect(fields(images.patched.reader([0, 1, 2]), columns, out, 3, end)).toEqual([
      wanted(id, "7"),
      wanted(date, "2024-02-29"),
      wanted(json, '{"a": 1e22}'),
    ]);
    expect(images.patched).toBe(images.patched);
    const bare = images.patch(out, 0, event, record.after, record.afterEnd, null);
    expect(fields(images.patched.reader([2, 0]), [json, id], out, 0, bare)).toEqual([
      wanted(json, '{"a":10000000000000000000000}'),
      wanted(id, "7"),
    ]);
    expect(images.patch(out, 5, event, 9, 9, null)).toBe(5);
    const gone = row([null, null]);
    const nulls = images.patch(out, 0, event, record.after, record.afterEnd, {
      packet: gone,
      start: 0,
      end: gone.length,
    });
    expect(fields(images.patched.reader([2]), [json], out, 0, nulls)).toEqual([null]);
  });
});

describe("columns of another shape", () => {
  const table = planTable(
    [planColumn("int", "integer", {}, [], "a"), planColumn("int", "integer", {}, [], "b")],
    ["a"],
  );
  it.each([
    ["one is missing", [["a", "1"]]],
    [
      "one is more",
      [
        ["a", "1"],
        ["b", "1"],
        ["x", "1"],
      ],
    ],
    [
      "one comes twice",
      [
        ["a", "1"],
        ["a", "2"],
        ["b", "1"],
      ],
    ],
  ] as const)("%s", (_name, after) => {
    const { bytes: event, record, images } = fromJson(table, after);
    expect(() => images.reader([0, 1]).read(event, record.after, record.afterEnd, () => undefined)).toThrow(
      "do not have the columns of the plan",
    );
  });
});
