/**
 * Rows of either side for somebody who corrupts them: found in a seeded order, changed one at a time, and only where
 * something changes indeed. No code of the product takes part, but for the plan that names what is where.
 */
import type { Connection } from "mysql2/promise";
import { DatabaseError } from "pg";
import type { Client } from "pg";
import type { PlanColumn, PlanTable } from "../../../src/model.js";

export interface Row {
  /** The key's texts as `verify` spells them; of a table without a key its values. */
  readonly key: readonly string[];
  /** SQL that finds this row and no other. */
  readonly where: string;
}

/** Each answers false, or null, where nothing came of it. */
export interface Rows {
  /** A condition that holds of every row. */
  readonly anything: string;
  name(column: PlanColumn): string;
  mayChange(table: PlanTable): Promise<boolean>;
  some(table: PlanTable, where: string, seed: number, limit: number): Promise<readonly Row[]>;
  update(table: PlanTable, row: Row, column: PlanColumn, sql: string): Promise<boolean>;
  remove(table: PlanTable, row: Row): Promise<boolean>;
  /** Gives the row another key, or makes a copy with another key; that key. */
  otherKey(table: PlanTable, row: Row, act: "rekey" | "insert"): Promise<readonly string[] | null>;
  swap(table: PlanTable, first: Row, second: Row, column: PlanColumn): Promise<boolean>;
  /** Takes the row away and puts it back with this column NULL. */
  putBack(table: PlanTable, row: Row, column: PlanColumn): Promise<boolean>;
  /** The row once more, in a table without a key. */
  copy(table: PlanTable, row: Row): Promise<boolean>;
}

function keyOf(table: PlanTable): readonly PlanColumn[] {
  return (table.key?.columns ?? []).flatMap((name) => table.columns.filter(({ source }) => source === name));
}

const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

export class TargetRows implements Rows {
  readonly anything = "true";
  readonly #client: Client;
  readonly #schema: string;

  constructor(client: Client, schema: string) {
    this.#client = client;
    this.#schema = schema;
  }

  name({ target }: PlanColumn): string {
    return `"${target.replaceAll('"', '""')}"`;
  }

  mayChange(): Promise<boolean> {
    return Promise.resolve(true);
  }

