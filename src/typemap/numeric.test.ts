/**
 * numeric's groups against vectors that were read off numeric_send, and against a slow writer that works on text
 * alone: both paths of the fast one must give its bytes for every scale and length.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { numericText, writeNumeric, writeNumericInteger } from "./numeric.js";

const room = Buffer.alloc(400);
const view = new DataView(room.buffer, room.byteOffset, room.length);

function written(text: string, dscale?: number): Buffer {
  const source = Buffer.from(` ${text} `);
  const scale = /\.(\d+)/.exec(text)?.[1]?.length ?? 0;
  const end = writeNumeric(room, view, 3, source, 1, source.length - 1, scale, dscale ?? scale);
  expect(room.readInt32BE(3)).toBe(end - 7);
  return Buffer.from(room.subarray(7, end));
}

/** Groups by cutting padded text into fours. */
function slow(text: string): Buffer {
  const [, sign = "", whole = "", fraction = ""] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text) ?? [];
  const left = whole.padStart(Math.ceil(whole.length / 4) * 4, "0");
  const right = fraction.padEnd(Math.ceil(fraction.length / 4) * 4, "0");
  let groups = (left + right).match(/\d{4}/g)?.map(Number) ?? [];
  let weight = left.length / 4 - 1;
  while (groups[0] === 0) {
    groups = groups.slice(1);
    weight--;
  }
  while (groups.at(-1) === 0) groups = groups.slice(0, -1);
  const field = Buffer.alloc(8 + groups.length * 2);
  field.writeInt16BE(groups.length, 0);
  field.writeInt16BE(groups.length === 0 ? 0 : weight, 2);
  field.writeUInt16BE(sign === "-" && groups.length > 0 ? 0x4000 : 0, 4);
  field.writeUInt16BE(fraction.length, 6);
  groups.forEach((group, index) => field.writeUInt16BE(group, 8 + index * 2));
  return field;
}

describe("numeric", () => {
  it.each([
    ["0", "0000000000000000"],
    ["-0.00", "0000000000000002"],
    ["1", "00010000000000000001"],
    ["-1.10", "0002000040000002000103e8"],
    ["10000", "00010001000000000001"],
    ["100000000", "00010002000000000001"],
    ["-120000.00", "0001000140000002000c"],
    ["-120001.00", "0002000140000002000c0001"],
    ["0.0001", "0001ffff000000040001"],
    ["0.00001", "0001fffe0000000503e8"],
    ["000042.50", "0002000000000002002a1388"],
    ["99999999.9999", "00030001000000042 70f270f270f".replaceAll(" ", "")],
  ])("%s", (text, hex) => {
    expect(written(text).toString("hex")).toBe(hex);
  });

  it("equals the slow writer for every scale and length", () => {
    const digits = (max: number): fc.Arbitrary<string> =>
      fc.array(fc.constantFrom("0", "0", "0", "1", "9"), { maxLength: max }).map((d) => d.join(""));
    fc.assert(
      fc.property(fc.boolean(), digits(35), digits(30), (minus, whole, fraction) => {
        const text = (minus ? "-" : "") + (whole || "0") + (fraction === "" ? "" : "." + fraction);
        expect(written(text).toString("hex"), text).toBe(slow(text).toString("hex"));
      }),
      { numRuns: 3000 },
    );
  });

  it("prints what it was made of, at the target's scale", () => {
    for (const text of [
      "0.00",
      "123456789.0001",
      "-99999999999999999999.5",
      "0.000000000000000000000000000001",
    ])
      expect(numericText(written(text))).toBe(text);
    expect(numericText(written("1.5", 4))).toBe("1.5000");
  });

  it("takes 64-bit integers from their halves", () => {
    // Numbers below 2^32 go another way; those of few groups that are not zero are the ones that it could get wrong.
    const integer = fc.oneof(
      fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      fc.bigInt({ min: 0n, max: 2n ** 32n - 1n }),
      fc
        .tuple(fc.constantFrom(0n, 1n, 42n), fc.constantFrom(0n, 1n, 9999n), fc.constantFrom(0n, 7n, 9999n))
        .map(([top, middle, low]) => (top * 10_000n + middle) * 10_000n + low),
    );
    fc.assert(
      fc.property(integer, fc.boolean(), (value, negative) => {
        const end = writeNumericInteger(
          view,
          3,
          Number(BigInt.asIntN(32, value >> 32n)),
          Number(BigInt.asIntN(32, value)),
          negative,
          0,
        );
        const text = (negative && value > 0n ? "-" : "") + value.toString();
        expect(room.subarray(7, end).toString("hex"), text).toBe(slow(text).toString("hex"));
      }),
      {
        numRuns: 2000,
        examples: [
          [0n, true],
          [2n ** 64n - 1n, false],
          [10n ** 16n, true],
          [10_000n, false],
          [2n ** 32n - 1n, false],
          [2n ** 32n, true],
        ],
      },
    );
  });
});
