/**
 * Temporals of before MySQL 5.6, which tables made then keep until they are rebuilt, and those that MariaDB writes
 * with mysql56_temporal_format = OFF. Without fractions they are decimal numbers, little-endian; with fractions they
 * are MariaDB's own: one big-endian number of units of the last digit. The log does not say how many digits there are.
 */
import { misfit } from "../../../src/typemap/misfit.js";
import {
  moment,
  setClock,
  setDate,
  setSeconds,
  setTimestamp,
  timeHours,
} from "../../../src/typemap/moment.js";
import type { ReadMoment } from "../../../src/typemap/moment.js";

/** Units of a fraction of so many digits in a second. */
function unitsOf(fsp: number): number {
  return 10 ** fsp;
}

export function oldTimestamp(fsp: number): ReadMoment {
  if (fsp === 0) return (source, at) => setTimestamp(source.readUInt32LE(at), 0, "mariadb");
  const size = (fsp + 1) >> 1;
  const micros = 1_000_000 / unitsOf(fsp);
  return (source, at) =>
    setTimestamp(source.readUInt32BE(at), source.readUIntBE(at + 4, size) * micros, "mariadb");
}

export function oldDatetime(fsp: number): ReadMoment {
  if (fsp === 0)
    return (source, at) => {
      // YYYYMMDDhhmmss, at most 14 digits.
      const packed = source.readUInt32LE(at) + source.readUInt32LE(at + 4) * 0x100000000;
      if (packed > 99_991_231_235_959) throw misfit("date and time");
      const date = Math.floor(packed / 1_000_000);
      const clock = packed - date * 1_000_000;
      setDate(Math.floor(date / 10_000), Math.floor(date / 100) % 100, date % 100);
      setClock(Math.floor(clock / 10_000), Math.floor(clock / 100) % 100, clock % 100, 0, 23);
      moment.negative = false;
    };
  const units = BigInt(unitsOf(fsp));
  const micros = 1_000_000 / unitsOf(fsp);
  const size = [5, 6, 6, 7, 7, 7, 8][fsp] ?? 8;
  return (source, at) => {
    let packed = 0n;
    for (let k = 0; k < size; k++) packed = (packed << 8n) | BigInt(source[at + k] as number);
    const fraction = Number(packed % units);
    // Seconds since the year 0, counting 13 months of 32 days.
    const seconds = Number(packed / units);
    if (seconds > 10_000 * 13 * 32 * 86_400) throw misfit("date and time");
    const day = Math.floor(seconds / 86_400);
    const month = Math.floor(day / 32);
    setDate(Math.floor(month / 13), month % 13, day % 32);
    setSeconds(seconds - day * 86_400, fraction * micros, 23);
    moment.negative = false;
  };
}

export function oldTime(fsp: number): ReadMoment {
  if (fsp === 0)
    return (source, at) => {
      const packed = source.readIntLE(at, 3);
      const clock = Math.abs(packed);
      setDate(0, 0, 0);
      setClock(Math.floor(clock / 10_000), Math.floor(clock / 100) % 100, clock % 100, 0, timeHours);
      moment.negative = packed < 0;
    };
  const units = unitsOf(fsp);
  const size = [3, 4, 4, 5, 5, 5, 6][fsp] ?? 6;
  return (source, at) => {
    // At most 48 bits. Zero stands in the middle, one second past the longest time.
    const packed = source.readUIntBE(at, size) - (timeHours + 1) * 3600 * units;
    const positive = Math.abs(packed);
    const seconds = Math.floor(positive / units);
    setDate(0, 0, 0);
    setSeconds(seconds, (positive - seconds * units) * (1_000_000 / units), timeHours);
    moment.negative = packed < 0;
  };
}
