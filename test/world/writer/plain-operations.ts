/**
 * What the writer does to any table of its own: rows come, change, go, come back under the same key, move to other
 * keys and swap them, come and go within one transaction. Each is a handful of statements in whatever transaction the
 * session has open.
 */
import type { Random } from "../demo/random.js";
import { rowsEach } from "./tables.js";
import type { WriterTable } from "./tables.js";

/** What an operation works with. */
export interface Hand {
  /** The session's number: it touches rows of its own only, unless the row is meant to be fought for. */
  readonly w: number;
  readonly random: Random;
  readonly tables: readonly WriterTable[];
  /** The session's rows in a table, as this transaction sees them. */
  live(table: string): Promise<readonly number[]>;
  /** The first cell of a query. */
  read(sql: string): Promise<string | null>;
  /** Runs a statement and notes it. */
  run(sql: string): Promise<void>;
  /** Values that other sessions gave up, each committed. */
  readonly given: string[];
  /** Does it when this transaction is committed, and never otherwise. */
  onCommit(act: () => void): void;
}

export type Operation = (hand: Hand) => Promise<void>;

/** Where a row is: the session's n-th. */
export const own = (w: number, n: number): string => `w = ${String(w)} AND n = ${String(n)}`;

export function some<T>(random: Random, list: readonly T[], most: number): readonly T[] {
  const left = [...list];
  const taken: T[] = [];
  for (let count = Math.min(list.length, 1 + random.int(most)); count > 0; count--)
    taken.push(...left.splice(random.int(left.length), 1));
  return taken;
}

export function free(live: readonly number[], rows = rowsEach): readonly number[] {
  const there = new Set(live);
  return Array.from({ length: rows }, (_, n) => n).filter((n) => !there.has(n));
}

const named = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(", ");

/** Columns and literals of a whole new row. */
function rowOf(hand: Hand, table: WriterTable, n: number): Readonly<Record<string, string>> {
  const key = table.keyOf(hand.w, n);
  return {
    ...Object.fromEntries(table.key.map(({ name }, at) => [name, key[at] ?? ""])),
    w: String(hand.w),
    n: String(n),
    ...Object.fromEntries(
      table.columns.map(({ name, pool }) => [name, pool[hand.random.int(pool.length)] ?? "NULL"]),
    ),
    ...table.ruled?.(hand.w, n),
  };
}

function inserted(table: string, rows: readonly Readonly<Record<string, string>>[], verb = "INSERT"): string {
  const [first = {}] = rows;
  const values = rows.map((row) => `(${Object.values(row).join(", ")})`);
  return `${verb} INTO \`${table}\` (${named(Object.keys(first))}) VALUES ${values.join(", ")}`;
}

/** SET of a few columns, or of all. */
function changes(hand: Hand, table: WriterTable): string {
  return some(hand.random, table.columns, table.columns.length)
    .map(({ name, pool }) => `\`${name}\` = ${pool[hand.random.int(pool.length)] ?? "NULL"}`)
    .join(", ");
}

function keySet(table: WriterTable, w: number, n: number): string {
  const key = table.keyOf(w, n);
  return [...table.key.map(({ name }, at) => `\`${name}\` = ${key[at] ?? ""}`), `n = ${String(n)}`].join(
    ", ",
  );
}

function pick(hand: Hand, keyed: boolean): WriterTable {
  const fitting = hand.tables.filter((table) => table.name !== "bulk" && (!keyed || table.key.length > 0));
  const table = fitting[hand.random.int(fitting.length)];
  if (table === undefined) throw new Error("the writer has no tables");
  return table;
}

async function insert(hand: Hand, table = pick(hand, false)): Promise<void> {
  const ns =
    table.name === "moves"
      ? Array.from({ length: 1 + hand.random.int(4) }, () => hand.random.int(6))
      : some(hand.random, free(await hand.live(table.name)), 6);
  if (ns.length === 0) return;
  const rows = ns.map((n) => rowOf(hand, table, n));
  // Whole duplicates, of which only one at a time may go.
  if (table.name === "moves" && hand.random.oneIn(2)) rows.push(...rows);
  await hand.run(inserted(table.name, rows));
}

async function update(hand: Hand, table = pick(hand, false)): Promise<void> {
  const ns = some(hand.random, await hand.live(table.name), 5);
  if (ns.length === 0) {
    await insert(hand, table);
    return;
  }
  if (hand.random.oneIn(3))
    for (const n of ns)
      await hand.run(`UPDATE \`${table.name}\` SET ${changes(hand, table)} WHERE ${own(hand.w, n)}`);
  else
    await hand.run(
      `UPDATE \`${table.name}\` SET ${changes(hand, table)} WHERE w = ${String(hand.w)} AND n IN (${ns.join(", ")})`,
    );
}

async function remove(hand: Hand, table = pick(hand, false)): Promise<void> {
  const ns = some(hand.random, await hand.live(table.name), 3);
  if (ns.length === 0) {
    await insert(hand, table);
    return;
  }
  if (table.key.length > 0)
    await hand.run(`DELETE FROM \`${table.name}\` WHERE w = ${String(hand.w)} AND n IN (${ns.join(", ")})`);
  // One of several equal rows, by an order that no collation has a say in.
  else
    await hand.run(
      `DELETE FROM \`${table.name}\` WHERE ${own(hand.w, ns[0] ?? 0)} ORDER BY ${table.columns
        .map(({ name }) => `HEX(CAST(\`${name}\` AS BINARY))`)
        .join(", ")} LIMIT 1`,
    );
}

/** The row moves to a key that nobody has. */
async function moveKey(hand: Hand): Promise<void> {
  const table = pick(hand, true);
  const live = await hand.live(table.name);
  const [from] = some(hand.random, live, 1);
  const [to] = some(hand.random, free(live), 1);
  if (from === undefined || to === undefined) {
    await insert(hand, table);
    return;
  }
  const more = hand.random.oneIn(2) ? `, ${changes(hand, table)}` : "";
  await hand.run(
    `UPDATE \`${table.name}\` SET ${keySet(table, hand.w, to)}${more} WHERE ${own(hand.w, from)}`,
  );
}

