/**
 * Whole databases: every row of every planned table as the copy's SELECT sends it, and as the log's before-image of
 * its deletion says it, cell by cell in the protocol's own bytes. So nothing is forgiven that a codec would forgive,
 * and values count that a policy would refuse.
 */
import { openMysql } from "../../connectors/mysql/source.js";
import { tableMap } from "../../connectors/mysql/image/announced.js";
import { imageShape } from "../../connectors/mysql/image/shape.js";
import type { ImageShape } from "../../connectors/mysql/image/shape.js";
import { readImageWorld } from "../../connectors/mysql/image/world.js";
import { Connection } from "../../connectors/mysql/connection.js";
import { Fault } from "../../src/errors.js";
import { planOf } from "../../src/migration.js";
import type { PlanTable, SourceEngine } from "../../src/model.js";
import { codecOf } from "../../src/typemap/compile.js";
import { engineName } from "../world/accounts.js";
import type { SourceName } from "../world/matrix.js";
import { sourceDatabase } from "../world/source-database.js";
import type { SourceDatabase } from "../world/source-database.js";
import { dump } from "./image-dump.js";
import type { Place } from "./image-dump.js";

export interface Compared {
  readonly tables: number;
  readonly rows: number;
  /** Tables that the log cannot be read of, and why. */
  readonly refused: ReadonlyMap<string, string>;
  readonly problems: readonly string[];
}

/** Deletes all rows of the tables and compares. */
export async function compareDeleted(
  source: SourceDatabase,
  engine: SourceEngine,
  tables: readonly PlanTable[],
): Promise<Compared> {
  const copied = new Map<string, readonly string[]>();
  for (const table of tables) copied.set(table.source, await selected(source, engine, table));
  const start = await endOfLog(source);
  await source.sql("SET SESSION foreign_key_checks = 0, sql_log_bin = 1");
  for (const { source: name } of tables) await source.sql(`DELETE FROM \`${name.replaceAll("`", "``")}\``);
  const { deleted, refused } = await fromLog(source, tables, start);
  const problems: string[] = [];
  let rows = 0;
  for (const table of tables) {
    if (refused.has(table.source)) continue;
    const ours = [...(deleted.get(table.source) ?? [])].sort();
    const theirs = [...(copied.get(table.source) ?? [])].sort();
    rows += theirs.length;
    const at = theirs.findIndex((row, i) => row !== ours[i]);
    if (ours.length !== theirs.length || at >= 0)
      problems.push(
        `${table.source}: ${ours.length} rows in the log, ${theirs.length} in the copy\n  log  ${String(ours[at])}\n  copy ${String(theirs[at])}`,
      );
  }
  return { tables: tables.length, rows, refused, problems };
}

async function selected(source: SourceDatabase, engine: SourceEngine, table: PlanTable): Promise<string[]> {
  const codecs = table.columns.map((column) => codecOf(column, engine));
  const select = table.columns.map(({ source: name }, i) =>
    codecs[i]!.select("`" + name.replaceAll("`", "``") + "`"),
  );
  await using opened = await openMysql(source.options);
  await using reader = (await opened.reader(2))!;
  const rows: string[] = [];
  await reader.read(
    { table: table.source, select, key: table.key, range: null, ordered: false },
    {
      row: (packet, start, end) => void rows.push(cells(codecs, packet, start, end)),
      full: () => false,
      drained: () => Promise.resolve(),
    },
    new AbortController().signal,
  );
  return rows;
}

async function fromLog(
  source: SourceDatabase,
  tables: readonly PlanTable[],
  start: Place,
): Promise<{ readonly deleted: Map<string, string[]>; readonly refused: Map<string, string> }> {
  await using connection = await Connection.open(source.options);
  const world = await readImageWorld(connection, tables);
  const { engine } = connection;
  const planned = new Map(tables.map((table) => [table.source.toLowerCase(), table]));
  const shapes = new Map<number, { readonly table: PlanTable; readonly shape: ImageShape }>();
  const deleted = new Map<string, string[]>();
  const refused = new Map<string, string>();
  await dump(source.options, start, {
    tableMap(id, bytes, at, end) {
      const announced = tableMap(bytes, at, end, engine);
      const table = planned.get(announced.table.toLowerCase());
      shapes.delete(id);
      if (announced.database !== source.name || table === undefined) return;
      try {
        shapes.set(id, { table, shape: imageShape(announced, table, world) });
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
        refused.set(table.source, `${error.code}: ${error.message}`);
      }
    },
    rows(id, operation, bytes, at, end) {
      const known = shapes.get(id);
      if (known === undefined || operation === "insert") return;
      const { table, shape } = known;
      const codecs = table.columns.map((column) => codecOf(column, engine));
      const reader = shape.reader(table.columns.map((_, i) => i));
      for (let q = at; q < end;) {
        const stop = shape.end(bytes, q, end);
        // The deletion of a versioned row sets its end.
        const gone = operation === "delete" || shape.historic?.(bytes, q, stop) === false;
        if (gone)
          reader.read(bytes, q, stop, (packet, from, to) => {
            const rows = deleted.get(table.source) ?? [];
            rows.push(cells(codecs, packet, from, to));
            deleted.set(table.source, rows);
          });
        q = operation === "update" ? shape.end(bytes, stop, end) : stop;
      }
    },
  });
  return { deleted, refused };
}

/** The cells of a row in hex, their lengths left out. */
function cells(
  codecs: readonly { readonly cell: { readonly wire: number } }[],
  packet: Buffer,
  start: number,
  end: number,
): string {
  let at = start + 1 + ((codecs.length + 9) >> 3);
  const texts = codecs.map(({ cell }, i) => {
    if ((packet[start + 1 + ((i + 2) >> 3)]! & (1 << ((i + 2) & 7))) !== 0) return "NULL";
    let length = cell.wire;
    if (length === 0) {
      length = packet[at++]!;
      if (length === 0xfc) {
        length = packet.readUInt16LE(at);
        at += 2;
      } else if (length === 0xfd) {
        length = packet.readUIntLE(at, 3);
        at += 3;
      } else if (length === 0xfe) {
        length = packet.readUInt32LE(at);
        at += 8;
      }
    }
    at += length;
    return packet.toString("hex", at - length, at);
  });
  if (at !== end) throw new Error("a row does not end where its cells do");
  return texts.join("|");
}

/** A database made anew whose account may read the log. */
export async function replicated(database: string, name: SourceName): Promise<SourceDatabase> {
  const source = await sourceDatabase(database, name);
  await source.sql("GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO ?@'%'", [engineName(database)]);
  return source;
}

/** Where the log ends now. */
export async function endOfLog(source: SourceDatabase): Promise<Place> {
  const [version] = await source.sql("SELECT VERSION()");
  const modern = /^(?:[89]|\d\d)\./u.test(version?.[0] ?? "") && !/mariadb/iu.test(version?.[0] ?? "");
  const [row] = await source.sql(modern ? "SHOW BINARY LOG STATUS" : "SHOW MASTER STATUS");
  return { file: row?.[0] ?? "", at: Number(row?.[1]) };
}

/** The plan's tables of those names, by the built-in rules alone. */
export async function plannedTables(
  source: SourceDatabase,
  include: readonly string[],
): Promise<readonly PlanTable[]> {
  await using opened = await openMysql(source.options);
  const { tables } = await planOf(await opened.catalogue(new AbortController().signal), {
    migration: "20261122_shop",
    schema: "public",
    include,
    exclude: [],
    rename: {},
    names: "keep",
    rules: [],
    policies: [],
    lanes: "one",
  });
  return tables;
}
