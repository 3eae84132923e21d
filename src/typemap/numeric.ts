/**
 * PostgreSQL's binary numeric: int16 count of base-10000 groups, int16 weight of the first, uint16 sign, uint16
 * display scale, then the groups without leading and trailing zero groups. Built from decimal digits as they come,
 * never through a JavaScript number. MySQL's -0.00 has no counterpart and becomes 0.00.
 */

const zero = 48;
const minus = 45;
const negative = 0x4000;

/**
 * Writes length and value of the decimal text [at, end) of `source`, which has exactly `scale` fraction digits, with
 * display scale `dscale` (>= scale). Needs (end - at) + 24 bytes of room. Returns the offset after the field.
 */
export function writeNumeric(
  out: Buffer,
  view: DataView,
  offset: number,
  source: Buffer,
  at: number,
  end: number,
  scale: number,
  dscale: number,
): number {
  let sign = 0;
  let q = at;
  if (source[q] === minus) {
    sign = negative;
    q++;
  }
  const dot = scale === 0 ? end : end - scale - 1;
  if (dot - q <= 9 && scale <= 4) return writeSmall(view, offset, source, q, dot, scale, dscale, sign);
  while (q < dot && source[q] === zero) q++;
  const start = offset + 12;
  let o = start;
  let used = start;
  let weight = -1;
  const whole = dot - q;
  if (whole > 0) {
    weight = ((whole + 3) >> 2) - 1;
    let size = whole & 3 || 4;
    while (q < dot) {
      let group = 0;
      for (; size > 0; size--) group = group * 10 + (source[q++] as number) - zero;
      out[o] = group >> 8;
      out[o + 1] = group;
      o += 2;
      if (group !== 0) used = o;
      size = 4;
    }
  }
  q = dot + 1;
  while (q < end) {
    let group = 0;
    for (let k = 0; k < 4; k++) group = group * 10 + (q < end ? (source[q++] as number) - zero : 0);
    if (o === start && group === 0) {
      weight--;
      continue;
    }
    out[o] = group >> 8;
    out[o + 1] = group;
    o += 2;
    if (group !== 0) used = o;
  }
  if (used === start) {
    weight = 0;
    sign = 0;
  }
  view.setInt32(offset, used - offset - 4);
  view.setInt16(offset + 4, (used - start) >> 1);
  view.setInt16(offset + 6, weight);
  view.setUint16(offset + 8, sign);
  view.setUint16(offset + 10, dscale);
  return used;
}

/** What nearly all decimals are: nine digits before the point and four after it at most, so three groups and one. */
function writeSmall(
  view: DataView,
  offset: number,
  source: Buffer,
  at: number,
  dot: number,
  scale: number,
  dscale: number,
  sign: number,
): number {
  let whole = 0;
  for (let k = at; k < dot; k++) whole = whole * 10 + (source[k] as number) - zero;
  let fraction = 0;
  for (let k = dot + 1; k <= dot + scale; k++) fraction = fraction * 10 + (source[k] as number) - zero;
  fraction *= tens[4 - scale] as number;
  // Groups are written from the last to the first, leaving out zero groups until one is not.
  let count = 0;
  let weight = -1;
  let o = offset + 12;
  const upper = (whole / 10_000) | 0;
  const low = whole - upper * 10_000;
  const top = (upper / 10_000) | 0;
  if (whole !== 0) {
    if (top !== 0) {
      view.setInt16(o, top);
      view.setInt16(o + 2, upper - top * 10_000);
      o += 4;
      weight = 2;
    } else if (upper !== 0) {
      view.setInt16(o, upper);
      o += 2;
      weight = 1;
    } else weight = 0;
    view.setInt16(o, low);
    o += 2;
  }
  if (fraction !== 0) {
    view.setInt16(o, fraction);
    o += 2;
  } else if (whole !== 0) {
    if (low === 0) {
      o -= 2;
      if (upper - top * 10_000 === 0) o -= 2;
    }
  } else {
    weight = 0;
    sign = 0;
  }
  count = (o - offset - 12) >> 1;
  view.setInt32(offset, 8 + 2 * count);
  view.setInt16(offset + 4, count);
  view.setInt16(offset + 6, weight);
  view.setUint16(offset + 8, sign);
  view.setUint16(offset + 10, dscale);
  return o;
}

