/**
 * Kinds of columns for the tests of comparing: how a value stands on the wire, and how a side sorts it. Nothing but tests
 * imports this file.
 */

/** As text, the way SELECT prints it; hex of bytes. */
export type Value = string | null;
export type Row = readonly Value[];

export interface Kind {
  readonly target: string;
  readonly wire: (text: string) => Buffer;
  readonly text: (text: string) => Buffer;
  readonly compare: (a: string, b: string) => number;
}

const by =
  <T>(value: (text: string) => T) =>
  (a: string, b: string): number => {
    const [x, y] = [value(a), value(b)];
    return x < y ? -1 : x > y ? 1 : 0;
  };
const plain = (text: string): Buffer => Buffer.from(text);
const long = (bytes: Buffer): Buffer => Buffer.concat([Buffer.from([0xfd]), uint24(bytes.length), bytes]);

function uint24(size: number): Buffer {
  const head = Buffer.alloc(3);
  head.writeUIntLE(size, 0, 3);
  return head;
}

function integer(bytes: number): (text: string) => Buffer {
  return (text) => {
    const wire = Buffer.alloc(8);
    wire.writeBigInt64LE(BigInt(text));
    return wire.subarray(0, bytes);
  };
}

function double(text: string): Buffer {
  const wire = Buffer.alloc(8);
  wire.writeDoubleLE(Number(text));
  return wire;
}

/** `2020-01-31 23:59:59.000001`. */
function datetime(text: string): Buffer {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, micros = 0] = text
    .split(/[-: .]/)
    .map(Number);
  const wire = Buffer.from([11, year & 255, year >> 8, month, day, hour, minute, second, 0, 0, 0, 0]);
  wire.writeUInt32LE(micros, 8);
  return wire;
}

/** `-12:00:01.000001`. */
function time(text: string): Buffer {
  const [hour = 0, minute = 0, second = 0, micros = 0] = text.replace("-", "").split(/[:.]/).map(Number);
  const wire = Buffer.alloc(13);
  wire[0] = 12;
  wire[1] = text.startsWith("-") ? 1 : 0;
  wire.writeUInt32LE(Math.floor(hour / 24), 2);
  wire.set([hour % 24, minute, second], 6);
  wire.writeUInt32LE(micros, 9);
  return wire;
}

const micros = (text: string): number => {
  const [hour = 0, minute = 0, second = 0, part = 0] = text.replace("-", "").split(/[:.]/).map(Number);
  return (text.startsWith("-") ? -1 : 1) * (((hour * 60 + minute) * 60 + second) * 1e6 + part);
};

export const kinds = {
  int: { target: "integer", wire: integer(4), text: plain, compare: by(Number) },
  bigint: { target: "bigint", wire: integer(8), text: plain, compare: by(BigInt) },
  "tinyint(1)": { target: "boolean", wire: integer(1), text: plain, compare: by(Number) },
  "decimal(20,3)": {
    target: "numeric(20,3)",
    wire: (text): Buffer => long(plain(text)),
    text: plain,
    compare: by((text) => BigInt(text.replace(".", ""))),
  },
  double: { target: "double precision", wire: double, text: plain, compare: by(Number) },
  "varbinary(40)": {
    target: "bytea",
    wire: (hex): Buffer => long(Buffer.from(hex, "hex")),
    text: (hex): Buffer => Buffer.from(hex, "hex"),
    compare: by((hex) => hex),
  },
  "datetime(6)": {
    target: "timestamp(6) without time zone",
    wire: datetime,
    text: plain,
    compare: by((text) => text),
  },
  "time(6)": { target: "interval", wire: time, text: plain, compare: by(micros) },
  longtext: {
    target: "text",
    wire: (text): Buffer => long(plain(text)),
    text: plain,
    compare: by((text) => text),
  },
} satisfies Record<string, Kind>;

export type KindName = keyof typeof kinds;
export const kindNames: readonly KindName[] = [
  "int",
  "bigint",
  "tinyint(1)",
  "decimal(20,3)",
  "double",
  "varbinary(40)",
  "datetime(6)",
  "time(6)",
  "longtext",
];
