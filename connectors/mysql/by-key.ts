/**
 * Rows with given keys, found along the key's index. A key comes as the texts that its codecs spell (src/typemap): of
 * types that have no text of their own they are bytes in hex, of labels the labels. Each is made comparable with the
 * column's own type, character set and collation, as bounds are (key.ts); where a collation holds another spelling equal,
 * that row comes too. Where a policy or the target's type made another text of what the source has, rows that this may
 * be true of are looked through besides (key-changed.ts), which no index serves.
 */
import { Fault } from "../../src/errors.js";
import type { PlanColumn, PlanKey } from "../../src/model.js";
import { mysqlName } from "../../src/safety/identifier.js";
import { columnFacts, given, joined, keyColumn, word } from "./key.js";
import type { ColumnFacts, Condition } from "./key.js";
import { changedOf } from "./key-changed.js";
import type { Changed } from "./key-changed.js";
import type { Wire } from "./wire/wire.js";

interface LookupColumn {
  /** Quoted. */
  readonly name: string;
  /** SQL that makes one `?` comparable with the column. */
  readonly bind: string;
  /** What the `?` is given for a key's text. */
  readonly param: (text: string) => string;
  readonly changed: Changed | null;
}

export interface KeyLookup {
  readonly columns: readonly LookupColumn[];
  /** Bytes that one statement may have. */
  readonly packet: number;
}

const asIs = (text: string): string => text;
const inHex = (text: string): string => Buffer.from(text, "utf8").toString("hex");
/** More labels than these no enum has. */
const noLabel = "65536";

export type KeyTexts = readonly string[];

/** Beyond so many alternatives MySQL's optimizer runs out of its memory and looks through the whole table; placeholders end at 65,535. */
const mostParts = 24_000;

export async function keyLookup(
  wire: Wire,
  table: string,
  key: PlanKey,
  planned: readonly PlanColumn[],
): Promise<KeyLookup> {
  const facts = await columnFacts(wire, table, key.index);
  const columns = key.columns.map((name) => {
    const plan = planned.find(({ source }) => source === name);
    const column = lookupColumn(name, facts.get(name) ?? [], plan);
    if (column === null)
      throw new Fault("bug", `Rows of ${table} were asked for by ${name}, which no key can be of.`);
    return column;
  });
  const [row] = await wire.query("SELECT @@max_allowed_packet");
  return { columns, packet: Number(row?.[0] ?? 1_048_576) };
}

function lookupColumn(
  source: string,
  facts: ColumnFacts,
  planned: PlanColumn | undefined,
): LookupColumn | null {
  const [, type, , charset, collation] = facts;
  const own = `USING ${word(charset ?? "")}) COLLATE ${word(collation ?? "")}`;
  const name = mysqlName(source);
  const column = (bind: string, param = asIs): LookupColumn => ({
    name,
    bind,
    param,
    changed: planned === undefined ? null : changedOf(name, planned),
  });
  if (type === "bit") return column(`CAST(CONV(${given}, 16, 10) AS UNSIGNED)`);
  const labels = planned?.column.labels ?? [];
  // An index finds '' where it is a label, a look at the row takes the error value for it too.
  if (type === "enum" && labels.includes(""))
    return column(`CAST(${given} AS UNSIGNED)`, (text) =>
      labels.includes(text) ? String(labels.indexOf(text) + 1) : noLabel,
    );
  if (type === "enum" || type === "set") return column(`CONVERT(${given} ${own}`);
  const badText = planned?.policy.badText ?? "refuse";
  if (badText !== "refuse" && charset !== null)
    return column(
      badText.recode.toLowerCase() === charset
        ? `CONVERT(UNHEX(${given}) ${own}`
        : `CONVERT(CONVERT(UNHEX(${given}) USING latin1) ${own}`,
      inHex,
    );
  const bind = keyColumn(source, facts)?.bind ?? null;
  return bind === null ? null : column(bind);
}

/** Keys that one statement asks for. */
export interface KeyBatch {
  readonly keys: number;
  readonly found: Condition;
  /** Rows that are not among the found, and became one of the keys on their way; null where there can be none. */
  readonly besides: Condition | null;
  /** Those are asked for only where fewer rows than keys were found. */
  readonly whenMissing: boolean;
}

/** All of the keys between them, each batch within what one statement may have. */
export function* byKeys({ columns, packet }: KeyLookup, keys: readonly KeyTexts[]): Generator<KeyBatch> {
  // What is looked for besides has the columns once more.
  const times = columns.some(({ changed }) => changed !== null) ? 2 : 1;
  const written = columns.reduce((sum, { name, bind }) => sum + name.length + bind.length + 100, 10);
  let [batch, bytes]: [KeyTexts[], number] = [[], 0];
  for (const key of keys) {
    if (key.length !== columns.length)
      throw new Fault("bug", `A key of ${String(key.length)} texts for ${String(columns.length)} columns.`);
    const size = times * (written + key.reduce((sum, text) => sum + 2 * Buffer.byteLength(text), 0));
    const parts = times * (batch.length + 1) * columns.length;
    if (batch.length > 0 && (parts > mostParts || bytes + size > packet / 2)) {
      yield batchOf(columns, batch);
      [batch, bytes] = [[], 0];
    }
    batch.push(key);
    bytes += size;
  }
  if (batch.length > 0) yield batchOf(columns, batch);
}

function batchOf(columns: readonly LookupColumn[], keys: readonly KeyTexts[]): KeyBatch {
  const found = oneOf(
    columns.map(({ name, bind, param }) => ({ left: name, bind, param })),
    keys,
  );
  const concerned = keys.filter((key) => columns.some(({ changed }, i) => changed?.concerns(key[i] ?? "")));
  const changes = columns.flatMap(({ changed }) => changed ?? []);
  if (concerned.length === 0) return { keys: keys.length, found, besides: null, whenMissing: false };
  const became = oneOf(
    columns.map(({ name, bind, param, changed }) =>
      changed === null
        ? { left: name, bind, param }
        : { left: changed.text, bind: changed.bind, param: asIs },
    ),
    concerned,
  );
  const guard = { sql: `(${changes.map((change) => change.guard).join(" OR ")})`, params: [] };
  return {
    keys: keys.length,
    found,
    besides: joined([guard, became, { sql: `NOT ${found.sql}`, params: found.params }], " AND "),
    whenMissing: changes.every(({ whenMissing }) => whenMissing),
  };
}

interface Side {
  readonly left: string;
  readonly bind: string;
  readonly param: LookupColumn["param"];
}

/** A list for one column; written out for several, as of rows in a list an old server makes a scan of the whole index. */
function oneOf(sides: readonly Side[], keys: readonly KeyTexts[]): Condition {
  const [only] = sides;
  const params = keys.flatMap((key) => key.map((text, i) => sides[i]?.param(text) ?? text));
  if (sides.length === 1 && only !== undefined)
    return { sql: `(${only.left} IN (${keys.map(() => only.bind).join(", ")}))`, params };
  const one = sides.map(({ left, bind }) => `${left} = ${bind}`).join(" AND ");
  return { sql: `((${keys.map(() => one).join(") OR (")}))`, params };
}
