/** Rows of the target; a superuser's session in which no trigger and no foreign key acts. */
import { DatabaseError } from "pg";
import type { Client } from "pg";
import type { PlanColumn, PlanTable } from "../../../src/model.js";
import { keyColumns } from "./rows.js";
import type { Row, Rows } from "./rows.js";

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
    const key = keyColumns(table);
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
    const key = keyColumns(table);
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