  async some(table: PlanTable, where: string, seed: number, limit: number): Promise<readonly Row[]> {
    const key = keyOf(table);
    const texts = (key.length === 0 ? table.columns : key).map((column) => this.#text(column));
    const found = await this.#client.query<(string | null)[]>({
      text: `SELECT DISTINCT ON (md5(concat_ws(',', ${texts.join(", ")}, ${seed}))) ctid::text, ${texts.join(", ")} FROM ${this.#table(table)} WHERE ${where}
        ORDER BY md5(concat_ws(',', ${texts.join(", ")}, ${seed})) LIMIT ${limit}`,
      rowMode: "array",
    });
    return found.rows.map(([ctid, ...values]) => {
      const parts = key.map((column, k) => `${this.#text(column)} = ${literal(values[k] ?? "")}`);
      return {
        key: values.map((value) => value ?? "\0"),
        where: parts.length === 0 ? `ctid = '${ctid ?? ""}'` : parts.join(" AND "),
      };
    });
  }

  async update(table: PlanTable, { where }: Row, column: PlanColumn, sql: string): Promise<boolean> {
    const c = this.name(column);
    return await this.#tried(async () => {
      const before = await this.#value(table, where, `${c}::text`);
      // RETURNING tells what a type made of it.
      const after = await this.#client.query<{ text: string | null }>(
        `UPDATE ${this.#table(table)} SET ${c} = ${sql} WHERE ${where} RETURNING ${c}::text AS text`,
      );
      return after.rowCount === 1 && after.rows[0]?.text !== before;
    });
  }

  async remove(table: PlanTable, { where }: Row): Promise<boolean> {
    return await this.#tried(async () => {
      const { rowCount } = await this.#client.query(`DELETE FROM ${this.#table(table)} WHERE ${where}`);
      return rowCount === 1;
    });
  }

  async otherKey(
    table: PlanTable,
    { where }: Row,
    act: "rekey" | "insert",
  ): Promise<readonly string[] | null> {
    const key = keyOf(table);
    const last = key.at(-1);
    const other = last === undefined ? null : otherTarget(this.name(last), last, this.#table(table));
    if (last === undefined || other === null) return null;
    const texts = key.map((column) => this.#text(column)).join(", ");
    const names = table.columns.map((column) => this.name(column));
    const values = table.columns.map((column) => (column === last ? other : this.name(column)));
    let found: (string | null)[] | undefined;
    const sql =
      act === "rekey"
        ? `UPDATE ${this.#table(table)} SET ${this.name(last)} = ${other} WHERE ${where} RETURNING ${texts}`
        : `INSERT INTO ${this.#table(table)} (${names.join(", ")}) OVERRIDING SYSTEM VALUE SELECT ${values.join(", ")} FROM ${this.#table(table)} WHERE ${where} RETURNING ${texts}`;
    const done = await this.#tried(async () => {
      const { rows } = await this.#client.query<(string | null)[]>({ text: sql, rowMode: "array" });
      found = rows[0];
      return rows.length === 1;
    });
    return done && found !== undefined ? found.map((text) => text ?? "") : null;
  }

  async swap(table: PlanTable, first: Row, second: Row, column: PlanColumn): Promise<boolean> {
    const c = this.name(column);
    const name = this.#table(table);
    return await this.#tried(async () => {
      const [a, b] = [
        await this.#value(table, first.where, `${c}::text`),
        await this.#value(table, second.where, `${c}::text`),
      ];
      if (a === b) return false;
      const { rowCount } = await this.#client.query(
        `UPDATE ${name} SET ${c} = (CASE WHEN ${first.where} THEN (SELECT ${c} FROM ${name} WHERE ${second.where}) ELSE (SELECT ${c} FROM ${name} WHERE ${first.where}) END)
          WHERE (${first.where}) OR (${second.where})`,
      );
      return rowCount === 2;
    });
  }

  async putBack(table: PlanTable, row: Row, column: PlanColumn): Promise<boolean> {
    const name = this.#table(table);
    return await this.#tried(async () => {
      if ((await this.#value(table, row.where, `${this.name(column)}::text`)) === null) return false;
      await this.#client.query(
        `CREATE TEMPORARY TABLE kept ON COMMIT DROP AS SELECT * FROM ${name} WHERE ${row.where}`,
      );
      await this.#client.query(`DELETE FROM ${name} WHERE ${row.where}`);
      await this.#client.query(`UPDATE kept SET ${this.name(column)} = NULL`);
      const put = await this.#client.query(`INSERT INTO ${name} OVERRIDING SYSTEM VALUE SELECT * FROM kept`);
      return put.rowCount === 1;
    });
  }

  async copy(table: PlanTable, { where }: Row): Promise<boolean> {
    const name = this.#table(table);
    return await this.#tried(async () => {
      const { rowCount } = await this.#client.query(
        `INSERT INTO ${name} SELECT * FROM ${name} WHERE ${where}`,
      );
      return rowCount === 1;
    });
  }

  #table({ target }: PlanTable): string {
    return `"${this.#schema.replaceAll('"', '""')}"."${target.replaceAll('"', '""')}"`;
  }

  /** As `verify` spells a key's column. */
  #text(column: PlanColumn): string {
    const c = this.name(column);
    if (column.targetType === "bytea") return `encode(${c}, 'hex')`;
    // The source prints all digits of a fraction.
    const { fsp } = column.column;
    return column.targetType.startsWith("timestamp")
      ? `left(to_char(${c}, 'YYYY-MM-DD HH24:MI:SS.US'), ${fsp === 0 ? 19 : 20 + fsp})`
      : `${c}::text`;
  }

  async #value(table: PlanTable, where: string, sql: string): Promise<string | null> {
    const { rows } = await this.#client.query<{ v: string | null }>(
      `SELECT ${sql} AS v FROM ${this.#table(table)} WHERE ${where}`,
    );
    return rows[0]?.v ?? null;
  }

  /** A transaction that stays where the act says so. What the server refuses is undone: a unique key, a check, a range. */
  async #tried(act: () => Promise<boolean>): Promise<boolean> {
    await this.#client.query("BEGIN");
    try {
      const done = await act();
      await this.#client.query(done ? "COMMIT" : "ROLLBACK");
      return done;
    } catch (error) {
      await this.#client.query("ROLLBACK");
      if (error instanceof DatabaseError && /^(22|23)/u.test(error.code ?? "")) return false;
      throw error;
    }
  }
}

/** Never what a new row of the source gets. */
function otherTarget(c: string, { targetType }: PlanColumn, table: string): string | null {
  if (/^(smallint|integer|bigint)$/u.test(targetType))
    return `(SELECT max(o.${c}) + 1001 FROM ${table} AS o)`;
  if (targetType === "bytea") return `${c} || '\\x02'`;
  if (targetType === "date") return `${c} + 364000`;
  if (targetType.startsWith("timestamp")) return `${c} + interval '900 years'`;
  if (targetType === "text" || targetType.startsWith("character varying")) return `${c} || '!'`;
  return null;
}

export class SourceRows implements Rows {
  readonly anything = "TRUE";
  readonly #driver: Connection;
  #triggered: ReadonlySet<string> | null = null;

  constructor(driver: Connection) {
    this.#driver = driver;
  }

  name({ source }: PlanColumn): string {
    return `\`${source.replaceAll("`", "``")}\``;
  }

