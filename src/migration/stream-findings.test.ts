/** A foreign key's actions that the log leaves out, and lanes: what one lane's batch would do to another lane's rows has no order. */
import { describe, expect, it } from "vitest";
import type { Inspection } from "../migration.js";
import { catalogue, counter, foreign, index, request, table } from "../plan/example-catalogue.js";
import { plan } from "../plan/plan.js";
import type { PlanRequest } from "../plan/request.js";
import { column } from "../typemap/example-column.js";
import { forRecopy, forStream } from "./stream-findings.js";
import { firstCut } from "./tied.js";

const shop = catalogue([
  table("users", [counter()], { indexes: [index("PRIMARY", ["id"])] }),
  table("orders", [counter(), column("user_id", "int")], {
    indexes: [index("PRIMARY", ["id"]), index("own", ["user_id"])],
    foreignKeys: [foreign("own", "user_id", "users", "id", { onDelete: "cascade" })],
  }),
]);

function inspected(lanes: PlanRequest["lanes"], native: string): Inspection {
  const server = {
    engine: "mysql",
    version: "9.7.4",
    identity: "s",
    database: "shop",
    settings: { innodb_native_foreign_keys: native },
  } as const;
  const made = plan(shop, request({ lanes }));
  return {
    source: server,
    target: { ...server, engine: "postgres" },
    catalogue: shop,
    plan: made,
    findings: [],
  };
}

describe("the rights of an exact cut", () => {
  const lacking = { code: "grant-reload", severity: "info", object: "account.hg@%" } as const;
  const found = (native: string): Inspection => ({
    ...inspected("one", native),
    findings: [{ ...lacking, sentence: "", fix: "", count: 1, sampleKeys: [] }],
  });
  const severities = ({ findings }: Inspection): readonly string[] =>
    findings.map(({ severity }) => severity);

  it("stop a run whose tables are tied below the log, and every recopy", () => {
    expect(firstCut(found("ON").plan.tables, found("ON").source)).toBe("stream");
    expect(firstCut(found("OFF").plan.tables, found("OFF").source)).toBe("recopy");
    expect(severities(forStream(found("ON")))).toEqual(["error"]);
    expect(severities(forStream(found("OFF")))).toEqual(["info"]);
    expect(severities(forRecopy(found("OFF")))).toEqual(["error"]);
  });
});

describe("a foreign key that acts across lanes", () => {
  const told = (lanes: PlanRequest["lanes"], native: string): readonly string[] =>
    forStream(inspected(lanes, native)).findings.map(
      ({ code, severity, object }) => `${severity} ${code} ${object}`,
    );

  it("is refused where the log leaves its actions out, and only there", () => {
    expect(told([["users"], ["orders"]], "ON")).toEqual(["error cascade-not-followed orders.own"]);
    expect(told([["users", "orders"]], "ON")).toEqual([]);
    expect(told([["users"], ["orders"]], "OFF")).toEqual([]);
  });
});

describe("a table whose rows are written elsewhere", () => {
  const told = (engine: string): readonly string[] => {
    const found = inspected("one", "OFF");
    const [users, ...others] = found.catalogue.tables;
    if (users === undefined) throw new Error("no tables");
    return forStream({
      ...found,
      catalogue: { ...found.catalogue, tables: [{ ...users, engine }, ...others] },
    }).findings.map(({ code, severity, object }) => `${severity} ${code} ${object}`);
  };

  it("is refused: the log has nothing of them under its name", () => {
    expect(told("MRG_MYISAM")).toEqual(["error rows-elsewhere users"]);
    expect(told("FEDERATED")).toEqual(["error rows-elsewhere users"]);
    expect(told("BLACKHOLE")).toEqual(["error rows-elsewhere users"]);
    expect(told("MyISAM")).toEqual([]);
    expect(told("InnoDB")).toEqual([]);
  });
});

describe("a table whose engine keeps no rows, taken as it stands", () => {
  const told = (engine: string): readonly string[] => {
    const log = { ...table("log", [counter()], { indexes: [index("PRIMARY", ["id"])] }), engine };
    const source = catalogue([log]);
    const made = plan(source, request({ takenEngines: ["log"] }));
    const found = { ...inspected("one", "OFF"), catalogue: source, plan: made, findings: made.findings };
    return forStream(found).findings.flatMap(({ code, severity }) =>
      code.startsWith("rows-") ? [`${severity} ${code}`] : [],
    );
  };

  it("is refused by a run that follows where the log says other than the source shows", () => {
    expect(told("BLACKHOLE")).toEqual(["error rows-elsewhere", "warning rows-not-kept"]);
    expect(told("MEMORY")).toEqual(["warning rows-in-memory"]);
  });
});

describe("a key with a SET", () => {
  const flags = table("flags", [column("s", "set('a','b')", { nullable: false }), column("n", "int")], {
    indexes: [index("PRIMARY", ["s"])],
  });
  const told = (rules: PlanRequest["rules"]): readonly string[] => {
    const found = inspected("one", "OFF");
    const own = catalogue([flags]);
    const made = plan(own, request({ rules }));
    return forStream({ ...found, catalogue: own, plan: made }).findings.map(
      ({ code, severity, object }) => `${severity} ${code} ${object}`,
    );
  };

  it("is refused as an array, whose rows no event would find, and not as text", () => {
    expect(told([])).toEqual(["error key-of-arrays flags.s"]);
    expect(told([{ match: { column: "s" }, to: { type: "text" } }])).toEqual([]);
  });
});
