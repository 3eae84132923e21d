/**
 * The plumbing of the image tests: the log from a position on, its rows read by the product's image shapes and written
 * by the codecs, row for row the bytes of PostgreSQL's COPY. An account of its own replicates; everything else is the
 * engine's.
 */
import { createConnection } from "mysql2/promise";
import type { Connection as Driver } from "mysql2/promise";
import { Connection } from "../../connectors/mysql/connection.js";
import type { MysqlOptions } from "../../connectors/mysql/connection.js";
import { tableMap } from "../../connectors/mysql/image/announced.js";
import { imageShape } from "../../connectors/mysql/image/shape.js";
import type { ImageShape } from "../../connectors/mysql/image/shape.js";
import { readImageWorld } from "../../connectors/mysql/image/world.js";
import type { ImageWorld } from "../../connectors/mysql/image/world.js";
import type { PlanTable, SourceEngine } from "../../src/model.js";
import type { ChangeOperation, RowImages } from "../../src/stream-port.js";
import { codecOf } from "../../src/typemap/compile.js";
import { Output } from "../../src/typemap/output.js";
import { RowWriter } from "../../src/typemap/writer.js";
import { engineName, makeSourceAccount } from "../world/accounts.js";
import { serversAreNamed, testSources } from "../world/matrix.js";
import type { SourceName } from "../world/matrix.js";
import { database, encoded, fieldsOf } from "./codec-world.js";
import { dump } from "./image-dump.js";
import type { Place } from "./image-dump.js";

/** All three kinds of log, unless somebody said which servers. */
export const imageSources: readonly SourceName[] = serversAreNamed
  ? testSources
  : ["mysql9", "mysql56", "mariadb"];

/** The fields of a row, as PostgreSQL takes them; null is NULL. */
export type Fields = readonly (Buffer | null)[];

export interface LoggedChange {
  readonly operation: ChangeOperation;
  readonly before: Fields | null;
  readonly after: Fields | null;
}

export async function logEnd(admin: Driver): Promise<Place> {
  for (const sql of ["SHOW BINARY LOG STATUS", "SHOW MASTER STATUS"])
    try {
      const [rows] = await admin.query({ sql, rowsAsArray: true });
      const [file, at] = (rows as unknown[][])[0]!;
      return { file: String(file), at: Number(at) };
    } catch (error) {
      if (!(error instanceof Error && "errno" in error && error.errno === 1064)) throw error;
    }
  throw new Error("the server tells no place of its log");
}

/** Changes of one table since `from`, through shapes made with `table`. */
export async function changesOf(
  options: MysqlOptions,
  engine: SourceEngine,
  table: PlanTable,
  from: Place,
  onImage?: (shape: ImageShape, bytes: Buffer, start: number, end: number) => void,
  onAnnounced?: (body: Buffer, world: ImageWorld) => void,
): Promise<LoggedChange[]> {
  await using connection = await Connection.open(options);
  const world = await readImageWorld(connection, [table]);
  const fields = fieldReader(table, engine);
  const shapes = new Map<number, ImageShape>();
  const changes: LoggedChange[] = [];
  await dump(options, from, {
    tableMap(id, bytes, start, end) {
      const announced = tableMap(bytes, start, end, engine);
      if (announced.database !== options.database || announced.table !== table.source) shapes.delete(id);
      else {
        shapes.set(id, imageShape(announced, table, world));
        onAnnounced?.(bytes.subarray(start, end), world);
      }
    },
    rows(id, operation, bytes, start, end) {
      const shape = shapes.get(id);
      if (shape === undefined) return;
      const next = (at: number): readonly [Fields, number] => {
        const stop = shape.end(bytes, at, end);
        onImage?.(shape, bytes, at, stop);
        return [fields(shape, bytes, at, stop), stop];
      };
      for (let at = start; at < end;) {
        let before: Fields | null = null;
        let after: Fields | null = null;
        if (operation !== "insert") [before, at] = next(at);
        if (operation !== "delete") [after, at] = next(at);
        changes.push({ operation, before, after });
      }
    },
  });
  return changes;
}

/** Reads images into fields by the table's own codecs; `order` are places in its columns. */
export function fieldReader(
  table: PlanTable,
  engine: SourceEngine,
  order: readonly number[] = table.columns.map((_, i) => i),
): (shape: Pick<RowImages, "reader">, bytes: Buffer, start: number, end: number) => Fields {
  const codecs = order.map((column) => codecOf(table.columns[column]!, engine));
  const out = new Output(null, codecs.length, 65_536);
  const writer = new RowWriter(
    codecs.map(({ cell }) => cell),
    out,
  );
  return (shape, bytes, start, end) => {
    out.at = 0;
    shape.reader(order).read(bytes, start, end, (packet, from, to) => writer.row(packet, from, to));
    const row: (Buffer | null)[] = [];
    for (let at = 2; row.length < codecs.length;) {
      const length = out.bytes.readInt32BE(at);
      at += 4;
      row.push(length < 0 ? null : Buffer.from(out.bytes.subarray(at, at + length)));
      at += Math.max(0, length);
    }
    return row;
  };
}

/** The first difference of two rows, for people; null where there is none. */
export function firstDifference(table: PlanTable, ours: Fields, theirs: Fields): string | null {
  for (const [i, { sourceType, targetType, source }] of table.columns.entries()) {
    const [a, b] = [ours[i] ?? null, theirs[i] ?? null];
    if (a === null ? b === null : b !== null && a.equals(b)) continue;
    return `${source} ${sourceType} -> ${targetType}: log ${shown(a)}, copy ${shown(b)}`;
  }
  return null;
}

function shown(field: Buffer | null): string {
  return field === null ? "NULL" : `${field.toString("hex").slice(0, 200)} (${field.length} bytes)`;
}

/** The rows of table t as the copy reads them, in the order of its key. */
export async function copiedRows(url: string, table: PlanTable, engine: SourceEngine): Promise<Fields[]> {
  const select = table.columns.map((column) => codecOf(column, engine).select("`" + column.source + "`"));
  return fieldsOf(await encoded(url, table, engine, select));
}

/** The database of codec-world.ts made anew, with an administrator's session and an account that may replicate. */
export async function freshDatabase(url: string): Promise<AsyncDisposable & { readonly driver: Driver }> {
  const driver = await createConnection({ uri: url, charset: "utf8mb4" });
  await driver.query(`DROP DATABASE IF EXISTS ${database}`);
  await driver.query(`CREATE DATABASE ${database} CHARACTER SET utf8mb4`);
  await driver.query(`USE ${database}`);
  await makeSourceAccount(driver, database);
  await driver.query(`GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO ?@'%'`, [engineName(database)]);
  await driver.query(
    "SET NAMES utf8mb4, time_zone='+00:00', sql_mode='NO_ENGINE_SUBSTITUTION,ALLOW_INVALID_DATES'",
  );
  return {
    driver,
    async [Symbol.asyncDispose]() {
      await driver.query(`DROP DATABASE IF EXISTS ${database}`);
      await driver.end();
    },
  };
}
