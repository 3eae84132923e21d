/**
 * Random values of every source type as SQL literals, and the extremes that are always among them. Text travels as
 * hex with its charset, so that no client or sql_mode reads an escape into it. What a server may refuse or round is
 * never generated: a value that is stored differently from what was written would prove nothing.
 */
import fc from "fast-check";

export type Literal = fc.Arbitrary<string>;

const pad = (value: number, width: number): string => String(value).padStart(width, "0");
export const quoted = (text: string): string => `'${text.replaceAll("'", "''").replaceAll("\\", "\\\\")}'`;

export function text(value: string): string {
  return value === "" ? "''" : `CONVERT(x'${Buffer.from(value).toString("hex")}' USING utf8mb4)`;
}

export function bytes(value: Uint8Array): string {
  return `x'${Buffer.from(value).toString("hex")}'`;
}

/** All integers of a width: uniform, near zero, and the bounds. */
export function integer(bits: number, signed: boolean): Literal {
  const min = signed ? -(2n ** BigInt(bits - 1)) : 0n;
  const max = signed ? 2n ** BigInt(bits - 1) - 1n : 2n ** BigInt(bits) - 1n;
  const near = signed ? -10n : 0n;
  return fc
    .oneof(fc.bigInt({ min, max }), fc.bigInt({ min: near, max: 100n }), fc.constantFrom(min, max, 0n))
    .map(String);
}

export function integersOf(bits: number, signed: boolean): string[] {
  const top = 2n ** BigInt(bits - (signed ? 1 : 0));
  const low = signed ? [-top, -top + 1n, -1n, -10_000n, -9999n] : [];
  return [...low, 0n, 1n, top - 1n, top - 2n, 9999n, 10_000n].filter((v) => v < top && v >= -top).map(String);
}

/** Decimal text with exactly `scale` fraction digits. */
export function decimal(precision: number, scale: number, signed = true): Literal {
  const digits = (length: number): fc.Arbitrary<string> =>
    fc
      .array(fc.constantFrom("0", "0", "1", "2", "3", "4", "5", "6", "7", "8", "9"), {
        minLength: length,
        maxLength: length,
      })
      .map((d) => d.join(""));
  const whole = precision - scale;
  return fc
    .record({ used: fc.integer({ min: 0, max: whole }), a: digits(whole), b: digits(scale), n: fc.boolean() })
    .map(
      ({ used, a, b, n }) =>
        (n && signed ? "-" : "") + (a.slice(whole - used) || "0") + (scale > 0 ? "." + b : ""),
    );
}

export function decimalsOf(precision: number, scale: number, signed = true): string[] {
  const point = (whole: string, fraction: string): string => whole + (scale > 0 ? "." + fraction : "");
  const whole = precision - scale;
  const plus = [
    point("0", "0".repeat(scale)),
    point("9".repeat(whole) || "0", "9".repeat(scale)),
    point("1", "0".repeat(scale)),
    point("10000".slice(0, whole) || "0", "0".repeat(scale)),
    ...(scale > 0 ? [point("0", "0".repeat(scale - 1) + "1"), point("0", "1" + "0".repeat(scale - 1))] : []),
  ];
  return signed ? [...plus, ...plus.map((value) => "-" + value)] : plus;
}

/** Doubles by their bits, so that exponents are even; text in 17 digits reads back exactly. */
export const double: Literal = fc
  .oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.double({ min: -1e6, max: 1e6, noNaN: true }),
    fc.integer().map((n) => n / 1000),
  )
  .map(doubleText);

export const doublesOf = [
  0,
  1,
  -1,
  0.1,
  1e15,
  1e16,
  1e23,
  9.5e21,
  1e-7,
  2 ** 53,
  2 ** 53 + 2,
  5e-324,
  2.2250738585072014e-308,
  1.7976931348623157e308,
  -1.7976931348623157e308,
  16777216,
  3.14159274,
].map(doubleText);

export const float: Literal = fc
  .oneof(fc.float({ noNaN: true, noDefaultInfinity: true }), fc.float({ min: -1000, max: 1000, noNaN: true }))
  .map(doubleText);

export const floatsOf = [
  0, 1, -1, 16777216, 16777215, 3.1415927410125732, 3.4028234663852886e38, 1.401298464324817e-45,
  1.1754943508222875e-38,
].map(doubleText);

function doubleText(value: number): string {
  return Object.is(value, -0) ? "0e0" : value.toExponential();
}

