/** Sources that cannot be followed over Kafka, by what they say of themselves and by the plan. */
import { expect, it } from "vitest";
import type { Plan, PlanForeignKey, ServerFacts } from "../../src/model.js";
import { sourceFindings } from "./source-findings.js";

const facts = (engine: ServerFacts["engine"], settings: Readonly<Record<string, string>>): ServerFacts => ({
  engine,
  version: "9",
  identity: "i",
  database: "shop",
  settings,
});
const strict = { gtid_strict_mode: "ON" };
const on = { gtid_mode: "ON", innodb_native_foreign_keys: "OFF" };

const plan = (onDelete: PlanForeignKey["onDelete"]): Plan => ({
  version: 1,
  migration: "m",
  database: "shop",
  schema: "public",
  fingerprint: "",
  lanes: ["main"],
  before: [],
  after: [],
  findings: [],
  tables: [
    {
      source: "child",
      target: "child",
      lane: "main",
      key: null,
      columns: [],
      estimatedRows: 0,
      estimatedBytes: 0,
      exactCut: false,
      foreignKeys: [
        {
          name: "fk",
          columns: ["p"],
          referencedTable: "parent",
          referencedColumns: ["id"],
          onDelete,
          onUpdate: "restrict",
          orphans: "refuse",
        },
      ],
    },
  ],
});

it.each<[string, ServerFacts, PlanForeignKey["onDelete"], readonly string[]]>([
  ["MySQL with GTIDs that logs what foreign keys do", facts("mysql", on), "cascade", []],
  [
    "MySQL that does not log them",
    facts("mysql", { gtid_mode: "ON" }),
    "set null",
    ["kafka-cascade-not-told"],
  ],
  ["the same without a key that acts", facts("mysql", { gtid_mode: "ON" }), "restrict", []],
  [
    "MySQL without GTIDs",
    facts("mysql", { ...on, gtid_mode: "ON_PERMISSIVE" }),
    "restrict",
    ["kafka-needs-gtids"],
  ],
  [
    "MySQL that packs its transactions",
    facts("mysql", { ...on, binlog_transaction_compression: "ON" }),
    "cascade",
    ["kafka-packed"],
  ],
  ["MySQL that does not know them", facts("mysql", {}), "no action", ["kafka-needs-gtids"]],
  ["MariaDB", facts("mariadb", strict), "restrict", []],
  ["MariaDB with a key that acts", facts("mariadb", strict), "cascade", ["kafka-cascade-not-told"]],
])("%s", (_, said, onDelete, codes) => {
  expect(sourceFindings(said, plan(onDelete)).map(({ code }) => code)).toEqual(codes);
});

it("numbers of MariaDB that may be given away again are warned of", () => {
  const found = (mode: Readonly<Record<string, string>>): readonly unknown[] =>
    sourceFindings(facts("mariadb", mode), { ...plan("restrict"), tables: [] });
  const warning = { code: "kafka-not-strict", severity: "warning", object: "server.gtid_strict_mode" };
  expect(found({ gtid_strict_mode: "OFF" })).toMatchObject([warning]);
  expect(found({})).toMatchObject([warning]);
  expect(found({ gtid_strict_mode: "ON" })).toEqual([]);
});
