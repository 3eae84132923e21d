/**
 * A double as MySQL prints it in JSON. It has the fewest digits that bring it back; it stands without exponent where the
 * point lies no more than 14 places before the first digit, and within the digits or at most 15 places behind the first;
 * otherwise as 1.5e300 and 1e-20. A double that looks like an integer gets `.0`.
 */

/** Past it a double that is an integer may have more digits than the fewest. */
const exactWhole = 1e15;

/** Of a finite double. */
export function jsonDouble(value: number): string {
  if (value === 0) return Object.is(value, -0) ? "-0.0" : "0.0";
  const text = gcvt(value);
  return text.includes(".") || text.includes("e") ? text : `${text}.0`;
}

/** As the server's my_gcvt prints it. */
function gcvt(value: number): string {
  const size = Math.abs(value);
  // Here JavaScript's own form is the same.
  if (size >= 1e-6 && size < exactWhole) return String(value);
  const [mantissa = "", exponent = ""] = value.toExponential().split("e");
  const sign = value < 0 ? "-" : "";
  const digits = mantissa.replace("-", "").replace(".", "");
  const point = Number(exponent) + 1;
  const fixed = point >= -14 && (point <= 15 || digits.length > point);
  if (!fixed) {
    const fraction = digits.length > 1 ? `.${digits.slice(1)}` : "";
    return `${sign}${digits.slice(0, 1)}${fraction}e${String(point - 1)}`;
  }
  if (point <= 0) return `${sign}0.${"0".repeat(-point)}${digits}`;
  if (point >= digits.length) return sign + digits + "0".repeat(point - digits.length);
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}
