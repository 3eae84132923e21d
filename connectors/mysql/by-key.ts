/**
 * Rows with given keys, found along the key's index. A key comes as the texts that its codecs spell (src/typemap): of
 * types that have no text of their own they are bytes in hex, of labels the labels. Each is made comparable with the
 * column's own type, character set and collation, as bounds are (key.ts); where a collation holds another spelling equal,
 * that row comes too.
 */
import { Fault } from "../../src/errors.js";
import type { PlanKey } from "../../src/model.js";
import { mysqlName } from "../../src/safety/identifier.js";
import { columnFacts, given, keyColumn, word } from "./key.js";
import type { ColumnFacts, Condition } from "./key.js";
import type { Wire } from "./wire/wire.js";

/** A key's columns, each with the SQL that makes one `?` comparable with it. */
export interface KeyLookup {
  readonly columns: readonly { readonly name: string; readonly bind: string }[];
  /** Bytes that one statement may have. */
  readonly packet: number;
}

export type KeyTexts = readonly string[];

/** Placeholders that a statement may have. */
const mostParams = 65_535;
/** Beyond so many alternatives MySQL's optimizer runs out of its memory and looks through the whole table instead. */
const mostParts = 24_000;

export async function keyLookup(wire: Wire, table: string, key: PlanKey): Promise<KeyLookup> {
  const facts = await columnFacts(wire, table, key.index);
  const columns = key.columns.map((name) => {
    const bind = bindOf(name, facts.get(name) ?? []);
    if (bind === null)
      throw new Fault("bug", `Rows of ${table} were asked for by ${name}, which no key can be of.`);
    return { name: mysqlName(name), bind };
  });
  const [row] = await wire.query("SELECT @@max_allowed_packet");
  return { columns, packet: Number(row?.[0] ?? 1_048_576) };
}

function bindOf(name: string, facts: ColumnFacts): string | null {
  const [, type, , charset, collation] = facts;
  switch (type) {
    case "bit":
      return `CAST(CONV(${given}, 16, 10) AS UNSIGNED)`;
    case "float":
    case "double":
      return `(${given} + 0e0)`;
    case "enum":
    case "set":
      return `CONVERT(${given} USING ${word(charset ?? "")}) COLLATE ${word(collation ?? "")}`;
    default:
      return keyColumn(name, facts)?.bind ?? null;
  }
}

/** Conditions that hold all of the keys between them, each within what one statement may have. */
export function* byKeys({ columns, packet }: KeyLookup, keys: readonly KeyTexts[]): Generator<Condition> {
  const texts = columns.reduce((sum, { name, bind }) => sum + name.length + bind.length + 10, 10);
  let [batch, bytes]: [KeyTexts[], number] = [[], 0];
  for (const key of keys) {
    if (key.length !== columns.length)
      throw new Fault("bug", `A key of ${String(key.length)} texts for ${String(columns.length)} columns.`);
    const size = texts + key.reduce((sum, text) => sum + Buffer.byteLength(text) + 5, 0);
    const params = (batch.length + 1) * columns.length;
    if (batch.length > 0 && (params > Math.min(mostParams, mostParts) || bytes + size > packet / 2)) {
      yield oneOf(columns, batch);
      [batch, bytes] = [[], 0];
    }
    batch.push(key);
    bytes += size;
  }
  if (batch.length > 0) yield oneOf(columns, batch);
}

/** A list for one column; written out for several, as of rows in a list an old server makes a scan of the whole index. */
function oneOf(columns: KeyLookup["columns"], keys: readonly KeyTexts[]): Condition {
  const [only] = columns;
  const params = keys.flat();
  if (columns.length === 1 && only !== undefined)
    return { sql: `${only.name} IN (${keys.map(() => only.bind).join(", ")})`, params };
  const one = columns.map(({ name, bind }) => `${name} = ${bind}`).join(" AND ");
  return { sql: `((${keys.map(() => one).join(") OR (")}))`, params };
}
