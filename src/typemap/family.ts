/**
 * How a family of source types takes part in compiling: it names the target types that it has an exact codec for and
 * pairs a column with one of them. Target types are read the way format_type() spells them, so that what is planned,
 * created and compared is one spelling.
 */
import type { ColumnPolicy, SourceColumn, SourceEngine } from "../model.js";
import type { Cell, CellFunction, Pairing } from "./codec.js";

/** `numeric(20,0)` is base `numeric`, arguments 20 and 0; `timestamp(6) without time zone` is `timestamp without time zone`, 6. */
export interface TargetType {
  readonly text: string;
  readonly base: string;
  readonly first: number | null;
  readonly second: number | null;
}

export interface Family {
  /** SourceColumn.type of the columns it takes. */
  readonly types: readonly string[];
  /** Target types with an exact codec, the default of types.md first. A type with arguments stands for all that are wide enough. */
  targets(column: SourceColumn, engine: SourceEngine): readonly string[];
  /** null when the pair has no exact codec. */
  pair(column: SourceColumn, target: TargetType, policy: ColumnPolicy, engine: SourceEngine): Pairing | null;
}

export function parseTargetType(text: string): TargetType {
  const parts = /^([^(]+?)\s*(?:\(\s*(-?\d+)\s*(?:,\s*(-?\d+)\s*)?\))?([^()]*)$/.exec(text);
  if (parts === null) return { text, base: text, first: null, second: null };
  const [, head = "", first, second, tail = ""] = parts;
  return {
    text,
    base: head + tail,
    first: first === undefined ? null : Number(first),
    second: second === undefined ? null : Number(second),
  };
}

/** A cell of an opcode of the row loop. */
export function opCell(op: number, wire: number, write: CellFunction | null = null, parameter = 0): Cell {
  return { op, wire, parameter, write };
}

/** A cell that is written by its function alone. */
export function callCell(wire: number, write: CellFunction): Cell {
  return { op: 0, wire, parameter: 0, write };
}

/** Writes NULL. */
export function writeNull(out: { view: DataView; at: number }): void {
  out.view.setInt32(out.at, -1);
  out.at += 4;
}
