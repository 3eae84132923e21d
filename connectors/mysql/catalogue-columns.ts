/**
 * Columns of all tables out of information_schema.COLUMNS, in one query. COLUMN_TYPE is kept exactly and also taken
 * apart; defaults, generated expressions and invisibility are read in each server's own form. MariaDB's JSON is a
 * LONGTEXT that its own CHECK makes JSON, so the checks are handed in and tell which columns those are.
 */
import type { ColumnDefault, SourceColumn } from "../../src/model.js";
import { isSuspect, mariadbDefault, mysqlDefault, onUpdateNow } from "./catalogue-defaults.js";
import type { DefaultForm } from "./catalogue-defaults.js";
import { trueDefaults } from "./catalogue-true-defaults.js";
import type { SuspectDefault } from "./catalogue-true-defaults.js";
import type { ExpressionMender } from "./catalogue-expressions.js";
import { trueLabels } from "./catalogue-labels.js";
import { groupBy, numberOf, required } from "./catalogue-views.js";
import type { InformationSchema, Named } from "./catalogue-views.js";
import { parseColumnType } from "./column-type.js";
import type { ColumnType } from "./column-type.js";
import type { Connection } from "./connection.js";
import { mysqlExpression } from "./sql-text.js";

const wanted = [
  "TABLE_NAME",
  "COLUMN_NAME",
  "ORDINAL_POSITION",
  "COLUMN_DEFAULT",
  "IS_NULLABLE",
  "DATA_TYPE",
  "CHARACTER_SET_NAME",
  "COLLATION_NAME",
  "COLUMN_TYPE",
  "EXTRA",
  "COLUMN_COMMENT",
  "GENERATION_EXPRESSION",
  "SRS_ID",
] as const;

type ColumnRow = Named<(typeof wanted)[number]>;

const binaryTypes = new Set(["binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"]);

interface Found {
  readonly table: string;
  readonly column: SourceColumn;
  readonly form: DefaultForm;
}

/** Columns by table, in ordinal order. `isJson` tells MariaDB's JSON columns. */
export async function readColumns(
  connection: Connection,
  schema: InformationSchema,
  isTable: (table: string) => boolean,
  isJson: (table: string, column: string) => boolean,
  mender: ExpressionMender,
  primaryKeyOf: (table: string) => readonly string[],
): Promise<ReadonlyMap<string, readonly SourceColumn[]>> {
  const rows = await schema.read("COLUMNS", wanted, "TABLE_SCHEMA", ["TABLE_NAME", "ORDINAL_POSITION"]);
  const srids = await readSrids(schema);
  const found = rows
    .filter((row) => isTable(required(row.TABLE_NAME, "table name")))
    .map((row) => readColumn(schema, row, isJson, srids));
  const defaults = await trueDefaults(
    connection,
    found.filter(suspect).map(asSuspect),
    primaryKeyOf,
    schema.signal,
  );
  const labels = await trueLabels(
    connection,
    found.map(({ table, column }) => ({ table, column })),
    schema.signal,
  );
  const mended: { readonly table: string; readonly column: SourceColumn }[] = [];
  for (const { table, column } of found) {
    const { generated } = column;
    const known = defaults.get(table)?.get(column.name) ?? column.default;
    mended.push({
      table,
      column: {
        ...column,
        default:
          known.kind === "expression"
            ? { ...known, text: await mender.mend(table, known.text, column.name) }
            : known,
        generated:
          generated === null
            ? null
            : { ...generated, expression: await mender.mend(table, generated.expression, column.name) },
        labels: labels.get(table)?.get(column.name) ?? column.labels,
      },
    });
  }
  const groups = groupBy(mended, (each) => each.table);
  return new Map([...groups].map(([table, group]) => [table, group.map((each) => each.column)]));
}

/** Columns of views by view, in order. Their defaults are those of the tables behind them and mean nothing here. */
export async function readViewColumns(
  schema: InformationSchema,
  isView: (table: string) => boolean,
): Promise<ReadonlyMap<string, readonly SourceColumn[]>> {
  const rows = await schema.read("COLUMNS", wanted, "TABLE_SCHEMA", ["TABLE_NAME", "ORDINAL_POSITION"]);
  const found = rows
    .filter((row) => isView(required(row.TABLE_NAME, "table name")))
    .map((row) => readColumn(schema, row, () => false, new Map()));
  const groups = groupBy(found, (each) => each.table);
  return new Map(
    [...groups].map(([view, group]) => [
      view,
      group.map(({ column }): SourceColumn => ({ ...column, default: { kind: "none" }, generated: null })),
    ]),
  );
}

function readColumn(
  schema: InformationSchema,
  row: ColumnRow,
  isJson: (table: string, column: string) => boolean,
  srids: ReadonlyMap<string, number>,
): Found {
  const table = required(row.TABLE_NAME, "table name");
  const name = required(row.COLUMN_NAME, "column name");
  const columnType = required(row.COLUMN_TYPE, "column type");
  const extra = row.EXTRA ?? "";
  const type = parseColumnType(columnType);
  const expression = row.GENERATION_EXPRESSION ?? "";
  const form: DefaultForm = {
    columnDefault: row.COLUMN_DEFAULT,
    extra,
    nullable: row.IS_NULLABLE === "YES",
    generated: expression !== "",
    binary: binaryTypes.has(type.type),
    type,
  };
  const column: SourceColumn = {
    name,
    ordinal: numberOf(row.ORDINAL_POSITION) ?? 0,
    columnType,
    ...spelled(type, isJson(table, name)),
    charset: row.CHARACTER_SET_NAME,
    collation: row.COLLATION_NAME,
    nullable: form.nullable,
    default: defaultOf(schema, form),
    onUpdateNow: onUpdateNow(extra),
    generated:
      expression === ""
        ? null
        : {
            expression: schema.engine === "mysql" ? mysqlExpression(expression) : expression,
            stored: /STORED|PERSISTENT/iu.test(extra),
          },
    autoIncrement: /\bauto_increment\b/iu.test(extra),
    invisible: /\bINVISIBLE\b/iu.test(extra),
    comment: row.COLUMN_COMMENT ?? "",
    srid: numberOf(row.SRS_ID) ?? srids.get(table + "\0" + name) ?? null,
  };
  return { table, column, form };
}

function spelled(type: ColumnType, json: boolean): ColumnType {
  return json ? { ...type, type: "json" } : type;
}

function defaultOf(schema: InformationSchema, form: DefaultForm): ColumnDefault {
  return schema.engine === "mariadb" ? mariadbDefault(form) : mysqlDefault(form);
}

function suspect({ column, form }: Found): boolean {
  return isSuspect(column.default, form);
}

function asSuspect({ table, column, form }: Found): SuspectDefault {
  const printed = form.columnDefault ?? "";
  return { table, column: column.name, binary: form.binary, charset: column.charset, printed };
}

/** MariaDB keeps a geometry column's reference system in a view of its own, where 0 says "any". */
async function readSrids(schema: InformationSchema): Promise<ReadonlyMap<string, number>> {
  if (schema.has("COLUMNS", "SRS_ID")) return new Map();
  const rows = await schema.read(
    "GEOMETRY_COLUMNS",
    ["G_TABLE_NAME", "G_GEOMETRY_COLUMN", "SRID"],
    "G_TABLE_SCHEMA",
  );
  const known = rows.map((row): [string, number] => [
    `${row.G_TABLE_NAME ?? ""}\0${row.G_GEOMETRY_COLUMN ?? ""}`,
    numberOf(row.SRID) ?? 0,
  ]);
  return new Map(known.filter(([, srid]) => srid !== 0));
}
