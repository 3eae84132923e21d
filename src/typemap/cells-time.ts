/**
 * TIME: a signed duration up to 838:59:59, so interval is its exact target; `time` holds it only between 00:00:00
 * and 24:00:00 and refuses the rest. On the wire: sign, days, hours, minutes, seconds, microseconds, each left out
 * with what follows when zero. 839 hours in microseconds stay below 2^53.
 */
import { clockText, fractionText, writeMicroseconds } from "./calendar.js";
import { canonicalIntervalTarget, canonicalTimeSource } from "./canonical.js";
import { castText, castTextTargets } from "./cells-text.js";
import type { CellFunction, CellSink, Pairing } from "./codec.js";
import { callCell } from "./family.js";
import type { Family } from "./family.js";
import { refuse } from "./refusal.js";

const asChar = (name: string): string => `CAST(${name} AS CHAR)`;
const day = 86_400;

export const times: Family = {
  types: ["time"],
  targets(column) {
    return [
      "interval",
      `interval(${column.fsp})`,
      `time(${column.fsp}) without time zone`,
      ...castTextTargets,
    ];
  },
  pair(column, target, policy): Pairing | null {
    const fits = (target.first ?? 6) >= column.fsp;
    const decode = (field: Buffer): string => timeText(field.readBigInt64BE(0), column.fsp);
    if (target.base === "interval" && fits)
      return {
        cell: callCell(0, writeInterval),
        wireOf: timeWire,
        canonical: { source: canonicalTimeSource, target: canonicalIntervalTarget },
        decode,
      };
    if (target.base === "time without time zone" && fits)
      return {
        cell: callCell(0, writeTime),
        wireOf: timeWire,
        canonical: {
          source: canonicalTimeSource,
          target: (name) => canonicalIntervalTarget(`(${name}::interval)`),
        },
        decode,
      };
    return castText(target, policy, asChar);
  },
};

const writeInterval: CellFunction = (source, at, length, out) => {
  out.view.setInt32(out.at, 16);
  microseconds(source, at, length, out);
  out.view.setInt32(out.at + 12, 0);
  out.view.setInt32(out.at + 16, 0);
  out.at += 20;
};

const writeTime: CellFunction = (source, at, length, out) => {
  out.view.setInt32(out.at, 8);
  const seconds = microseconds(source, at, length, out);
  if (seconds < 0 || seconds > day || (seconds === day && length === 12))
    refuse("a time outside 00:00:00 to 24:00:00, which only interval holds");
  out.at += 12;
};

/** Writes the signed microseconds after the length at `out.at`; returns the whole seconds, floored. */
function microseconds(source: Buffer, at: number, length: number, out: CellSink): number {
  let seconds = 0;
  let micros = 0;
  if (length >= 8)
    seconds =
      source.readUInt32LE(at + 1) * day +
      (source[at + 5] as number) * 3600 +
      (source[at + 6] as number) * 60 +
      (source[at + 7] as number);
  if (length === 12) micros = source.readUInt32LE(at + 8);
  if (length > 0 && source[at] === 1) {
    seconds = -seconds;
    if (micros > 0) {
      seconds -= 1;
      micros = 1_000_000 - micros;
    }
  }
  writeMicroseconds(out.view, out.at + 4, seconds, micros);
  return seconds;
}

function timeWire(text: Buffer): Buffer {
  const parts = /^(-?)(\d{2,3}):(\d\d):(\d\d)(?:\.(\d{1,6}))?$/.exec(text.toString("latin1"));
  if (parts === null) refuse("text that is no time");
  const hours = Number(parts[2]);
  const micros = Number((parts[5] ?? "").padEnd(6, "0"));
  const wire = Buffer.alloc(micros === 0 ? 8 : 12);
  wire[0] = parts[1] === "-" ? 1 : 0;
  wire.writeUInt32LE(Math.floor(hours / 24), 1);
  wire[5] = hours % 24;
  wire[6] = Number(parts[3]);
  wire[7] = Number(parts[4]);
  if (micros > 0) wire.writeUInt32LE(micros, 8);
  return wire;
}

function timeText(total: bigint, digits: number): string {
  const size = total < 0n ? -total : total;
  const clock = clockText(Number(size / 1_000_000n));
  return (total < 0n ? "-" : "") + clock + fractionText(Number(size % 1_000_000n), digits);
}
