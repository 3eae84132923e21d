/**
 * Dates as both servers count them (proleptic Gregorian), in integers only. PostgreSQL's binary timestamp is
 * microseconds since 2000-01-01; as one JavaScript number that is inexact before 1714 and after 2285, so it is made
 * of two 32-bit halves: seconds times 15625 stays below 2^53 for every year of MySQL, and 64 is a shift.
 */

/** Days of a month, index leap * 16 + month. */
const monthDays = new Uint8Array(32);
/** Days before a month, same index. */
const monthStart = new Uint16Array(32);
/** Days from 2000-01-01 to January 1st of years 0 to 10000. */
const yearStart = new Int32Array(10_001);

[31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31].forEach((days, index) => {
  monthDays[index + 1] = days;
  monthDays[16 + index + 1] = index === 1 ? 29 : days;
  monthStart[index + 2] = (monthStart[index + 1] ?? 0) + days;
  monthStart[16 + index + 2] = (monthStart[16 + index + 1] ?? 0) + (index === 1 ? 29 : days);
});
for (let year = 0; year <= 10_000; year++) yearStart[year] = daysToYear(year);

/** What `dayNumber` returns for a date that no calendar has. */
export const noDay = 0x7fffffff;

/** Days since 2000-01-01; noDay for year 0 and for zero, partial and impossible dates. */
export function dayNumber(year: number, month: number, day: number): number {
  if (year === 0 || month === 0 || month > 12 || day === 0 || year > 9999) return noDay;
  const start = yearStart[year] ?? 0;
  const leap = ((yearStart[year + 1] ?? 0) - start - 365) << 4;
  if (day > (monthDays[leap + month] ?? 0)) return noDay;
  return start + (monthStart[leap + month] ?? 0) + day - 1;
}

/** Seconds (whole, up to 2^38 either way) and microseconds (0 to 999999) as a big-endian int64 of microseconds at `at`. */
export function writeMicroseconds(view: DataView, at: number, seconds: number, micros: number): void {
  const units = seconds * 15_625;
  let high = Math.floor(units / 67_108_864);
  let low = (units - high * 67_108_864) * 64 + micros;
  if (low >= 4_294_967_296) {
    low -= 4_294_967_296;
    high += 1;
  }
  view.setInt32(at, high);
  view.setUint32(at + 4, low);
}

/** The date of a day number, as `YYYY-MM-DD`; years past 9999 have more digits, years before 1 are refused by the caller. */
export function dateText(dayNumberSince2000: number): string {
  // Era arithmetic on 400-year cycles, the year beginning in March.
  const shifted = dayNumberSince2000 + 730_425;
  const era = Math.floor(shifted / 146_097);
  const ofEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (ofEra - Math.floor(ofEra / 1460) + Math.floor(ofEra / 36_524) - Math.floor(ofEra / 146_096)) / 365,
  );
  const ofYear = ofEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const marchMonth = Math.floor((5 * ofYear + 2) / 153);
  const day = ofYear - Math.floor((153 * marchMonth + 2) / 5) + 1;
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  return `${String(year).padStart(4, "0")}-${pad2(month)}-${pad2(day)}`;
}

/** `HH:MM:SS` of a number of seconds below 86400 (or of more: hours go on counting). */
export function clockText(seconds: number): string {
  const hours = Math.floor(seconds / 3600);
  return `${pad2(hours)}:${pad2(Math.floor(seconds / 60) % 60)}:${pad2(seconds % 60)}`;
}

/** `.ffffff` cut to `digits`, empty for none. */
export function fractionText(micros: number, digits: number): string {
  return digits === 0 ? "" : "." + String(micros).padStart(6, "0").slice(0, digits);
}

function pad2(value: number): string {
  return value < 10 ? `0${value}` : String(value);
}

function daysToYear(year: number): number {
  const before = year - 1;
  return (
    before * 365 + Math.floor(before / 4) - Math.floor(before / 100) + Math.floor(before / 400) - 730_119
  );
}
