/** The table and the changes of the stream's bench: all made inside the server, where a client would be the limit. */
import type { BenchWorld } from "./world.js";

type Source = BenchWorld["source"];

/** `doc`: the type of the column with a document, which every change writes. */
export const createSql = (table = "acc", doc: "json" | "text" = "json"): string =>
  `CREATE TABLE ${table} (id bigint unsigned PRIMARY KEY, name varchar(120) NOT NULL, status enum('new', 'paid', 'a,b') NOT NULL, flag tinyint(1) NOT NULL, ` +
  `updated datetime(6) NOT NULL, amount decimal(12,2) NOT NULL, doc ${doc} NOT NULL, note text, KEY name (name), KEY updated (updated))`;

const row = (id: string): string =>
  `SELECT ${id}, CONCAT('name ', ${id}, ' 😀'), 1 + ${id} % 3, ${id} % 2, '2020-01-01' + INTERVAL ${id} * 7919 MICROSECOND, ${id} / 100, ` +
  `JSON_OBJECT('id', ${id}, 'price', ${id} / 8, 'tags', JSON_ARRAY('alpha', 'beta', 1.5, TRUE, NULL), 'nested', JSON_OBJECT('a', ${id}, 'text', 'some text of a certain length')), ` +
  `IF(${id} % 3 = 0, NULL, CONCAT('a note about ', ${id}, REPEAT(' and more', 10)))`;

const numbers = (first: number, count: number): string =>
  `WITH RECURSIVE n (i) AS (SELECT ${String(first)} UNION ALL SELECT i + 1 FROM n WHERE i < ${String(first + count - 1)})`;

export function fillSql(first: number, count: number, table = "acc"): string {
  return `INSERT INTO ${table} ${numbers(first, count)} ${row("i")} FROM n`;
}

const update = (table = "acc"): string =>
  `UPDATE ${table} SET updated = updated + INTERVAL 1 SECOND, amount = amount + 1, flag = 1 - flag, doc = JSON_SET(doc, '$.price', amount), note = CONCAT('seen ', id) WHERE`;

/** Rows by 10,000 a statement, from `first` on. */
export async function fill(source: Source, first: number, rows: number, table = "acc"): Promise<void> {
  await source.sql("SET SESSION cte_max_recursion_depth = 1000000");
  for (let id = first; id < first + rows; id += 10_000)
    await source.sql(fillSql(id, Math.min(10_000, first + rows - id), table));
}

/** Half updates, a quarter each deletes and inserts of the same keys; 500 rows a transaction, spread over the table. */
export async function changeMany(
  source: Source,
  rows: number,
  changes: number,
  tables: readonly string[] = ["acc"],
): Promise<void> {
  await source.sql("SET SESSION cte_max_recursion_depth = 1000000");
  const blocks = Math.floor(rows / 500);
  for (let turn = 0; turn < changes / 2000; turn += 1) {
    const table = tables[turn % tables.length];
    const at = (step: number): number => ((turn * 7919 + step * 104_729) % blocks) * 500;
    const block = (step: number): string => `id >= ${String(at(step))} AND id < ${String(at(step) + 500)}`;
    await source.sql(`${update(table)} ${block(1)}`);
    await source.sql(`${update(table)} ${block(2)}`);
    await source.sql(`DELETE FROM ${table ?? ""} WHERE ${block(3)}`);
    await source.sql(fillSql(at(3), 500, table));
  }
}

/** The same with 80 % of the changes on one row in a hundred. */
export async function changeHot(source: Source, rows: number, changes: number): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1)
    await changeMany(source, turn % 5 === 0 ? rows : Math.ceil(rows / 100), changes / 10);
}

/** The same, one row a transaction. */
export async function changeSingly(source: Source, rows: number, changes: number): Promise<void> {
  await source.sql("DROP PROCEDURE IF EXISTS change_singly");
  await source.sql(
    `CREATE PROCEDURE change_singly () BEGIN DECLARE i int DEFAULT 0; DECLARE k bigint;
     WHILE i < ${String(Math.floor(changes / 4))} DO
       SET k = (i * 7919 + 13) % ${String(rows)}; ${update()} id = k;
       SET k = (i * 7919 + 57) % ${String(rows)}; ${update()} id = k;
       SET k = (i * 104729 + 7) % ${String(rows)}; DELETE FROM acc WHERE id = k; INSERT INTO acc ${row("k")};
       SET i = i + 1; END WHILE; END`,
  );
  await source.sql("CALL change_singly()");
  await source.sql("DROP PROCEDURE change_singly");
}

export function steadySql(turn: number, rows: number): string {
  const first = ((turn * 7919) % Math.floor(rows / 500)) * 500;
  return `${update()} id >= ${String(first)} AND id < ${String(first + 500)}`;
}
