/**
 * Everything that the catalogue of one MySQL or MariaDB database says, as plain data: the plan is a function of it
 * and the config, so two readings of an unchanged database are equal, in order too. About a dozen queries for the
 * whole database, however many tables it has; only what the catalogue cannot print is asked for table by table.
 */
import type { Catalogue, SourceTable } from "../../src/model.js";
import { readAccounts } from "./catalogue-accounts.js";
import { readChecks } from "./catalogue-checks.js";
import { readColumns, readViewColumns } from "./catalogue-columns.js";
import { ExpressionMender } from "./catalogue-expressions.js";
import { readIndexes } from "./catalogue-indexes.js";
import { readForeignKeys } from "./catalogue-keys.js";
import { readObjects } from "./catalogue-objects.js";
import { markPeriods } from "./catalogue-periods.js";
import { withViews } from "./catalogue-view-facts.js";
import { InformationSchema, groupBy, numberOf, required } from "./catalogue-views.js";
import type { Named } from "./catalogue-views.js";
import type { Connection } from "./connection.js";
import { readPatiently } from "./locked.js";

const views = [
  "TABLES",
  "COLUMNS",
  "STATISTICS",
  "KEY_COLUMN_USAGE",
  "REFERENTIAL_CONSTRAINTS",
  "TABLE_CONSTRAINTS",
  "CHECK_CONSTRAINTS",
  "PARTITIONS",
  "GEOMETRY_COLUMNS",
  "VIEWS",
  "ROUTINES",
  "TRIGGERS",
  "EVENTS",
  "USER_PRIVILEGES",
  "SCHEMA_PRIVILEGES",
  "TABLE_PRIVILEGES",
  "COLUMN_PRIVILEGES",
];

const tableColumns = [
  "TABLE_NAME",
  "TABLE_TYPE",
  "ENGINE",
  "TABLE_ROWS",
  "DATA_LENGTH",
  "INDEX_LENGTH",
  "AUTO_INCREMENT",
  "TABLE_COLLATION",
  "TABLE_COMMENT",
] as const;

type TableRow = Named<(typeof tableColumns)[number]>;

/** Types of TABLES that hold rows. Filtering on BASE TABLE alone loses MariaDB's versioned tables. */
const rowTypes = new Set(["BASE TABLE", "SYSTEM VERSIONED"]);

/** Reads the catalogue of the session's database. Faults: connection-lost, source-refused, source-busy, and the signal's own. */
export async function readCatalogue(connection: Connection, signal?: AbortSignal): Promise<Catalogue> {
  return await readPatiently(connection, () => readAll(connection, signal));
}

async function readAll(connection: Connection, signal: AbortSignal | undefined): Promise<Catalogue> {
  const schema = await InformationSchema.open(connection, views, signal);
  const rows = await schema.read("TABLES", tableColumns, "TABLE_SCHEMA", ["TABLE_NAME"]);
  const tables = rows.filter((row) => rowTypes.has(row.TABLE_TYPE ?? ""));
  const sequences = rows.filter((row) => row.TABLE_TYPE === "SEQUENCE");
  const names = new Set(tables.map((row) => required(row.TABLE_NAME, "table name")));
  const mender = new ExpressionMender(connection, signal);
  const { checks, isJson } = await readChecks(schema, mender);
  const indexes = await markPeriods(connection, await readIndexes(schema), checks, signal);
  const primaryKeyOf = (table: string): readonly string[] =>
    indexes
      .get(table)
      ?.find((index) => index.primary)
      ?.parts.flatMap(({ column }) => column ?? []) ?? [];
  const isTable = (table: string): boolean => names.has(table);
  const columns = await readColumns(connection, schema, isTable, isJson, mender, primaryKeyOf);
  const foreignKeys = await readForeignKeys(schema, names);
  const partitionings = await readPartitionings(schema);
  const objects = await readObjects(
    connection,
    schema,
    sequences.map((row) => required(row.TABLE_NAME, "sequence name")),
  );
  const viewColumns = objects.some(({ kind }) => kind === "view")
    ? await readViewColumns(schema, (table) =>
        objects.some(({ kind, name }) => kind === "view" && name === table),
      )
    : new Map<string, never>();
  const read = (row: TableRow): SourceTable => {
    const name = required(row.TABLE_NAME, "table name");
    return {
      name,
      engine: row.ENGINE ?? "",
      estimatedRows: numberOf(row.TABLE_ROWS) ?? 0,
      dataBytes: numberOf(row.DATA_LENGTH) ?? 0,
      indexBytes: numberOf(row.INDEX_LENGTH) ?? 0,
      comment: row.TABLE_COMMENT ?? "",
      charset: charsetOf(row.TABLE_COLLATION),
      collation: row.TABLE_COLLATION,
      autoIncrement: row.AUTO_INCREMENT,
      columns: columns.get(name) ?? [],
      indexes: indexes.get(name) ?? [],
      foreignKeys: foreignKeys.get(name) ?? [],
      checks: checks.get(name) ?? [],
      partitioning: partitionings.get(name) ?? null,
      systemVersioned: row.TABLE_TYPE === "SYSTEM VERSIONED",
    };
  };
  return {
    database: schema.database,
    engine: connection.engine,
    version: connection.version,
    tables: tables.map(read).sort((one, other) => (one.name < other.name ? -1 : 1)),
    objects: await withViews(connection, schema, objects, viewColumns),
    accounts: await readAccounts(connection, schema),
  };
}

async function readPartitionings(
  schema: InformationSchema,
): Promise<ReadonlyMap<string, NonNullable<SourceTable["partitioning"]>>> {
  const rows = await schema.read(
    "PARTITIONS",
    [
      "TABLE_NAME",
      "PARTITION_NAME",
      "PARTITION_METHOD",
      "PARTITION_ORDINAL_POSITION",
      "PARTITION_EXPRESSION",
      "PARTITION_DESCRIPTION",
      "SUBPARTITION_NAME",
    ],
    "TABLE_SCHEMA",
    ["TABLE_NAME", "PARTITION_ORDINAL_POSITION"],
  );
  const partitioned = rows.filter((row) => row.PARTITION_NAME !== null && row.PARTITION_METHOD !== null);
  const groups = groupBy(partitioned, (row) => required(row.TABLE_NAME, "table name"));
  return new Map(
    [...groups].map(([table, group]) => {
      // A partition stands there once for each of its subpartitions.
      const bounds = new Map(
        group.map((row) => [required(row.PARTITION_NAME, "partition name"), row.PARTITION_DESCRIPTION]),
      );
      return [
        table,
        {
          method: group[0]?.PARTITION_METHOD ?? "",
          partitions: [...bounds.keys()],
          expression: group[0]?.PARTITION_EXPRESSION ?? null,
          bounds: [...bounds.values()],
          subpartitioned: group.some((row) => row.SUBPARTITION_NAME !== null),
        },
      ];
    }),
  );
}

/** A collation's name begins with its character set's. */
function charsetOf(collation: string | null): string | null {
  return collation === null ? null : (collation.split("_", 1)[0] ?? null);
}
