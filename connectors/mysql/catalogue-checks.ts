/**
 * CHECK constraints of all tables. MySQL names them per database and tells in another view whose they are and
 * whether they are enforced; MariaDB names them per table and also has CHECKs of a column, under the column's name.
 * MariaDB's JSON is such a CHECK: `json_valid(column)` on a column is told as its type and left out of the checks.
 */
import type { SourceCheck } from "../../src/model.js";
import type { ExpressionMender } from "./catalogue-expressions.js";
import { groupBy, required } from "./catalogue-views.js";
import type { InformationSchema } from "./catalogue-views.js";
import { mysqlExpression } from "./sql-text.js";

export interface Checks {
  /** By table, in name order. */
  readonly checks: ReadonlyMap<string, readonly SourceCheck[]>;
  readonly isJson: (table: string, column: string) => boolean;
}

export async function readChecks(schema: InformationSchema, mender: ExpressionMender): Promise<Checks> {
  return schema.engine === "mariadb" ? readMariadb(schema, mender) : readMysql(schema);
}

async function readMysql(schema: InformationSchema): Promise<Checks> {
  const clauses = await schema.read(
    "CHECK_CONSTRAINTS",
    ["CONSTRAINT_NAME", "CHECK_CLAUSE"],
    "CONSTRAINT_SCHEMA",
  );
  const owners =
    clauses.length === 0
      ? []
      : await schema.read(
          "TABLE_CONSTRAINTS",
          ["TABLE_NAME", "CONSTRAINT_NAME", "CONSTRAINT_TYPE", "ENFORCED"],
          "TABLE_SCHEMA",
          ["TABLE_NAME", "CONSTRAINT_NAME"],
        );
  const clauseOf = new Map(clauses.map((row) => [row.CONSTRAINT_NAME, row.CHECK_CLAUSE]));
  const groups = groupBy(
    owners.filter((row) => row.CONSTRAINT_TYPE === "CHECK"),
    (row) => required(row.TABLE_NAME, "table name"),
  );
  const checks = [...groups].map(([table, group]): [string, readonly SourceCheck[]] => [
    table,
    group.map((row) => ({
      name: required(row.CONSTRAINT_NAME, "constraint name"),
      expression: mysqlExpression(required(clauseOf.get(row.CONSTRAINT_NAME) ?? null, "check clause")),
      enforced: row.ENFORCED !== "NO",
    })),
  ]);
  return { checks: new Map(checks), isJson: () => false };
}

async function readMariadb(schema: InformationSchema, mender: ExpressionMender): Promise<Checks> {
  const rows = await schema.read(
    "CHECK_CONSTRAINTS",
    ["TABLE_NAME", "CONSTRAINT_NAME", "LEVEL", "CHECK_CLAUSE"],
    "CONSTRAINT_SCHEMA",
    ["TABLE_NAME", "CONSTRAINT_NAME", "LEVEL"],
  );
  const json = new Set<string>();
  const kept: { readonly table: string; readonly check: SourceCheck }[] = [];
  for (const row of rows) {
    const table = required(row.TABLE_NAME, "table name");
    const name = required(row.CONSTRAINT_NAME, "constraint name");
    const expression = await mender.mend(table, required(row.CHECK_CLAUSE, "check clause"), name);
    if (row.LEVEL === "Column" && expression === `json_valid(\`${name.replaceAll("`", "``")}\`)`)
      json.add(table + "\0" + name);
    else kept.push({ table, check: { name, expression, enforced: true } });
  }
  const groups = groupBy(kept, (each) => each.table);
  return {
    checks: new Map([...groups].map(([table, group]) => [table, group.map((each) => each.check)])),
    isJson: (table, column) => json.has(table + "\0" + column),
  };
}
