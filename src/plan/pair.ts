/**
 * Whether the pairs of source column and target type that a plan decided have a codec. The one place where planning
 * asks: a pair without one is refused when the plan is made, naming the supported types, and never during a copy. All
 * of them at once, because whoever maps a schema wants to mend its rules once.
 */
import { Fault } from "../errors.js";
import type { SourceEngine } from "../model.js";
import { codecOf } from "../typemap/compile.js";
import type { CodecColumn } from "../typemap/compile.js";

export interface Pairs {
  /** What `decide` makes of a column; null where it has no type that its values can be turned into, which is kept. */
  attempt<T>(table: string, column: string, decide: () => T): T | null;
  /** Whether any was refused so far. */
  some(): boolean;
  /** Throws Fault type-pair where a column was refused, naming each by its table's name and its own. */
  require(): void;
}

interface Refused {
  readonly object: string;
  readonly fault: Fault;
}

/** Columns that the facts name at most. */
const listed = 100;

export function collectPairs(): Pairs {
  const refused: Refused[] = [];
  return {
    attempt(table, column, decide) {
      try {
        return decide();
      } catch (error) {
        if (!(error instanceof Fault) || error.code !== "type-pair") throw error;
        refused.push({ object: `${table}.${column}`, fault: error });
        return null;
      }
    },
    some: () => refused.length > 0,
    require() {
      const [first, ...others] = refused;
      if (first === undefined) return;
      const { object, fault } = first;
      const [table = ""] = object.split(".", 1);
      throw new Fault("type-pair", refused.map(sentenceOf).join(" "), {
        cause: fault,
        next: fault.next.replace("TABLE.COLUMN", object),
        facts: {
          table,
          ...fault.facts,
          ...(others.length === 0
            ? {}
            : {
                count: refused.length,
                columns: refused
                  .slice(0, listed)
                  .map((each) => each.object)
                  .join(", "),
              }),
        },
      });
    },
  };
}

/** The fault's own sentences, which begin with the column or do not name it, by table and column. */
function sentenceOf({ object, fault }: Refused): string {
  const column = object.slice(object.indexOf(".") + 1);
  if (fault.message.includes(object)) return fault.message;
  return fault.message.startsWith(`${column}: `)
    ? object.slice(0, -column.length) + fault.message
    : `${object}: ${fault.message}`;
}

/** Notes every column of a table that has no codec. */
export function notePairs(
  table: string,
  columns: readonly CodecColumn[],
  engine: SourceEngine,
  pairs: Pairs,
): void {
  for (const column of columns) pairs.attempt(table, column.source, () => codecOf(column, engine));
}