/** Characters of all lengths in UTF-8; 0 only where the caller asks for it. */
export function characters(max: number, options: { readonly trailingBlanks?: boolean } = {}): Literal {
  const char = fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 32, max: 126 }) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 31 }) },
    { weight: 2, arbitrary: fc.integer({ min: 0x80, max: 0x7ff }) },
    { weight: 2, arbitrary: fc.integer({ min: 0x800, max: 0xd7ff }) },
    { weight: 1, arbitrary: fc.integer({ min: 0xe000, max: 0xffff }) },
    { weight: 2, arbitrary: fc.integer({ min: 0x10000, max: 0x10ffff }) },
  );
  return fc
    .array(char, { maxLength: max })
    .map((points) => String.fromCodePoint(...points))
    .map((value) => text(options.trailingBlanks === false ? value.replace(/ +$/, "") : value));
}

export const charactersOf = [
  "",
  " ",
  "a ",
  "\\N",
  "\\.",
  "\t\n\r\\",
  "'\"`",
  "é",
  "日本",
  "😀",
  "\u{10ffff}",
].map(text);

export function binary(min: number, max: number): Literal {
  return fc.uint8Array({ minLength: min, maxLength: max }).map(bytes);
}

const date = (low: number): fc.Arbitrary<string> =>
  fc
    .oneof(
      fc.record({
        y: fc.integer({ min: low, max: 9999 }),
        m: fc.integer({ min: 1, max: 12 }),
        d: fc.integer({ min: 1, max: 28 }),
      }),
      fc.constantFrom(
        { y: 2000, m: 2, d: 29 },
        { y: 1900, m: 2, d: 28 },
        { y: 2400, m: 2, d: 29 },
        { y: 2023, m: 12, d: 31 },
      ),
    )
    .map(({ y, m, d }) => `${pad(y, 4)}-${pad(m, 2)}-${pad(d, 2)}`);

function clock(hours: number, fsp: number): fc.Arbitrary<string> {
  return fc
    .record({
      h: fc.integer({ min: 0, max: hours }),
      m: fc.integer({ min: 0, max: 59 }),
      s: fc.integer({ min: 0, max: 59 }),
      f: fc.nat(999_999),
    })
    .map(
      ({ h, m, s, f }) =>
        `${pad(h, 2)}:${pad(m, 2)}:${pad(s, 2)}${fsp > 0 ? "." + pad(f, 6).slice(0, fsp) : ""}`,
    );
}

export const anyDate: Literal = date(1).map(quoted);
export const datesOf = [
  "0001-01-01",
  "1000-01-01",
  "1582-10-10",
  "1713-12-31",
  "1999-12-31",
  "2000-01-01",
  "9999-12-31",
].map(quoted);

export function datetime(fsp: number): Literal {
  return fc.tuple(date(1), clock(23, fsp)).map(([d, c]) => quoted(`${d} ${c}`));
}

/** The years between which one double would lose microseconds, and the ends of the calendar. */
export function datetimesOf(fsp: number): string[] {
  const fractions = fsp === 6 ? [".000001", ".999999", ".000000"] : fsp > 0 ? ["." + "9".repeat(fsp)] : [""];
  return ["0001", "1000", "1713", "1714", "1999", "2000", "2285", "2286", "9999"].flatMap((year) =>
    fractions.flatMap((f) => [`${year}-01-01 00:00:00${f}`, `${year}-12-31 23:59:59${f}`].map(quoted)),
  );
}

export function timestamp(fsp: number): Literal {
  return fc
    .record({ s: fc.integer({ min: 1, max: 2_147_483_647 }), f: fc.nat(999_999) })
    .map(({ s, f }) => quoted(instant(s) + (fsp > 0 ? "." + pad(f, 6).slice(0, fsp) : "")));
}

export const timestampsOf = [1, 951_782_400, 2_147_483_647].map((s) => quoted(instant(s)));

function instant(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 19).replace("T", " ");
}

export function time(hours: number, fsp: number, signed: boolean): Literal {
  return fc.tuple(clock(hours, fsp), fc.boolean()).map(([c, n]) => quoted(n && signed ? "-" + c : c));
}

export const timesOf = [
  "838:59:59",
  "-838:59:59",
  "00:00:00",
  "-00:00:00.500000",
  "-00:00:00.000001",
  "24:00:00",
  "100:00:00",
  "-99:59:59.999999",
].map(quoted);

export const uuid: Literal = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((b) => {
  const h = Buffer.from(b).toString("hex");
  return quoted([h.slice(0, 8), h.slice(8, 12), h.slice(12, 16), h.slice(16, 20), h.slice(20)].join("-"));
});

export function oneOf(labels: readonly string[]): Literal {
  return fc.constantFrom(...labels).map(text);
}

export function someOf(labels: readonly string[]): Literal {
  return fc.subarray([...labels]).map((members) => text(members.join(",")));
}

export const bit = (size: number): Literal =>
  fc
    .bigInt({ min: 0n, max: 2n ** BigInt(size) - 1n })
    .map((value) => `b'${value.toString(2).padStart(size, "0")}'`);
