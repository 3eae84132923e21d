/**
 * What is said when a change of the way back does not find the row as the target had it: how many differ, and the keys of
 * five of them, after the group was taken back. Rows are told as the way back tells them, byte by byte.
 */
import { Fault, recopying } from "../../../src/errors.js";
import type { Tuples } from "../../../src/stream-port.js";
import type { ApplySession } from "./session.js";
import type { BackShape } from "./shape.js";
import { isRow, keyFields } from "./statements.js";
import { rowsOf } from "./tuples.js";

export type ChangeKind = "delete" | "update" | "insert";

export interface Differing {
  readonly rows: number;
  readonly keys: readonly string[];
}

/** Rows that are on the source although they must be new, or are not although they must be there. */
export async function differing(
  session: ApplySession,
  shape: BackShape,
  kind: ChangeKind,
  tuples: Tuples,
): Promise<Differing> {
  let rows = 0;
  const keys: string[] = [];
  for (const row of rowsOf(tuples, kind === "delete" ? shape.key.length : shape.fields)) {
    const key = kind === "delete" ? row : keyFields(shape, row);
    const { sql, params } = isRow(shape.key, key);
    const [found] = await session.query(`SELECT COUNT(*) FROM ${shape.name} WHERE ${sql}`, params);
    if ((found?.[0] !== "0") !== (kind === "insert")) continue;
    rows += 1;
    if (keys.length < 5)
      keys.push(`(${shape.key.map(({ way }, k) => told(way.encode(key[k] ?? null))).join(",")})`);
  }
  return { rows, keys };
}

function told(value: string | Buffer | null): string {
  return typeof value === "string" ? value : (value?.toString("hex") ?? "NULL");
}

const sentences = {
  delete: ["to be deleted is not on the source", "to be deleted are not on the source"],
  update: ["to be updated is not on the source", "to be updated are not on the source"],
  insert: ["to be inserted is on the source already", "to be inserted are on the source already"],
} as const;

export function divergence({ table }: BackShape, kind: ChangeKind, { rows, keys }: Differing): Fault {
  const [one, many] = sentences[kind];
  const what = rows === 1 ? `a row ${one}` : `${String(rows)} rows ${many}`;
  const which =
    keys.length === 0
      ? ""
      : ` ${rows > keys.length ? "The first keys" : rows === 1 ? "Its key" : "Keys"}: ${keys.join(", ")}.`;
  return new Fault("divergence", `${table.source}: ${what}.${which}`, {
    next: recopying(table.source),
    facts: { table: table.source, operation: kind, rows, keys: keys.join(", ") },
  });
}

/** Of a table without a key. */
export function copiesMissing({ table }: BackShape, missing: number): Fault {
  const rows = missing === 1 ? "a row" : `${String(missing)} rows`;
  return new Fault(
    "divergence",
    `${table.source}: ${rows} to be deleted ${missing === 1 ? "is" : "are"} not on the source. The table has no key that could be told.`,
    {
      next: recopying(table.source),
      facts: { table: table.source, operation: "delete", rows: missing, keys: "" },
    },
  );
}
