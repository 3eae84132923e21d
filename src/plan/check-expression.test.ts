import { describe, expect, it } from "vitest";
import { jsonValidColumn, translateCheck } from "./check-expression.js";
import { decideTable } from "./columns.js";
import { column } from "../typemap/example-column.js";
import { catalogue, request, table } from "./example-catalogue.js";
import { collectFindings } from "./finding.js";
import { nameSpace } from "./names.js";
import { collectPairs } from "./pair.js";
import { builtInRules } from "../typemap/rules.js";
import { selectTables } from "./select.js";
import { findTies } from "./ties.js";

const source = table("t", [
  column("qty", "int"),
  column("price", "decimal(10,2)"),
  column("ratio", "double"),
  column("flag", "tinyint(1)"),
  column("bits", "bit(8)"),
  column("y", "year"),
  column("name", "varchar(20)"),
  column("from", "date"),
  column("to", "date"),
  column("at", "datetime"),
  column("we`ird", "int"),
]);
const shop = catalogue([source]);
const findings = collectFindings();
const [named] = selectTables(shop, request(), findings);
const decided = decideTable(
  named!,
  {
    catalogue: shop,
    request: request(),
    rules: builtInRules(),
    ties: findTies(shop),
    relations: nameSpace([], "keep"),
    findings,
  },
  collectPairs(),
);

describe("checks that mean the same", () => {
  it.each([
    ["(`qty` > 0)", '("qty" > 0)'],
    ["`qty` >= 0 and `qty` <= 100", '(("qty" >= 0) AND ("qty" <= 100))'],
    ["((`qty` > 0) or (`price` >= -1.50))", '(("qty" > 0) OR ("price" >= -1.50))'],
    ["(`qty` between 1 and 10)", '("qty" BETWEEN 1 AND 10)'],
    ["(`qty` not between 1 and 10)", '("qty" NOT BETWEEN 1 AND 10)'],
    ["(`qty` in (1,2,3))", '("qty" IN (1, 2, 3))'],
    ["(`qty` not in (1,-2))", '("qty" NOT IN (1, -2))'],
    ["(`name` is not null)", '("name" IS NOT NULL)'],
    ["(`qty` is not null)", '("qty" IS NOT NULL)'],
    ["(not((`qty` = 0)))", '(NOT ("qty" = 0))'],
    ["(`qty` <> `price`)", '("qty" <> "price")'],
    ["(`to` >= `from`)", '("to" >= "from")'],
    ["(char_length(`name`) >= 3)", '(char_length("name") >= 3)'],
    ["(`we``ird` != 1)", '("we`ird" <> 1)'],
    ["QTY > 0", '("qty" > 0)'],
    ["(0 < `qty`)", '(0 < "qty")'],
    ["(`ratio` > 0.1)", '("ratio" > 0.1::double precision)'],
    ["(`flag` in (0,1))", '((NOT "flag") OR "flag")'],
    ["(`flag` = 1)", '"flag"'],
    ["(`at` >= `from`)", '("at" >= "from"::timestamp)'],
    ["(`qty` <=> 1)", '("qty" IS NOT DISTINCT FROM 1)'],
    ["(`qty` + 1 > 2)", '(("qty"::bigint + 1::bigint) > 2)'],
    ["(`qty` > 1e3)", `("qty"::double precision > '1e3'::double precision)`],
    ["(`qty`)", '("qty" <> 0)'],
    ["length(`name`) > 3", '(octet_length("name") > 3)'],
  ])("%s becomes %s", (expression, expected) => {
    expect(translateCheck(expression, decided, "mysql")).toEqual({ sql: expected });
  });
});

describe("checks that may not mean the same", () => {
  it.each([
    "(`name` = 'a')",
    "(`name` > 5)",
    "(`bits` > 1)",
    "(`y` > 70)",
    "(`name` = `name` = 1)",
    "(`name` like 'a%')",
    "(`at` > now())",
    "exists(select 1)",
    "max(`qty`) > 1",
    "(`qty` > 0) || (`qty` < 5)",
    "regexp_like(`name`,_utf8mb4\\'^[a-z]+$\\')",
    "(`qty` > 0",
    "(`qty` > 0))",
    "(`nosuch` > 0)",
    "",
    "(`qty` > 0) ; drop table x",
  ])("%s is not translated", (expression) => {
    expect(translateCheck(expression, decided, "mysql")).not.toHaveProperty("sql");
  });
});

it("knows a check that only says JSON", () => {
  expect(jsonValidColumn("json_valid(`doc`)")).toBe("doc");
  expect(jsonValidColumn("(json_valid(`a``b`))")).toBe("a`b");
  expect(jsonValidColumn("json_valid(`doc`) and `qty` > 0")).toBeNull();
});
