/**
 * The plumbing of way-back.test.ts: tuples that PostgreSQL itself makes, the lane that writes them back, and the bytes
 * that the source gives forward afterwards, read by the product's own reader and encoder.
 */
import type { Connection } from "mysql2/promise";
import type pg from "pg";
import { to as copyTo } from "pg-copy-streams";
import { reverseLedger } from "../../connectors/mysql/apply/ledger.js";
import type { ReverseLedger } from "../../src/cutover-port.js";
import type { Plan, PlanTable, SourceEngine } from "../../src/model.js";
import type { LaneWriter, StatementGroup, TableChanges, Tuples } from "../../src/stream-port.js";
import { codecOf } from "../../src/typemap/compile.js";
import { syntheticPlan } from "../world/synthetic.js";
import { encoded, fieldsOf, optionsOf } from "./codec-world.js";

export const none: Tuples = { rows: 0, bytes: 0, chunks: [] };

/** Rows of a query as PostgreSQL's own binary form. */
export async function targetTuples(target: pg.Client, sql: string): Promise<Tuples> {
  const stream = target.query(copyTo(`COPY (${sql}) TO STDOUT (FORMAT binary)`));
  const pieces: Buffer[] = [];
  for await (const piece of stream) if (Buffer.isBuffer(piece)) pieces.push(piece);
  const bytes = Buffer.concat(pieces).subarray(19, -2);
  return { rows: stream.rowCount, bytes: bytes.length, chunks: [bytes] };
}

export function planOf(database: string, tables: readonly PlanTable[]): Plan {
  return { ...syntheticPlan([]), database, lanes: ["one"], tables, before: [], after: [] };
}

export function changesOf(table: PlanTable, lists: Partial<TableChanges>): StatementGroup {
  return {
    kind: "rows",
    strict: true,
    changes: [{ table, deletes: none, updates: none, inserts: none, touched: none, ...lists }],
  };
}

/** The lane of the way back, which is one for all batches: what was refused is aborted, and the next one begins. */
export class BackWriter implements AsyncDisposable {
  readonly #ledger: ReverseLedger;
  readonly #migration: string;
  readonly #lane: LaneWriter;

  private constructor(ledger: ReverseLedger, migration: string, lane: LaneWriter) {
    this.#ledger = ledger;
    this.#migration = migration;
    this.#lane = lane;
  }

  static async open(url: string, plan: Plan): Promise<BackWriter> {
    const { migration, database } = plan;
    const ledger = reverseLedger(optionsOf(url, database), migration);
    await ledger.prepare(plan);
    await ledger.claim(plan, "1");
    return new BackWriter(ledger, migration, await ledger.lane(plan, "1"));
  }

  async write(groups: readonly StatementGroup[]): Promise<void> {
    const { seq } = await this.#lane.checkpoint();
    const batch = await this.#lane.begin(seq);
    try {
      for (const group of groups) await batch.write(group);
    } catch (error) {
      await batch.abort();
      throw error;
    }
    await batch.commit({ kind: "file", file: "1", offset: "4711" });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lane[Symbol.asyncDispose]();
    await this.#ledger.drop(this.#migration);
  }
}

/** What the source gives forward of a table, in key order, row by row. */
export async function forward(
  url: string,
  table: PlanTable,
  engine: SourceEngine,
  database: string,
): Promise<(Buffer | null)[][]> {
  const select = table.columns.map((column) => codecOf(column, engine).select(`\`${column.source}\``));
  return fieldsOf(await encoded(url, table, engine, select, database));
}

/** Each cell as the source keeps it, in hex; of FLOAT and DOUBLE as the digits of a double. */
export async function stored(
  source: Connection,
  name: string,
  table: PlanTable,
): Promise<readonly (readonly (string | null)[])[]> {
  const cells = table.columns.map(({ source: column, column: { type } }) =>
    type === "float" || type === "double"
      ? `CONCAT(\`${column}\`+0e0)`
      : type === "bit"
        ? `CONCAT(\`${column}\`+0)`
        : type === "enum" || type === "set"
          ? `CONCAT(CAST(\`${column}\` AS UNSIGNED))`
          : /^(?:char|varchar|\w*text|json)$/.test(type)
            ? `HEX(CAST(\`${column}\` AS BINARY))`
            : /^(?:uuid|inet.)$/.test(type)
              ? `CAST(\`${column}\` AS CHAR)`
              : `HEX(\`${column}\`)`,
  );
  const [rows] = await source.query({
    sql: `SELECT ${cells.join(", ")} FROM \`${name}\` ORDER BY id`,
    rowsAsArray: true,
    typeCast: (field) => field.string(),
  });
  return rows as (string | null)[][];
}
