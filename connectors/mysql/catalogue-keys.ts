/**
 * Foreign keys of all tables, in two queries. MariaDB shows them only to an account that has some right beside
 * SELECT on the tables; preflight asks for SHOW VIEW there, because a hidden key would otherwise be lost in silence.
 */
import { Fault } from "../../src/errors.js";
import type { ReferentialAction, SourceForeignKey } from "../../src/model.js";
import { groupBy, required } from "./catalogue-views.js";
import type { InformationSchema } from "./catalogue-views.js";

const actions: ReadonlyMap<string, ReferentialAction> = new Map<string, ReferentialAction>([
  ["RESTRICT", "restrict"],
  ["NO ACTION", "no action"],
  ["CASCADE", "cascade"],
  ["SET NULL", "set null"],
  ["SET DEFAULT", "set default"],
]);

/** Foreign keys by table, in name order. */
export async function readForeignKeys(
  schema: InformationSchema,
  tables: ReadonlySet<string>,
): Promise<ReadonlyMap<string, readonly SourceForeignKey[]>> {
  const rules = await schema.read(
    "REFERENTIAL_CONSTRAINTS",
    ["TABLE_NAME", "CONSTRAINT_NAME", "UPDATE_RULE", "DELETE_RULE"],
    "CONSTRAINT_SCHEMA",
    ["TABLE_NAME", "CONSTRAINT_NAME"],
  );
  const usage = await schema.read(
    "KEY_COLUMN_USAGE",
    [
      "TABLE_NAME",
      "CONSTRAINT_NAME",
      "COLUMN_NAME",
      "ORDINAL_POSITION",
      "REFERENCED_TABLE_SCHEMA",
      "REFERENCED_TABLE_NAME",
      "REFERENCED_COLUMN_NAME",
    ],
    "TABLE_SCHEMA",
    ["TABLE_NAME", "CONSTRAINT_NAME", "ORDINAL_POSITION"],
  );
  const columnsOf = groupBy(
    usage.filter((row) => row.REFERENCED_TABLE_NAME !== null),
    (row) => `${row.TABLE_NAME ?? ""}\0${row.CONSTRAINT_NAME ?? ""}`,
  );
  const groups = groupBy(rules, (row) => required(row.TABLE_NAME, "table name"));
  return new Map(
    [...groups].map(([table, group]) => [
      table,
      group.map((rule): SourceForeignKey => {
        const name = required(rule.CONSTRAINT_NAME, "foreign key name");
        const columns = columnsOf.get(`${table}\0${name}`) ?? [];
        const [first] = columns;
        if (first === undefined)
          throw new Fault(
            "source-refused",
            `The source's catalogue hides the columns of foreign key ${name}.`,
          );
        const database = required(first.REFERENCED_TABLE_SCHEMA, "referenced database");
        return {
          name,
          columns: columns.map((column) => required(column.COLUMN_NAME, "column name")),
          referencedDatabase: sameName(database, schema.database) ? null : database,
          referencedTable: spelledAs(required(first.REFERENCED_TABLE_NAME, "referenced table"), tables),
          referencedColumns: columns.map((column) =>
            required(column.REFERENCED_COLUMN_NAME, "referenced column"),
          ),
          onDelete: actionOf(rule.DELETE_RULE),
          onUpdate: actionOf(rule.UPDATE_RULE),
        };
      }),
    ]),
  );
}

function actionOf(rule: string | null): ReferentialAction {
  const action = actions.get(rule ?? "");
  if (action === undefined)
    throw new Fault("source-refused", `Headgate does not know the foreign key action ${rule ?? "NULL"}.`);
  return action;
}

function sameName(one: string, other: string): boolean {
  return one === other || one.toLowerCase() === other.toLowerCase();
}

/** With lower_case_table_names=2 the key may spell its table otherwise than the table itself. */
function spelledAs(name: string, tables: ReadonlySet<string>): string {
  if (tables.has(name)) return name;
  const lower = name.toLowerCase();
  return [...tables].find((table) => table.toLowerCase() === lower) ?? name;
}
