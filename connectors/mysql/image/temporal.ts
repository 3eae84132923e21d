/**
 * DATE, DATETIME, TIMESTAMP and TIME as MySQL 5.6 and later and MariaDB write them: packed, big-endian, with as many
 * bytes for the fraction as its digits need. TIMESTAMP is seconds since 1970 in UTC, and the copy's session is UTC
 * too. Where the select expression is a CAST to text, the text is made here.
 */
import type { AnnouncedColumn } from "./announced-column.js";
import { fractionBytes } from "./layout.js";
import { logTypes } from "./log-type.js";
import { misfit } from "../../../src/typemap/misfit.js";
import {
  moment,
  setClock,
  setDate,
  setTimestamp,
  timeHours,
  writeDatetime,
  writeMomentText,
  writeTime,
} from "../../../src/typemap/moment.js";
import type { ReadMoment } from "../../../src/typemap/moment.js";
import { oldDatetime, oldTime, oldTimestamp } from "./old-temporal.js";
import { callReading } from "./reading.js";
import type { Reading } from "./reading.js";
import type { SourceEngine } from "../../../src/model.js";

/** `fsp`: fraction digits by the catalogue. null where the type is no temporal one. */
export function temporalReading(
  announced: AnnouncedColumn,
  fsp: number,
  asText: boolean,
  engine: SourceEngine,
): Reading | null {
  const t = logTypes;
  switch (announced.type) {
    case t.date:
    case t.newDate:
      return reading(readDate, "date", 0, asText);
    case t.datetime:
      return reading(datetimeOf(fsp), "datetime", fsp, asText);
    case t.timestamp:
      return reading(timestampOf(fsp, engine), "datetime", fsp, asText);
    case t.time:
      return reading(timeOf(fsp), "time", fsp, asText);
    case t.oldDatetime:
      return reading(oldDatetime(fsp), "datetime", fsp, asText);
    case t.oldTimestamp:
      return reading(oldTimestamp(fsp), "datetime", fsp, asText);
    case t.oldTime:
      return reading(oldTime(fsp), "time", fsp, asText);
    default:
      return null;
  }
}

function reading(
  read: ReadMoment,
  kind: "date" | "datetime" | "time",
  fsp: number,
  asText: boolean,
): Reading {
  if (!asText) {
    const write = kind === "time" ? writeTime : writeDatetime;
    return callReading((source, at, _length, row) => {
      read(source, at);
      write(row);
    });
  }
  return callReading((source, at, _length, row) => {
    read(source, at);
    writeMomentText(row, kind, fsp);
  });
}

function readDate(source: Buffer, at: number): void {
  const packed = source.readUIntLE(at, 3);
  setDate(packed >> 9, (packed >> 5) & 15, packed & 31);
  setClock(0, 0, 0, 0, 23);
  moment.negative = false;
}

/** Microseconds for each unit of the fraction's bytes. */
const fractionUnits: readonly number[] = [1, 10_000, 10_000, 100, 100, 1, 1];

function fractionOf(fsp: number): (source: Buffer, at: number) => number {
  const size = fractionBytes(fsp);
  const unit = fractionUnits[fsp] ?? 1;
  if (size === 0) return () => 0;
  return (source, at) => source.readUIntBE(at, size) * unit;
}

/** One bit that says "not negative", then 17 bits year * 13 + month, 5 day, 5 hour, 6 minute, 6 second. */
function datetimeOf(fsp: number): ReadMoment {
  const fraction = fractionOf(fsp);
  return (source, at) => {
    const high =
      ((source[at] as number) << 16) | ((source[at + 1] as number) << 8) | (source[at + 2] as number);
    const low = ((source[at + 3] as number) << 8) | (source[at + 4] as number);
    if (high < 0x800000) throw misfit("date and time");
    const months = (high >> 6) & 0x1ffff;
    const year = Math.floor(months / 13);
    setDate(year, months - year * 13, (high >> 1) & 31);
    setClock(((high & 1) << 4) | (low >> 12), (low >> 6) & 63, low & 63, fraction(source, at + 5), 23);
    moment.negative = false;
  };
}

function timestampOf(fsp: number, engine: SourceEngine): ReadMoment {
  const fraction = fractionOf(fsp);
  return (source, at) => {
    setTimestamp(source.readUInt32BE(at), fraction(source, at + 4), engine);
  };
}

/** One number over all bytes: half its range is zero, the fraction's bytes are its last ones. */
function timeOf(fsp: number): ReadMoment {
  const size = fractionBytes(fsp);
  const unit = fractionUnits[fsp] ?? 1;
  const scale = 256 ** size;
  return (source, at) => {
    // At most 48 bits.
    const packed = source.readUIntBE(at, 3 + size) - 0x800000 * scale;
    const positive = Math.abs(packed);
    const clock = Math.floor(positive / scale);
    if (clock >= 0x400000) throw misfit("time");
    setDate(0, 0, 0);
    setClock(
      (clock >> 12) & 1023,
      (clock >> 6) & 63,
      clock & 63,
      (positive - clock * scale) * unit,
      timeHours,
    );
    moment.negative = packed < 0;
  };
}
