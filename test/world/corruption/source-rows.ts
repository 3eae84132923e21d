/** Rows of the source; an administrator's session without foreign keys. Tables where a trigger acts are left alone. */
import type { Connection } from "mysql2/promise";
import type { PlanColumn, PlanTable } from "../../../src/model.js";
import { keyColumns } from "./rows.js";
import type { Row, Rows } from "./rows.js";

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
    const texts = keyColumns(table).map((column) => this.#text(column));
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
    const key = keyColumns(table);
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
