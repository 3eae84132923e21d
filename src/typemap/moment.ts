/**
 * A date and time in parts, as the log has it and as the protocol wants it. One of them is used again and again, so
 * that no object is made a value. The parts are checked here: bytes that spell a month 13 are no date.
 */
import type { SourceEngine } from "../model.js";
import { misfit } from "./misfit.js";
import type { ProtocolRow } from "./protocol-row.js";

export interface Moment {
  year: number;
  month: number;
  day: number;
  /** Of a TIME up to 838. */
  hour: number;
  minute: number;
  second: number;
  micro: number;
  negative: boolean;
}

/** Fills `moment` from a value's bytes. */
export type ReadMoment = (source: Buffer, at: number) => void;

/** Most hours of a TIME. */
export const timeHours = 838;

export const moment: Moment = {
  year: 0,
  month: 0,
  day: 0,
  hour: 0,
  minute: 0,
  second: 0,
  micro: 0,
  negative: false,
};

export function setDate(year: number, month: number, day: number): void {
  if (year > 9999 || month > 12 || day > 31) throw misfit("date");
  moment.year = year;
  moment.month = month;
  moment.day = day;
}

/** `hours`: the most that there are. */
export function setClock(hour: number, minute: number, second: number, micro: number, hours: number): void {
  if (hour > hours || minute > 59 || second > 59 || micro > 999_999) throw misfit("time");
  moment.hour = hour;
  moment.minute = minute;
  moment.second = second;
  moment.micro = micro;
}

/** The clock of so many seconds. */
export function setSeconds(seconds: number, micro: number, hours: number): void {
  const hour = Math.floor(seconds / 3600);
  setClock(hour, Math.floor(seconds / 60) - hour * 60, seconds % 60, micro, hours);
}

/** The day so many days after 1970-01-01, by the civil calendar. */
export function setDay(days: number): void {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const ofEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (ofEra - Math.floor(ofEra / 1460) + Math.floor(ofEra / 36_524) - Math.floor(ofEra / 146_096)) / 365,
  );
  const ofYear = ofEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const part = Math.floor((5 * ofYear + 2) / 153);
  const month = part < 10 ? part + 3 : part - 9;
  setDate(yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, ofYear - Math.floor((153 * part + 2) / 5) + 1);
}

/** Second 0 is the zero date; MariaDB takes the fractions of that second for an instant. */
export function setTimestamp(seconds: number, micro: number, engine: SourceEngine): void {
  moment.negative = false;
  if (seconds === 0 && (micro === 0 || engine === "mysql")) {
    setDate(0, 0, 0);
    setClock(0, 0, 0, 0, 23);
    return;
  }
  const day = Math.floor(seconds / 86_400);
  setDay(day);
  setSeconds(seconds - day * 86_400, micro, 23);
}

/** As the protocol sends DATE, DATETIME and TIMESTAMP: parts that are zero at the end are left out. */
export function writeDatetime(row: ProtocolRow): void {
  const { bytes, at: o } = row;
  const { year, month, day, hour, minute, second, micro } = moment;
  let length = 0;
  if (micro !== 0) length = 11;
  else if ((hour | minute | second) !== 0) length = 7;
  else if ((year | month | day) !== 0) length = 4;
  bytes[o] = length;
  bytes[o + 1] = year & 255;
  bytes[o + 2] = year >> 8;
  bytes[o + 3] = month;
  bytes[o + 4] = day;
  bytes[o + 5] = hour;
  bytes[o + 6] = minute;
  bytes[o + 7] = second;
  bytes[o + 8] = micro & 255;
  bytes[o + 9] = (micro >> 8) & 255;
  bytes[o + 10] = micro >> 16;
  bytes[o + 11] = 0;
  row.at = o + 1 + length;
}

/** As the protocol sends TIME: sign, days, clock. */
export function writeTime(row: ProtocolRow): void {
  const { bytes, at: o } = row;
  const { hour, minute, second, micro, negative } = moment;
  let length = 0;
  if (micro !== 0) length = 12;
  else if ((hour | minute | second) !== 0) length = 8;
  const days = Math.floor(hour / 24);
  bytes[o] = length;
  bytes[o + 1] = negative ? 1 : 0;
  bytes[o + 2] = days;
  bytes[o + 3] = bytes[o + 4] = bytes[o + 5] = 0;
  bytes[o + 6] = hour - days * 24;
  bytes[o + 7] = minute;
  bytes[o + 8] = second;
  bytes[o + 9] = micro & 255;
  bytes[o + 10] = (micro >> 8) & 255;
  bytes[o + 11] = micro >> 16;
  bytes[o + 12] = 0;
  row.at = o + 1 + length;
}

/** Appends `2024-01-31`. */
export function putDate(row: ProtocolRow): void {
  putDigits(row, moment.year, 4);
  row.bytes[row.at++] = dash;
  putDigits(row, moment.month, 2);
  row.bytes[row.at++] = dash;
  putDigits(row, moment.day, 2);
}

/** Appends `-100:59:59.123`, with so many digits after the point. */
export function putClock(row: ProtocolRow, digits: number): void {
  if (moment.negative) row.bytes[row.at++] = dash;
  putDigits(row, moment.hour, moment.hour > 99 ? 3 : 2);
  row.bytes[row.at++] = colon;
  putDigits(row, moment.minute, 2);
  row.bytes[row.at++] = colon;
  putDigits(row, moment.second, 2);
  if (digits === 0) return;
  row.bytes[row.at++] = point;
  putDigits(row, moment.micro, 6);
  row.at -= 6 - digits;
}

/** The most that a temporal's text takes. */
const textBytes = 27;

/** As text with a length before it, with so many digits after the point. */
export function writeMomentText(row: ProtocolRow, kind: "date" | "datetime" | "time", digits: number): void {
  row.reserve(textBytes + 1);
  const head = row.at++;
  if (kind !== "time") putDate(row);
  if (kind === "datetime") row.bytes[row.at++] = 32;
  if (kind !== "date") putClock(row, digits);
  row.bytes[head] = row.at - head - 1;
}

const dash = 45;
const colon = 58;
const point = 46;

function putDigits(row: ProtocolRow, value: number, digits: number): void {
  let rest = value;
  for (let k = row.at + digits - 1; k >= row.at; k--) {
    const tenth = Math.floor(rest / 10);
    row.bytes[k] = 48 + rest - tenth * 10;
    rest = tenth;
  }
  row.at += digits;
}
