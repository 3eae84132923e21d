/**
 * DATE, DATETIME and TIMESTAMP. All three travel as year, month, day and what follows; the session's zone is +00:00,
 * so a TIMESTAMP's clock is UTC. Dates that no calendar has (zero, partial, year 0, 2024-02-30) and those alone are
 * the policy zeroDate's business. A target with fewer fraction digits would round, so it is refused.
 */
import type { ColumnPolicy, SourceColumn } from "../model.js";
import { clockText, dateText, fractionText } from "./calendar.js";
import { canonicalDateSource, canonicalDateTarget } from "./canonical.js";
import { castText, castTextTargets } from "./cells-text.js";
import type { CellFunction, Pairing } from "./codec.js";
import { opCell, writeNull } from "./family.js";
import type { Family, TargetType } from "./family.js";
import { refuse } from "./refusal.js";
import { ops } from "./opcode.js";

const asChar = (name: string): string => `CAST(${name} AS CHAR)`;
const plain = "timestamp without time zone";
const zoned = "timestamp with time zone";

export const temporals: Family = {
  types: ["date", "datetime", "timestamp"],
  targets(column) {
    if (column.type === "date") return ["date", ...castTextTargets];
    const precise = (base: string): string => base.replace("timestamp", `timestamp(${column.fsp})`);
    return column.type === "timestamp"
      ? [precise(zoned), precise(plain), ...castTextTargets]
      : [precise(plain), ...castTextTargets];
  },
  pair(column, target, policy): Pairing | null {
    if (column.type === "date") {
      if (target.text !== "date") return castText(target, policy, asChar);
      return {
        cell: opCell(ops.date, 0, impossible(policy, 4)),
        wireOf: dateWire,
        canonical: {
          source: canonicalDateSource("%Y-%m-%d", policy),
          target: canonicalDateTarget("YYYY-MM-DD", policy, (name) => name),
        },
        decode: (field) => {
          const day = field.readInt32BE(0);
          return day === -0x80000000 ? "0000-00-00" : dateText(day);
        },
      };
    }
    if (!holds(target, column)) return castText(target, policy, asChar);
    const value = (name: string): string => (target.base === zoned ? `${name} AT TIME ZONE 'UTC'` : name);
    return {
      cell: opCell(ops.datetime, 0, impossible(policy, 8)),
      wireOf: datetimeWire,
      canonical: {
        source: canonicalDateSource("%Y-%m-%d %H:%i:%s.%f", policy),
        target: canonicalDateTarget("YYYY-MM-DD HH24:MI:SS.US", policy, value),
      },
      decode: (field) => timestampText(field, column.fsp),
    };
  },
};

function holds(target: TargetType, column: SourceColumn): boolean {
  const fits = (target.first ?? 6) >= column.fsp;
  // A DATETIME has no zone, so it is no instant; a TIMESTAMP is one, and its UTC clock is exact too.
  return fits && (target.base === plain || (target.base === zoned && column.type === "timestamp"));
}

/** Called for dates that no calendar has. -infinity is the smallest integer of the type's width. */
function impossible(policy: ColumnPolicy, width: 4 | 8): CellFunction {
  return (_source, _at, _length, out) => {
    if (policy.zeroDate === "refuse") refuse("a zero or impossible date");
    out.changed("zeroDate");
    if (policy.zeroDate === "null") {
      writeNull(out);
      return;
    }
    out.view.setInt32(out.at, width);
    out.view.setInt32(out.at + 4, -0x80000000);
    if (width === 8) out.view.setInt32(out.at + 8, 0);
    out.at += 4 + width;
  };
}

function dateWire(text: Buffer): Buffer {
  const parts = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text.toString("latin1"));
  if (parts === null) refuse("text that is no date");
  const [, year, month, day] = parts.map(Number);
  return Buffer.from([Number(year) & 255, Number(year) >> 8, Number(month), Number(day)]);
}

function datetimeWire(text: Buffer): Buffer {
  const parts = /^(\d{4}-\d\d-\d\d) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?$/.exec(text.toString("latin1"));
  if (parts === null) refuse("text that is no date and time");
  const wire = Buffer.alloc(11);
  dateWire(Buffer.from(parts[1] ?? "")).copy(wire);
  for (let k = 0; k < 3; k++) wire[4 + k] = Number(parts[2 + k]);
  wire.writeUInt32LE(Number((parts[5] ?? "").padEnd(6, "0")), 7);
  return wire;
}

/** Microseconds since 2000 as the source prints them. Years before 1 and infinity do not come from a source; -infinity is what the policy made of zero. */
function timestampText(field: Buffer, digits: number): string {
  const total = field.readBigInt64BE(0);
  if (total === -0x8000000000000000n) return "0000-00-00 00:00:00" + fractionText(0, digits);
  let micros = total % 1_000_000n;
  if (micros < 0n) micros += 1_000_000n;
  const seconds = Number((total - micros) / 1_000_000n);
  const day = Math.floor(seconds / 86_400);
  return `${dateText(day)} ${clockText(seconds - day * 86_400)}${fractionText(Number(micros), digits)}`;
}