  /** Where a trigger would do something of its own, or a generated column follow, more would differ than was meant. */
  async mayChange(table: PlanTable): Promise<boolean> {
    this.#triggered ??= new Set(
      (
        await this.#rows(
          "SELECT EVENT_OBJECT_TABLE FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE()",
        )
      ).map(([name]) => name ?? ""),
    );
    return (
      !this.#triggered.has(table.source) &&
      table.key !== null &&
      table.columns.every(({ column }) => column.generated === null)
    );
  }

  async some(table: PlanTable, where: string, seed: number, limit: number): Promise<readonly Row[]> {
    const texts = keyOf(table).map((column) => this.#text(column));
    const found = await this.#rows(
      `SELECT ${texts.join(", ")} FROM ${this.#table(table)} WHERE ${where} ORDER BY SHA2(CONCAT_WS(',', ${texts.join(", ")}, ${seed}), 256) LIMIT ${limit}`,
    );
    return found.map((key) => ({
      key: key.map((text) => text ?? ""),
      where: texts
        .map((text, k) => `BINARY ${text} = BINARY ${this.#driver.escape(key[k] ?? "")}`)
        .join(" AND "),
    }));
  }

  async update(table: PlanTable, { where }: Row, column: PlanColumn, sql: string): Promise<boolean> {
    const c = this.name(column);
    // Bits and bytes are no text; of numbers and the like HEX of the text is as good as the text.
    const seen = `SELECT HEX(CAST(${c} AS ${/bit|blob|binary/u.test(column.column.type) ? "BINARY" : "CHAR"})) FROM ${this.#table(table)} WHERE ${where}`;
    const [before] = await this.#rows(seen);
    const done = await this.#tried(
      `UPDATE ${this.#table(table)} SET ${[`${c} = ${sql}`, ...this.#still(table, column)].join(", ")} WHERE ${where}`,
    );
    const [after] = await this.#rows(seen);
    return done && before?.[0] !== after?.[0];
  }

  async remove(table: PlanTable, { where }: Row): Promise<boolean> {
    return await this.#tried(`DELETE FROM ${this.#table(table)} WHERE ${where}`);
  }

  async otherKey(
    table: PlanTable,
    { where }: Row,
    act: "rekey" | "insert",
  ): Promise<readonly string[] | null> {
    const key = keyOf(table);
    const last = key.at(-1);
    const other = last === undefined ? null : otherSource(this.name(last), last);
    if (last === undefined || other === null || act === "rekey") return null;
    const name = this.#table(table);
    const names = table.columns.map((column) => this.name(column));
    const texts = key.map((column) => this.#text(column)).join(", ");
    const most = await this.#rows(`SELECT MAX(${this.name(last)}) FROM ${name}`);
    const value = other(most[0]?.[0] ?? "0");
    const values = table.columns.map((column) => (column === last ? value : this.name(column)));
    const [kept] = await this.#rows(
      `SELECT ${texts} FROM (SELECT ${values.map((v, k) => `${v} AS ${names[k] ?? ""}`).join(", ")} FROM ${name} WHERE ${where}) AS r`,
    );
    const done = await this.#tried(
      `INSERT INTO ${name} (${names.join(", ")}) SELECT ${values.join(", ")} FROM ${name} WHERE ${where}`,
    );
    return done && kept !== undefined ? kept.map((text) => text ?? "") : null;
  }

  swap(): Promise<boolean> {
    return Promise.resolve(false);
  }

  putBack(): Promise<boolean> {
    return Promise.resolve(false);
  }

  copy(): Promise<boolean> {
    return Promise.resolve(false);
  }

  #table({ source }: PlanTable): string {
    return `\`${source.replaceAll("`", "``")}\``;
  }

  #text(column: PlanColumn): string {
    const c = this.name(column);
    return /binary|blob/u.test(column.column.type) ? `LOWER(HEX(${c}))` : `CAST(${c} AS CHAR)`;
  }

  /** Columns that ON UPDATE would set. */
  #still(table: PlanTable, changed: PlanColumn): string[] {
    return table.columns
      .filter((each) => each !== changed && each.column.onUpdateNow !== null)
      .map((each) => `${this.name(each)} = ${this.name(each)}`);
  }

  async #rows(sql: string): Promise<(string | null)[][]> {
    const [rows] = await this.#driver.query(sql);
    return rows as (string | null)[][];
  }

  /** Whether one row was changed. A unique key, a check or a range that refuses it is an answer too. */
  async #tried(sql: string): Promise<boolean> {
    try {
      const [result] = await this.#driver.query(sql);
      return "affectedRows" in result && result.affectedRows === 1;
    } catch (error) {
      const refused: readonly unknown[] = [1062, 1264, 1265, 1366, 1406, 1048, 1690, 3819, 4025];
      if (error instanceof Error && "errno" in error && refused.includes(error.errno)) return false;
      throw error;
    }
  }
}

function otherSource(c: string, { column }: PlanColumn): ((most: string) => string) | null {
  if (/int$/u.test(column.type)) return (most) => String(BigInt(most) + 1n);
  if (column.type === "varbinary") return () => `CONCAT(${c}, x'01')`;
  if (column.type === "date" || column.type === "datetime") return () => `${c} + INTERVAL 1000 YEAR`;
  if (column.type === "varchar") return () => `CONCAT(${c}, '~')`;
  return null;
}
