/**
 * Rows that only the target has, of a table whose keys the two sides do not sort alike: no range of the source's asks
 * for them. A pass over the target's keys alone finds them, each piece of which is asked for at the source. It can be
 * spared where one view's count of rows is that of the rows which the source's keys found in it.
 */
import type { PlanColumn, PlanTable } from "../model.js";
import { parseTargetType } from "../typemap/family.js";
import { betweenSides } from "./between-sides.js";
import { askedKeys } from "./by-keys.js";
import type { Comparer } from "./comparer.js";
import { Side } from "./side.js";
import type { Chunk } from "./side.js";
import { SourceShape, readSource } from "./source-rows.js";
import type { Suspects } from "./suspects.js";
import { readTarget } from "./target-rows.js";
import { hasNull, keyShape, tupleEnd } from "./tuple.js";

/** Keys of the target that the source does not have. How many rows they are. */
export async function extraKeys(
  { look, reader, engine }: Comparer,
  table: PlanTable,
  suspects: Suspects,
  signal: AbortSignal,
): Promise<number> {
  const shape = keyShape(table);
  const source = new SourceShape(shape, engine);
  const side = new Side();
  let extra = 0;
  const ask = async (chunk: Chunk, stop: AbortSignal): Promise<void> => {
    const copies = copiesIn(chunk);
    const asked = [...copies.values()].filter(({ key }) => !hasNull(key));
    const answer = new Side();
    const take = async (): Promise<void> => {
      for (let rows = await answer.head(); rows !== null; rows = await answer.head()) {
        while (rows.at < rows.end) {
          const end = tupleEnd(rows.bytes, rows.at);
          // Of a key that the source has, copies are told where its row is matched.
          copies.delete(rows.bytes.toString("latin1", rows.at, end));
          rows.at = end;
        }
        answer.shift();
      }
    };
    const keys = source.asked(asked.map(({ key }) => key));
    if (keys.texts.length > 0)
      await betweenSides(
        [answer],
        [
          async (inner) => {
            await readSource(reader, source, { range: null, keys, ordered: false }, answer, false, inner);
          },
          take,
        ],
        stop,
      );
    for (const { key, rows } of copies.values()) {
      suspects.add(key, "extra", [], rows);
      extra += rows;
    }
  };
  await betweenSides(
    [side],
    [
      async (stop) => {
        await readTarget(look, shape, { kind: "all" }, false, side, stop);
      },
      async (stop) => {
        for (let chunk = await side.head(); chunk !== null; chunk = await side.head()) {
          await ask(chunk, stop);
          if (suspects.full) await suspects.flush(1);
          side.shift();
        }
      },
    ],
    signal,
  );
  return extra;
}

/** The next keys of the chunk, and how often each is there. */
function copiesIn(chunk: Chunk): Map<string, { readonly key: Buffer; rows: number }> {
  const copies = new Map<string, { readonly key: Buffer; rows: number }>();
  while (chunk.at < chunk.end && copies.size < askedKeys) {
    const end = tupleEnd(chunk.bytes, chunk.at);
    const key = Buffer.from(chunk.bytes.subarray(chunk.at, end));
    const text = key.toString("latin1");
    const known = copies.get(text);
    if (known === undefined) copies.set(text, { key, rows: 1 });
    else known.rows++;
    chunk.at = end;
  }
  return copies;
}

/**
 * Whether the target has no row but those that a key of the source's found. The view is one, so the count is of the
 * very rows that were read; each key was asked for once where the source's keys stay apart on the target.
 */
export async function allMatched(
  { look }: Comparer,
  table: PlanTable,
  matched: number,
  signal: AbortSignal,
): Promise<boolean> {
  return keysStayApart(table) && (await look.count(table, signal)) === String(matched);
}

/** Whether two keys of the source are always two keys of the target. */
function keysStayApart(table: PlanTable): boolean {
  return (table.key?.columns ?? []).every((name) => {
    const column = table.columns.find(({ source }) => source === name);
    return column !== undefined && staysApart(column);
  });
}

function staysApart({ column, targetType, policy }: PlanColumn): boolean {
  // A uuid or an address in text has several spellings of one value, and a policy makes one value of several.
  const { base } = parseTargetType(targetType);
  if (column.charset !== null && (base === "uuid" || base === "inet")) return false;
  return Object.values(policy).every((rule) => rule === "refuse");
}
