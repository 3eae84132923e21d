/**
 * A column's way back: from a field of PostgreSQL's binary form to what the source stores, the inverse of its codec. One
 * rule decides for every type: a value goes back where the source, holding what is written, would give these very bytes
 * forward; anything else is refused and never bent. The codec itself is asked, so the two ways cannot part; way-back-*.ts
 * add what a source does in silence with a value that is not its own (blanks cut off, digits rounded, labels guessed at).
 */
import { Fault } from "../errors.js";
import type { SourceEngine } from "../model.js";
import type { Codec } from "./codec.js";
import { codecOf } from "./compile.js";
import { Refusal, refuse } from "./refusal.js";
import { wayBackRule } from "./way-back-rules.js";
import { wayOf } from "./way-back-ways.js";
import type { BoundValue, WayBackColumn } from "./way-back-ways.js";

export interface WayBack {
  /** Name of the rule in typemaps/postgres-mysql.yaml. */
  readonly rule: string;
  /** SQL of the value to be stored, with one `?` in it. */
  readonly value: string;
  /**
   * Whether the column, its name quoted, holds exactly this value: no other spelling that its collation holds equal. Each
   * `?` in it stands for the value. By the column's own index where it has one.
   */
  same(column: string): string;
  /** null for NULL. Throws Fault value-refused where the source would hold another value. */
  encode(field: Buffer | null): BoundValue | null;
  /** Strict modes take it for an error, others store it as it is and warn: an ENUM's error value. */
  lenient(value: BoundValue | null): boolean;
}

/** The column's way back. Throws Fault type-pair where there is none. */
export function wayBackOf(planned: WayBackColumn, engine: SourceEngine): WayBack {
  const { column } = planned;
  const codec = codecOf(planned, engine);
  const rule = wayBackRule(planned);
  const way = wayOf(planned, engine);
  if (rule === null || way === null)
    throw new Fault(
      "type-pair",
      `${planned.source}: ${planned.targetType} has no way back to ${column.columnType}.`,
      { facts: { column: planned.source, sourceType: column.columnType, targetType: planned.targetType } },
    );
  const value = (field: Buffer | null): BoundValue | null => {
    if (field === null) {
      if (column.nullable || column.generated !== null) return null;
      return way.whenNull ?? refuse("NULL");
    }
    const text = textOf(codec, field);
    if (!wouldGive(codec, way.form(text, field), field)) refuse(`a value that no ${column.type} becomes`);
    return way.bound(text, field);
  };
  return {
    rule: rule.name,
    value: way.value ?? "?",
    same: way.same,
    encode: (field) => {
      try {
        return value(field);
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        throw new Fault(
          "value-refused",
          `${planned.source} (${column.columnType} on the source) does not hold what the target has: ${error.message}.`,
          { facts: { column: planned.source }, next: "headgate status", cause: error },
        );
      }
    },
    lenient: (bound) => way.lenient === bound,
  };
}

function textOf(codec: Codec, field: Buffer): string {
  try {
    return codec.decode(field);
  } catch (error) {
    // A NULL among an array's elements and the like: decode reads what a codec has written.
    if (error instanceof RangeError || error instanceof SyntaxError) refuse("a value of another shape");
    throw error;
  }
}

/** Whether the source's own text of a value becomes this field. A null form is one that nobody can ask about here. */
function wouldGive(codec: Codec, form: Buffer | null, field: Buffer): boolean {
  if (form === null) return true;
  try {
    return codec.encodeText(form)?.equals(field) ?? false;
  } catch (error) {
    if (error instanceof Fault && error.cause instanceof Refusal) refuse(error.cause.message);
    throw error;
  }
}