const tens = Uint16Array.of(1, 10, 100, 1000, 10_000);

/** Writes length and value of an unsigned 64-bit integer given as two halves; `sign` says whether it was negative. */
export function writeNumericInteger(
  view: DataView,
  offset: number,
  high: number,
  low: number,
  isNegative: boolean,
  dscale: number,
): number {
  if (high === 0) return writeWord(view, offset, low >>> 0, isNegative, dscale);
  // Long division by 10000 on four 16-bit limbs, last group first.
  let a = high >>> 16;
  let b = high & 0xffff;
  let c = low >>> 16;
  let d = low & 0xffff;
  let count = 0;
  let trailing = 0;
  while ((a | b | c | d) !== 0) {
    let rest = a % 10_000;
    a = (a / 10_000) | 0;
    b += rest * 65_536;
    rest = b % 10_000;
    b = Math.floor(b / 10_000);
    c += rest * 65_536;
    rest = c % 10_000;
    c = Math.floor(c / 10_000);
    d += rest * 65_536;
    rest = d % 10_000;
    d = Math.floor(d / 10_000);
    groups[count++] = rest;
    if (rest === 0 && trailing === count - 1) trailing++;
  }
  const kept = count - trailing;
  view.setInt32(offset, 8 + 2 * kept);
  view.setInt16(offset + 4, kept);
  view.setInt16(offset + 6, count === 0 ? 0 : count - 1);
  view.setUint16(offset + 8, isNegative && count > 0 ? negative : 0);
  view.setUint16(offset + 10, dscale);
  let o = offset + 12;
  for (let k = count - 1; k >= trailing; k--, o += 2) view.setUint16(o, groups[k] ?? 0);
  return o;
}

/** What nearly all of them are: a number below 2^32, so one group below 43 and two more. */
function writeWord(
  view: DataView,
  offset: number,
  value: number,
  isNegative: boolean,
  dscale: number,
): number {
  const upper = Math.floor(value / 10_000);
  const low = value - upper * 10_000;
  const top = (upper / 10_000) | 0;
  const middle = upper - top * 10_000;
  let o = offset + 12;
  let weight = 0;
  if (top !== 0) {
    view.setInt16(o, top);
    view.setInt16(o + 2, middle);
    o += 4;
    weight = 2;
  } else if (upper !== 0) {
    view.setInt16(o, upper);
    o += 2;
    weight = 1;
  }
  // Zero groups at the end are left out.
  if (low !== 0) {
    view.setInt16(o, low);
    o += 2;
  } else if (top !== 0 && middle === 0) o -= 2;
  view.setInt32(offset, o - offset - 4);
  view.setInt16(offset + 4, (o - offset - 12) >> 1);
  view.setInt16(offset + 6, weight);
  view.setUint16(offset + 8, isNegative && value !== 0 ? negative : 0);
  view.setUint16(offset + 10, dscale);
  return o;
}

const groups = new Uint16Array(8);

/** A numeric field as numeric_out prints it. NaN and infinities are named as PostgreSQL names them. */
export function numericText(field: Buffer): string {
  const count = field.readInt16BE(0);
  const weight = field.readInt16BE(2);
  const sign = field.readUInt16BE(4);
  const dscale = field.readUInt16BE(6);
  if (sign === 0xc000) return "NaN";
  if (sign === 0xd000) return "Infinity";
  if (sign === 0xf000) return "-Infinity";
  const group = (place: number): string => {
    const index = weight - place;
    return String(index >= 0 && index < count ? field.readUInt16BE(8 + index * 2) : 0).padStart(4, "0");
  };
  let whole = "";
  for (let place = weight; place >= 0; place--) whole += group(place);
  whole = whole.replace(/^0+(?=\d)/, "") || "0";
  let fraction = "";
  for (let place = -1; fraction.length < dscale; place--) fraction += group(place);
  return (sign === negative ? "-" : "") + whole + (dscale > 0 ? "." + fraction.slice(0, dscale) : "");
}
