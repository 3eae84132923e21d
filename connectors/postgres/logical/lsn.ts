/**
 * Places in PostgreSQL's log. The server spells them as two hexadecimal halves, which compare as text only by luck; a
 * Position holds the number in decimal, and the timeline as its file: after a failover the numbers go on in another one.
 */
import { Fault } from "../../../src/errors.js";
import type { Position } from "../../../src/model.js";

/** `16/B374D848`, with or without leading zeroes. */
export function lsnOf(text: string): bigint {
  const parts = /^([0-9A-F]{1,8})\/([0-9A-F]{1,8})$/iu.exec(text);
  if (parts === null) throw new Fault("bug", "PostgreSQL gave a place in its log in another form.");
  return (BigInt(`0x${parts[1] ?? ""}`) << 32n) | BigInt(`0x${parts[2] ?? ""}`);
}

export function lsnText(lsn: bigint): string {
  const half = (value: bigint): string => value.toString(16).toUpperCase();
  return `${half(lsn >> 32n)}/${half(lsn & 0xffffffffn)}`;
}

export function positionAt(timeline: string, lsn: bigint): Position {
  return { kind: "file", file: timeline, offset: lsn.toString() };
}

/** Fault position-unknown for one of another log. */
export function lsnIn(position: Position): bigint {
  if (position.kind !== "file" || !/^\d+$/u.test(position.offset) || !/^\d+$/u.test(position.file))
    throw new Fault("position-unknown", "The position is none of PostgreSQL's log.");
  return BigInt(position.offset);
}
