/**
 * Columns of a key whose text on the target need not be what the source has: NUL stripped, dates that no calendar has
 * made -infinity, a uuid spelled in its one way, an enum's error value beside an empty label. What the target's text was made of cannot be told from it, so the rows
 * that were changed are told apart by the value itself, and compared by what was made of them.
 */
import type { PlanColumn } from "../../src/model.js";
import { noDate } from "../../src/typemap/canonical.js";
import { given } from "./key.js";

export interface Changed {
  /** Holds for every row whose value became another text. */
  readonly guard: string;
  /** What became of it. */
  readonly text: string;
  /** SQL that makes one `?` comparable with that. */
  readonly bind: string;
  /** Whether a changed value can have become this text. */
  readonly concerns: (text: string) => boolean;
  /** Every key that was found as it is has been found: the changed ones matter only where some key was not. */
  readonly whenMissing: boolean;
}

const utf8 = (value: string): string => `CONVERT(${value} USING utf8mb4)`;
const exactly = (text: string): string => `${text} COLLATE utf8mb4_bin`;

/** `name` is quoted. Null where a value's text is the target's. */
export function changedOf(name: string, { column, targetType, policy }: PlanColumn): Changed | null {
  const bind = exactly(given);
  const all = (): boolean => true;
  // The error value has index 0 and no label; where '' is a label, that one alone is found by it.
  if (column.type === "enum" && column.labels.includes(""))
    return {
      guard: `${name} + 0 = 0`,
      text: exactly(utf8("''")),
      bind,
      concerns: (text) => text === "",
      whenMissing: false,
    };
  if (column.charset !== null && policy.nul === "strip")
    return {
      // By its bytes: there are collations in which U+0000 is nothing, and found everywhere.
      guard: `LOCATE(0x00, CAST(${utf8(name)} AS BINARY)) > 0`,
      text: exactly(`REPLACE(${utf8(name)}, CHAR(0 USING utf8mb4), '')`),
      bind,
      concerns: all,
      whenMissing: false,
    };
  // A collation that knows no case finds every spelling.
  if (column.charset !== null && targetType === "uuid" && column.collation?.endsWith("_ci") !== true) {
    const lower = `LOWER(${utf8(name)})`;
    return {
      guard: `CAST(${utf8(name)} AS BINARY) <> CAST(${lower} AS BINARY)`,
      text: exactly(lower),
      bind,
      concerns: all,
      whenMissing: true,
    };
  }
  if (policy.zeroDate === "-infinity" && /^(?:date|timestamp)/u.test(targetType)) {
    const noDay = "0000-00-00";
    const zero = `${noDay}${column.type === "date" ? "" : ` 00:00:00${column.fsp === 0 ? "" : `.${"0".repeat(column.fsp)}`}`}`;
    return {
      guard: noDate(name),
      text: exactly(utf8(`IF(${noDate(name)}, '${zero}', CAST(${name} AS CHAR))`)),
      bind,
      concerns: (text) => text.startsWith(noDay),
      whenMissing: false,
    };
  }
  return null;
}