/** Two rows swap their keys by way of a third. */
async function swapKeys(hand: Hand): Promise<void> {
  const table = pick(hand, true);
  const live = await hand.live(table.name);
  const [spare] = free(live);
  const [one, other] = some(hand.random, live, live.length);
  if (one === undefined || other === undefined || spare === undefined) {
    await insert(hand, table);
    return;
  }
  for (const [from, to] of [
    [one, spare],
    [other, one],
    [spare, other],
  ] as const)
    await hand.run(`UPDATE \`${table.name}\` SET ${keySet(table, hand.w, to)} WHERE ${own(hand.w, from)}`);
}

/** Every key moves up by one in a single statement, from the top. */
async function shiftKeys(hand: Hand): Promise<void> {
  const table = hand.tables.find(({ name }) => name === "numbers");
  const live = await hand.live("numbers");
  if (table === undefined || live.length === 0 || Math.max(...live) >= rowsEach - 1) {
    await remove(hand, table);
    return;
  }
  await hand.run(`UPDATE numbers SET id = id + 1, n = n + 1 WHERE w = ${String(hand.w)} ORDER BY id DESC`);
}

/** Trap 2: gone and there again. */
async function reinsert(hand: Hand): Promise<void> {
  const table = pick(hand, true);
  const [n] = some(hand.random, await hand.live(table.name), 1);
  if (n === undefined) {
    await insert(hand, table);
    return;
  }
  await hand.run(`DELETE FROM \`${table.name}\` WHERE ${own(hand.w, n)}`);
  await hand.run(inserted(table.name, [rowOf(hand, table, n)]));
  if (hand.random.oneIn(4)) await hand.run(`DELETE FROM \`${table.name}\` WHERE ${own(hand.w, n)}`);
}

async function replace(hand: Hand): Promise<void> {
  const table = pick(hand, true);
  const rows = some(hand.random, [...(await hand.live(table.name)), hand.random.int(rowsEach)], 3);
  const each = [...new Set(rows)].map((n) => rowOf(hand, table, n));
  if (hand.random.oneIn(2)) {
    await hand.run(inserted(table.name, each, "REPLACE"));
    return;
  }
  await hand.run(`${inserted(table.name, each)} ON DUPLICATE KEY UPDATE ${changes(hand, table)}`);
}

/** A row that is gone when the transaction ends. */
async function passing(hand: Hand): Promise<void> {
  const table = pick(hand, true);
  const [n] = some(hand.random, free(await hand.live(table.name)), 1);
  if (n === undefined) {
    await remove(hand, table);
    return;
  }
  await hand.run(inserted(table.name, [rowOf(hand, table, n)]));
  await hand.run(`UPDATE \`${table.name}\` SET ${changes(hand, table)} WHERE ${own(hand.w, n)}`);
  await hand.run(`DELETE FROM \`${table.name}\` WHERE ${own(hand.w, n)}`);
}

/** Equal to the source's collation, another value to PostgreSQL: case, and a blank at the end. */
async function respell(hand: Hand): Promise<void> {
  const [n] = some(hand.random, await hand.live("words"), 1);
  if (n === undefined) {
    await insert(
      hand,
      hand.tables.find(({ name }) => name === "words"),
    );
    return;
  }
  const spelling = ["UPPER(word)", "LOWER(word)", "CONCAT(RTRIM(word), ' ')", "RTRIM(word)"][
    hand.random.int(4)
  ];
  await hand.run(`UPDATE words SET word = ${spelling ?? "word"} WHERE ${own(hand.w, n)}`);
}

/** Many rows at once, so that a transaction is many events of the log. */
async function big(hand: Hand): Promise<void> {
  const table = hand.tables.find(({ name }) => name === "bulk");
  if (table === undefined) return;
  const there = await hand.live("bulk");
  if (there.length > 0) {
    if (hand.random.oneIn(2))
      await hand.run(`UPDATE bulk SET ${changes(hand, table)} WHERE w = ${String(hand.w)} AND n % 3 <> 0`);
    await hand.run(
      `DELETE FROM bulk WHERE w = ${String(hand.w)}${hand.random.oneIn(2) ? " AND n % 2 = 0" : ""}`,
    );
    return;
  }
  const rows = 300 + hand.random.int(900);
  await hand.run(
    inserted(
      "bulk",
      Array.from({ length: rows }, (_, n) => rowOf(hand, table, n)),
    ),
  );
  if (hand.random.oneIn(3))
    await hand.run(`UPDATE bulk SET ${changes(hand, table)} WHERE w = ${String(hand.w)}`);
}

/** With how often each is done, of all. */
export const plainOperations: readonly (readonly [Operation, number])[] = [
  [(hand) => insert(hand), 14],
  [(hand) => update(hand), 14],
  [(hand) => remove(hand), 6],
  [moveKey, 6],
  [swapKeys, 4],
  [shiftKeys, 2],
  [reinsert, 6],
  [replace, 4],
  [passing, 3],
  [respell, 3],
  [big, 1],
];
