/**
 * In which form a codec's select expression sends its column. The expressions are made in src/typemap; those known
 * here are all that it makes, and one that is new is refused by name instead of being taken for another.
 */
import { Fault } from "../errors.js";
import type { PlanColumn, SourceEngine } from "../model.js";
import { codecOf } from "./compile.js";

/** `number` is `c+0e0`; `text` a CAST to characters; `raw` the bytes of a text; `prefixed` an ENUM with a character before it that tells index 0. */
export type SelectForm = "value" | "number" | "text" | "raw" | "prefixed";

/** Throws Fault type-pair. */
export function selectForm(planned: PlanColumn, engine: SourceEngine): SelectForm {
  const expression = codecOf(planned, engine).select("c");
  const form = forms.get(expression);
  if (form !== undefined) return form;
  throw new Fault(
    "type-pair",
    `${planned.source}: ${planned.sourceType} to ${planned.targetType} is read by ${expression}, which the change stream cannot follow.`,
  );
}

const forms: ReadonlyMap<string, SelectForm> = new Map([
  ["c", "value"],
  ["c+0e0", "number"],
  ["CAST(c AS CHAR)", "text"],
  // What CAST prints of ZEROFILL without its zeros, and of a YEAR.
  ["CAST(c+0 AS CHAR)", "text"],
  ["CAST(c AS BINARY)", "raw"],
  ["CONCAT(IF(c+0=0,'0','1'),c)", "prefixed"],
]);
