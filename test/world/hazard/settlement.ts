/**
 * Pieces of headgate.yaml, put together: lists one after the other, maps by key, and a value that two pieces give
 * differently is an error that names the key. Also how one big proposal of `check --propose` is divided, so that a
 * hazard that says `settle: proposed` gets its own lines and nobody else's.
 */

export type Fragment = Readonly<Record<string, unknown>>;

/** One fragment of all; `where` leads to the key in an error. */
export function merged(pieces: readonly Fragment[], where = ""): Fragment {
  const whole: Record<string, unknown> = {};
  for (const piece of pieces)
    for (const [key, value] of Object.entries(piece)) {
      const place = where === "" ? key : `${where}.${key}`;
      const there = whole[key];
      if (there === undefined) whole[key] = value;
      else if (Array.isArray(there) && Array.isArray(value))
        whole[key] = [...(there as unknown[]), ...(value as unknown[])];
      else if (isMap(there) && isMap(value)) whole[key] = merged([there, value], place);
      else if (JSON.stringify(there) !== JSON.stringify(value))
        throw new Error(`two hazards want ${place} differently: give one of them a headgate: key of its own`);
    }
  return whole;
}

/** The part of a proposal that speaks of these tables: list items by their match.table or table, map entries by key. */
export function shareOf(proposal: Fragment, isOurs: (table: string) => boolean, where = ""): Fragment {
  const share: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(proposal)) {
    const place = where === "" ? key : `${where}.${key}`;
    if (Array.isArray(value)) {
      const items = (value as unknown[]).filter((item) => isOurs(tableOf(item, place)));
      if (items.length > 0) share[key] = items;
    } else if (isMap(value)) {
      // `tables: { rename: { … } }` is a map of maps; below it keys are tables, or table.column.
      const inner = Object.values(value).every((each) => isMap(each) || Array.isArray(each))
        ? shareOf(value, isOurs, place)
        : Object.fromEntries(Object.entries(value).filter(([table]) => isOurs(table)));
      if (Object.keys(inner).length > 0) share[key] = inner;
    } else
      throw new Error(
        `whose is ${place}: ${JSON.stringify(value)}? test/world/hazard/settlement.ts can't tell`,
      );
  }
  return share;
}

function tableOf(item: unknown, place: string): string {
  if (isMap(item)) {
    const { match, table } = item;
    const named = isMap(match) ? match["table"] : table;
    if (typeof named === "string") return named;
  }
  throw new Error(`whose is ${place}: ${JSON.stringify(item)}? test/world/hazard/settlement.ts can't tell`);
}

export function isMap(value: unknown): value is Fragment {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
