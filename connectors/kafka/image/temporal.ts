/**
 * Dates and times: numbers since 1970 by a civil calendar as if everything were UTC, TIME as a signed duration,
 * TIMESTAMP as an instant in text. A TIMESTAMP of second 0 is the zero date: no other value of the type is there.
 */
import type { SourceColumn, SourceEngine } from "../../../src/model.js";
import { misfit } from "../../../src/typemap/misfit.js";
import {
  moment,
  setClock,
  setDate,
  setDay,
  setSeconds,
  timeHours,
  writeDatetime,
  writeMomentText,
  writeTime,
} from "../../../src/typemap/moment.js";
import { held } from "./field.js";
import type { Primitives, ReadField, WriteField } from "./field.js";
import type { Carried } from "./carried.js";

/** Fills `moment`. null where the column is no date or time that arrives so. */
export function momentReader(
  column: SourceColumn,
  carried: Carried,
  primitives: Primitives,
  engine: SourceEngine,
): ReadField<void> | null {
  switch (carried.as) {
    case "days":
      return daysReader(primitives);
    case "ticks":
      return column.type === "time"
        ? clockReader(primitives, carried.perSecond)
        : ticksReader(primitives, carried.perSecond);
    case "instant":
      return instantReader(primitives, engine);
    default:
      return null;
  }
}

export function writeMoment(column: SourceColumn, read: ReadField<void>, asText: boolean): WriteField {
  const kind = column.type === "date" || column.type === "time" ? column.type : "datetime";
  if (asText)
    return (source, at, length, valueKind, row) => {
      read(source, at, length, valueKind);
      writeMomentText(row, kind, column.fsp);
    };
  const write = kind === "time" ? writeTime : writeDatetime;
  return (source, at, length, valueKind, row) => {
    read(source, at, length, valueKind);
    write(row);
  };
}

function daysReader({ integer }: Primitives): ReadField<void> {
  return (source, at, length, kind) => {
    const days = integer(source, at, length, kind);
    if (typeof days === "bigint") throw misfit("date");
    setCivilDay(days);
    setClock(0, 0, 0, 0, 23);
    moment.negative = false;
  };
}

/** The days that MySQL's dates have, from 0000-01-01 on. */
const firstDay = -719_528;
const lastDay = 2_932_896;

function setCivilDay(days: number): void {
  if (days < firstDay || days > lastDay) throw misfit("date");
  setDay(days);
}

/** Whole seconds, floored, and microseconds of the number that was split last. */
let seconds = 0;
let micros = 0;

function split(ticks: number | bigint, perSecond: number): void {
  if (typeof ticks === "bigint") {
    const per = BigInt(perSecond);
    let rest = ticks % per;
    if (rest < 0n) rest += per;
    seconds = Number((ticks - rest) / per);
    micros = (Number(rest) * 1_000_000) / perSecond;
  } else {
    seconds = Math.floor(ticks / perSecond);
    micros = ((ticks - seconds * perSecond) * 1_000_000) / perSecond;
  }
  if (!Number.isInteger(micros)) throw misfit("time in microseconds");
}

const day = 86_400;

function ticksReader({ integer }: Primitives, perSecond: number): ReadField<void> {
  return (source, at, length, kind) => {
    split(integer(source, at, length, kind), perSecond);
    const days = Math.floor(seconds / day);
    setCivilDay(days);
    setSeconds(seconds - days * day, micros, 23);
    moment.negative = false;
  };
}

function clockReader({ integer }: Primitives, perSecond: number): ReadField<void> {
  return (source, at, length, kind) => {
    const ticks = integer(source, at, length, kind);
    const negative = ticks < 0;
    split(negative ? -ticks : ticks, perSecond);
    if (seconds > (timeHours + 1) * 3600) throw misfit("time");
    setDate(0, 0, 0);
    setSeconds(seconds, micros, timeHours);
    moment.negative = negative;
  };
}

const instant = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?Z$/;

function instantReader({ text }: Primitives, engine: SourceEngine): ReadField<void> {
  return (source, at, length, kind) => {
    text(source, at, length, kind);
    const parts = instant.exec(held.bytes.toString("latin1", held.at, held.at + held.length));
    if (parts === null) throw misfit("instant in UTC");
    const part = (index: number): number => Number(parts[index]);
    const [hour, minute, second] = [part(4), part(5), part(6)];
    const fraction = Number((parts[7] ?? "").padEnd(6, "0"));
    moment.negative = false;
    setDate(part(1), part(2), part(3));
    const isZero = moment.year === 1970 && moment.month === 1 && moment.day === 1;
    if (isZero && hour + minute + second === 0 && (fraction === 0 || engine === "mysql")) {
      setDate(0, 0, 0);
      setClock(0, 0, 0, 0, 23);
      return;
    }
    setClock(hour, minute, second, fraction, 23);
  };
}
