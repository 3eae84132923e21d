/**
 * The way back's writer on real servers, by the laws of the forward one (I4, I5, I6): a batch counts once, whoever is killed,
 * cut off or overtaken and at which moment; rows are told byte by byte, and what is not as the target had it is divergence.
 * Tuples are PostgreSQL's own, so no code of ours spells what the writer is judged by.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { reverseLedger } from "../../connectors/mysql/apply/ledger.js";
import { reverseMoments } from "../../connectors/mysql/apply/moments.js";
import type { ReverseOptions } from "../../connectors/mysql/apply/moments.js";
import { openMysql } from "../../connectors/mysql/source.js";
import type { ReverseLedger } from "../../src/cutover-port.js";
import { preparedWayBack } from "../../src/cli/way-back-start.js";
import type { Plan, PlanTable, SourceTable } from "../../src/model.js";
import type { LaneWriter, StatementGroup, TableChanges } from "../../src/stream-port.js";
import { targetTypes } from "../../src/typemap/compile.js";
import { changes, faultOf, loose, place, strict } from "./apply-lane.js";
import { faultProxy } from "./fault-proxy.js";
import { testSources } from "./matrix.js";
import { sourceDatabase } from "./source-database.js";
import type { SourceDatabase } from "./source-database.js";
import { syntheticPlan } from "./synthetic.js";
import { targetDatabase } from "./target-database.js";
import type { TargetDatabase } from "./target-database.js";

const name = "mysql_apply";
const account = "hg_way_back";

let target: TargetDatabase;
beforeAll(async () => {
  target = await targetDatabase(name);
});
afterAll(async () => {
  await target[Symbol.asyncDispose]();
});

/** As the default rules would plan it; enough for a writer. */
function planTable(found: SourceTable, engine: "mysql" | "mariadb"): PlanTable {
  const key = found.indexes.find(({ primary }) => primary);
  return {
    ...{ source: found.name, target: found.name, lane: "one", estimatedRows: 1, estimatedBytes: 1 },
    key:
      key === undefined
        ? null
        : { index: key.name, primary: true, columns: key.parts.map(({ column }) => column ?? "") },
    exactCut: key === undefined,
    columns: found.columns.map((column) => ({
      ...{ column, source: column.name, target: column.name, sourceType: column.columnType, rule: "test" },
      ...{ targetType: targetTypes(column, engine)[0] ?? "text", nullable: column.nullable, identity: null },
      policy: { zeroDate: "-infinity", nul: "refuse", badText: "refuse", enumZero: "keep" },
    })),
  };
}

describe.each(testSources)("the way back into %s", (server) => {
  let source: SourceDatabase;
  let options: ReverseOptions;
  let plan: Plan;
  let ledger: ReverseLedger;
  let epoch = 0;
  let moment: (name: string) => void | Promise<void> = () => undefined;

  beforeAll(async () => {
    source = await sourceDatabase(name, server);
    await source.account(account, "back-Pw1", "copy", ["copy", "inventory", "stream", "way back"]);
    options = { ...source.options, user: account, password: "back-Pw1", moment: (at) => moment(at) };
    for (const sql of tables) await source.sql(sql);
    await using reader = await openMysql(source.options);
    const catalogue = await reader.catalogue(new AbortController().signal);
    plan = {
      ...{
        ...syntheticPlan([]),
        migration: "way-back",
        database: name,
        lanes: ["one"],
        before: [],
        after: [],
      },
      tables: catalogue.tables.map((table) => planTable(table, catalogue.engine)),
    };
    ledger = reverseLedger(options, plan.migration);
  });
  afterAll(async () => {
    // The server's others have theirs in the same tables, as nights of other tests leave them.
    const claims = async (): Promise<string[]> =>
      (await source.sql("SELECT DISTINCT migration FROM headgate.reverse_lane ORDER BY 1")).map(
        ([migration]) => migration ?? "",
      );
    const others = (await claims()).filter((migration) => migration !== plan.migration);
    await ledger.drop(plan.migration);
    const left = await source.sql(
      "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_NAME LIKE 'reverse\\_%' AND TABLE_SCHEMA = 'headgate' ORDER BY 1",
    );
    expect(left.flat()).toEqual(
      others.length === 0 ? [] : ["reverse_dirty", "reverse_lane", "reverse_refused"],
    );
    if (others.length > 0) expect(await claims()).toEqual(others);
    await source.sql(`DROP USER ${account}@'%'`);
    await source[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    moment = () => undefined;
    await ledger.drop(plan.migration);
    for (const { source: table } of plan.tables) await source.sql(`TRUNCATE ${table}`);
    await ledger.prepare(plan);
    await ledger.prepare(plan);
    await claim();
  });

  async function claim(): Promise<void> {
    epoch += 1;
    await ledger.claim(plan, String(epoch));
  }
  const open = (): Promise<LaneWriter> => ledger.lane(plan, String(epoch));
  const table = (wanted: string): PlanTable => {
    const found = plan.tables.find(({ source: one }) => one === wanted);
    if (found === undefined) throw new Error(`no table ${wanted}`);
    return found;
  };
  const of = (which: string, lists: Parameters<typeof changes>[2]): Promise<TableChanges> =>
    changes(target, table(which), lists, 7);
  const insert = async (...ids: readonly number[]): Promise<StatementGroup> => {
    const rows = (what: string): string =>
      ids.map((id) => `SELECT ${what.replaceAll("ID", String(id))}`).join(" UNION ALL ");
    return strict(
      await of("counters", { inserts: rows("ID::bigint, 'row'::text"), touched: rows("ID::bigint") }),
    );
  };
  async function apply(...groups: readonly StatementGroup[]): Promise<void> {
    await using lane = await open();
    const { seq } = await lane.checkpoint();
    const batch = await lane.begin(seq);
    try {
      for (const group of groups) await batch.write(group);
    } catch (error) {
      await batch.abort();
      throw error;
    }
    await batch.commit(place(Number(seq) + 1));
  }
  const rows = async (sql: string): Promise<string> =>
    (await source.sql(sql)).map((row) => row.map((cell) => cell ?? "NULL").join(",")).join(" ");
  const ids = (): Promise<string> => rows("SELECT id FROM counters ORDER BY id");
  const standing = async (): Promise<string> => {
    const found = await ledger.checkpoint(plan.migration);
    return `${String(found?.seq)} ${found?.position === null ? "none" : (found?.position.offset ?? "")}`;
  };

  it("lets a batch through once, skips no number, and counts past 2^53", async () => {
    const met: string[] = [];
    moment = (at) => void met.push(at);
    await using lane = await open();
    const group = await insert(1, 2);
    for (const turn of [1, 2, 3]) {
      const attempt = async (): Promise<void> => {
        const batch = await lane.begin(0n);
        await batch.write(group);
        await batch.commit(place(1));
      };
      if (turn === 1) await attempt();
      else expect((await faultOf(attempt())).facts).toEqual({ lane: "reverse", expected: "0", found: "1" });
    }
    expect([met.slice(0, reverseMoments.length), await ids(), await standing()]).toEqual([
      [...reverseMoments],
      "1 2",
      "1 1",
    ]);
    for (const wrong of [0n, 2n, -1n, 9_007_199_254_740_993n])
      expect((await faultOf(lane.begin(wrong))).code).toBe("checkpoint-moved");
    await source.sql("UPDATE headgate.reverse_lane SET seq = 9007199254740993");
    const batch = await lane.begin(9_007_199_254_740_993n);
    await batch.write(await insert(3));
    await batch.commit(place(7));
    expect(await lane.checkpoint()).toEqual({ seq: 9_007_199_254_740_994n, position: place(7) });
  });

  it("writes nothing of a batch that is aborted or refused, which only abort may follow; what is touched is on record", async () => {
    await apply(await insert(1));
    await using lane = await open();
    const batch = await lane.begin(1n);
    await batch.write({ kind: "truncate", table: table("counters") });
    await batch.write(await insert(2));
    expect((await faultOf(batch.write(await insert(2)))).code).toBe("divergence");
    expect((await faultOf(batch.commit(place(2)))).code).toBe("bug");
    expect((await faultOf(lane.begin(1n))).code).toBe("bug");
    await batch.abort();
    expect([await ids(), await standing()]).toEqual(["1", "1 1"]);
    const again = await lane.begin(1n);
    await again.write(await insert(2));
    await again.write({ kind: "truncate", table: table("counters") });
    await again.write(await insert(3));
    await again.commit(place(2));
    await apply(await insert(4, 5), await insert(6));
    expect([await ids(), await standing()]).toEqual(["3 4 5 6", "3 3"]);
    const touched = async (after: bigint, upTo: bigint | null, most = 9): Promise<string[]> => {
      const found: string[] = [];
      const take = (seq: bigint, keys: Buffer | null): boolean =>
        found.push(`${String(seq)} ${keys?.toString("hex") ?? "whole"}`) < most;
      await ledger.touched(table("counters"), after, upTo, take, new AbortController().signal);
      return found;
    };
    const key = (id: number): string => `00010000000800000000000000${id.toString(16).padStart(2, "0")}`;
    expect(await touched(0n, null)).toEqual([`1 ${key(1)}`, "2 whole", `3 ${key(4)}${key(5)}${key(6)}`]);
    expect([await touched(1n, 2n), await touched(0n, null, 1)]).toEqual([["2 whole"], [`1 ${key(1)}`]]);
  });

  it.each(["answers", "requests"] as const)(
    "settles a COMMIT whose answer is lost by reading the checkpoint: the %s were held",
    async (held) => {
      await using proxy = await faultProxy({ host: options.host, port: options.port });
      const through = reverseLedger({ ...options, host: "127.0.0.1", port: proxy.port }, plan.migration);
      await using lane = await through.lane(plan, String(epoch));
      const batch = await lane.begin(0n);
      await batch.write(await insert(1));
      moment = async (at) => {
        if (at !== "apply:commit-sent") return;
        // Nothing of the COMMIT has left this process yet, and the proxy lives in it.
        if (held === "requests") proxy.holdRequests = true;
        else {
          proxy.holdAnswers = true;
          while ((await ids()) === "");
        }
        proxy.cutClients();
        [proxy.holdRequests, proxy.holdAnswers] = [false, false];
      };
      if (held === "answers") await batch.commit(place(1));
      else {
        const fault = await faultOf(batch.commit(place(1)));
        expect([fault.code, fault.retriable]).toEqual(["connection-lost", true]);
        await batch.abort();
        // The old session held the checkpoint's row: it was ended, or this would wait for it.
        const again = await lane.begin(0n);
        moment = () => undefined;
        await again.write(await insert(1));
        await again.commit(place(1));
      }
      moment = () => undefined;
      expect(await lane.checkpoint()).toEqual({ seq: 1n, position: place(1) });
      await apply(await insert(2));
      expect([await ids(), await standing()]).toEqual(["1 2", "2 2"]);
    },
  );

  it("goes on after its session was ended at any moment, and the batch counts once", async () => {
    for (const at of reverseMoments.slice(0, 3)) {
      await using lane = await open();
      const { seq } = await lane.checkpoint();
      const id = Number(seq) + 1;
      moment = async (name) => {
        if (name === at) await endWriter();
      };
      const attempt = async (): Promise<void> => {
        const batch = await lane.begin(seq);
        try {
          await batch.write(await insert(id));
          await batch.commit(place(id));
        } catch (error) {
          await batch.abort();
          throw error;
        }
      };
      const fault = await faultOf(attempt());
      expect([at, fault.code, fault.retriable]).toEqual([at, "connection-lost", true]);
      moment = () => undefined;
      expect(await lane.checkpoint()).toMatchObject({ seq });
      await attempt();
    }
    expect([await ids(), await standing()]).toEqual(["1 2 3", "3 3"]);
  });

  it("is over for an engine that another one has taken over from, whose open batch is rolled back", async () => {
    await using lane = await open();
    const batch = await lane.begin(0n);
    await batch.write(await insert(1));
    const before = String(epoch);
    // The row is locked by the open batch: the claim ends its session instead of waiting.
    await claim();
    expect((await faultOf(batch.commit(place(1)))).code).toMatch(/^(?:connection-lost|epoch-lost)$/);
    await batch.abort();
    const acts: readonly (() => Promise<unknown>)[] = [
      () => lane.checkpoint(),
      () => lane.begin(0n),
      () => ledger.claim(plan, before),
      () => ledger.lane(plan, before),
    ];
    for (const act of acts) expect((await faultOf(act())).code).toBe("epoch-lost");
    await apply(await insert(2));
    expect([await ids(), await standing()]).toEqual(["2", "1 1"]);
  });

  it("tells rows byte by byte: what a collation holds equal is another row", async () => {
    await source.sql("INSERT INTO words VALUES ('a', 1, 'one'), ('b', 2, 'two')");
    const said = async (lists: Parameters<typeof changes>[2]): Promise<string> => {
      const fault = await faultOf(apply(strict(await of("words", lists))));
      return `${fault.code}: ${fault.message}`;
    };
    const capital = "'A'::text, 1::integer, 'x'::text";
    expect(await said({ deletes: "SELECT 'A'::text, 1::integer" })).toMatch(
      /^divergence: words: a row to be deleted is not on the source\. Its key: \(A,1\)/,
    );
    expect(await said({ updates: `SELECT ${capital}` })).toMatch(/^divergence: .* to be updated/);
    expect(await said({ inserts: "SELECT 'b'::text, 2::integer, 'x'::text" })).toMatch(
      /^divergence: .* is on the source already\. Its key: \(b,2\)/,
    );
    // The key is free on the target, and taken on the source by what its collation holds equal.
    expect(await said({ inserts: `SELECT ${capital}` })).toMatch(/^constraint-refused/);
    expect(await said({ inserts: "SELECT 'c'::text, 3::integer, 'TWO'::text" })).toMatch(
      /^constraint-refused/,
    );
    expect(await said({ inserts: "SELECT 'c'::text, 3::integer, 'much longer than ten'::text" })).toMatch(
      /^value-refused/,
    );
    // From 'a' to 'A' is one row away and another one in.
    await apply(
      strict(await of("words", { deletes: "SELECT 'a'::text, 1::integer", inserts: `SELECT ${capital}` })),
    );
    // Two rows change their unique words with each other: a group for each turn of the value.
    const set = (word: string, key: string): Promise<TableChanges> =>
      of("words", { updates: `SELECT ${key}, '${word}'::text` });
    await apply(
      strict(await set("between", "'A'::text, 1::integer")),
      strict(await set("x", "'b'::text, 2::integer")),
      strict(await set("two", "'A'::text, 1::integer")),
    );
    expect(await rows("SELECT HEX(word), n, unique_word FROM words ORDER BY n")).toBe("41,1,two 62,2,x");
  });

  it("updates many rows at once: each its own, told byte by byte, and the one that is refused by itself", async () => {
    const updates = async (which: string, what: string): Promise<void> =>
      apply(strict(await of(which, { updates: what })));
    await source.sql(
      "INSERT INTO names VALUES ('a', 'one', 1, NOW()), ('b', 'two', 2, NOW()), ('c', 'three', 3, NOW())",
    );
    const listed = (): Promise<string> =>
      rows("SELECT HEX(word), HEX(value), k, at = '2001-02-03 04:05:06' FROM names ORDER BY k");
    const row = (word: string, value: string, k: number): string =>
      `SELECT '${word}'::text, '${value}'::text, ${String(k)}::integer, '2001-02-03 04:05:06+00'::timestamptz`;
    const all = (...of: readonly string[]): string => of.join(" UNION ALL ");
    const before = await statements();
    await updates("names", all(row("b", "B ", 2), row("a", "", 1), row("c", "three", 3)));
    expect(await listed()).toBe("61,,1,1 62,4220,2,1 63,7468726565,3,1");
    // Nothing was changed, which is found all the same.
    await updates("names", all(row("b", "B ", 2), row("a", "", 1), row("c", "three", 3)));
    expect(await statements()).toEqual({ inserts: before.inserts + 2, updates: before.updates + 4 });
    const refused: readonly (readonly [string, string, unknown])[] = [
      // Equal to 'a' for the collation: as another row that is not there, and beside the one that is.
      [all(row("b", "x", 2), row("A", "x", 1)), "divergence", "(A)"],
      [all(row("a", "x", 1), row("A", "y", 4)), "divergence", "(A)"],
      [all(row("a", "x", 1), row("d", "x", 4), row("b", "x", 2)), "divergence", "(d)"],
      [all(row("a", "x", 1), row("b", "much too long", 2), row("c", "x", 3)), "value-refused", undefined],
      [
        all(row("a", "x", 1), row("b", "x", 2).replace("2::integer", "NULL::integer")),
        "value-refused",
        undefined,
      ],
    ];
    for (const [what, code, keys] of refused) {
      const fault = await faultOf(updates("names", what));
      expect([what, fault.code, fault.facts["keys"]]).toEqual([what, code, keys]);
      // Of the row by itself: the statement of many would say another row than the first.
      if (code === "value-refused") expect(fault.message).not.toMatch(/row [2-9]/u);
      expect(await listed()).toBe("61,,1,1 62,4220,2,1 63,7468726565,3,1");
    }
    // The same key twice: the last word counts, as row by row.
    await updates("names", all(row("a", "x", 1), row("a", "y", 1)));
    expect(await listed()).toBe("61,79,1,1 62,4220,2,1 63,7468726565,3,1");
    // Another unique index: an INSERT could meet the other row, so each goes by itself.
    await source.sql("INSERT INTO words VALUES ('a', 1, 'one'), ('b', 2, 'two')");
    const word = (key: string, value: string): string => `SELECT ${key}, '${value}'::text`;
    const swap = all(word("'a'::text, 1::integer", "two"), word("'b'::text, 2::integer", "one"));
    expect((await faultOf(updates("words", swap))).code).toBe("constraint-refused");
    // More than one statement takes, with what the source computes, counts up and dates itself.
    await source.sql("ALTER TABLE odd AUTO_INCREMENT = 5000");
    const odd = (id: string): string =>
      `${id}::integer, 7::integer, '2024-02-29'::date, (CASE WHEN ${id} % 90 = 0 THEN '' ELSE 'b' END)::text, '2001-02-03 04:05:06+00'::timestamptz, 5::integer`;
    const many = "FROM generate_series(0, 700) AS n";
    await apply(strict(await of("odd", { inserts: `SELECT ${odd("n")} ${many}` })));
    await updates("odd", `SELECT ${odd("n").replace("7::", "(n * 2)::").replace("2001-", "2002-")} ${many}`);
    expect(
      await rows(
        "SELECT COUNT(*), SUM(parent = id * 2), SUM(label + 0 = IF(id % 90 = 0, 0, 2)), SUM(at = '2002-02-03 04:05:06') FROM odd",
      ),
    ).toBe("701,701,701,701");
    await source.sql("INSERT INTO odd (parent, label) VALUES (1, 'a')");
    expect(await rows("SELECT MAX(id) FROM odd")).toBe("5000");
  });

  it("begins anew where the target's log is kept from a new place, and nowhere else", async () => {
    await apply(await insert(1));
    await ledger.beginAnew(plan.migration, 0n);
    expect(await standing()).toBe("1 1");
    const start = place(9);
    const target = (isNew: boolean): Parameters<typeof preparedWayBack>[1] => ({
      prepare: async (_plan, beforeNew) => {
        if (isNew) await beforeNew?.();
        return start;
      },
    });
    expect(await preparedWayBack(ledger, target(false), plan)).toEqual(start);
    expect(await standing()).toBe("1 1");
    await preparedWayBack(ledger, target(true), plan);
    expect(await standing()).toBe("1 none");
    await apply(await insert(2));
    expect([await ids(), await standing()]).toEqual(["1 2", "2 2"]);
    // Overtaken while it looked: what another engine has brought back since stays where it stands.
    const overtaken = { ...target(true) };
    await preparedWayBack(
      ledger,
      {
        prepare: async (planned, beforeNew) => {
          await apply(await insert(3));
          return overtaken.prepare(planned, beforeNew);
        },
      },
      plan,
    );
    expect(await standing()).toBe("3 3");
  });

  it("takes one copy away of rows without a key, equal in every byte, and says when there is none", async () => {
    await source.sql(
      `INSERT INTO bag VALUES ('a', 1.5, '2024-01-01', ${json ? `'{"k": 1}'` : "'{}'"}), ('a', 1.5, '2024-01-01', ${json ? `'{"k": 1}'` : "'{}'"}), ('A', NULL, NULL, NULL), ('a ', NULL, '0000-00-00', NULL), ('a', NULL, NULL, NULL)`,
    );
    const row = (word: string, rest = "NULL::double precision, NULL::date, NULL"): string =>
      `SELECT '${word}'::text, ${rest}::${json ? "jsonb" : "text"}`;
    await apply(strict(await of("bag", { deletes: row("A") })));
    expect(await rows("SELECT HEX(word) FROM bag ORDER BY HEX(word)")).toBe("61 61 61 6120");
    await apply(
      strict(
        await of("bag", {
          deletes: `${row("a", `1.5::double precision, '2024-01-01'::date, '${json ? `{"k": 1}` : "{}"}'`)} UNION ALL ${row("a ", "NULL::double precision, '-infinity'::date, NULL")}`,
          inserts: row("new"),
        }),
      ),
    );
    expect(await rows("SELECT CONCAT('<', word, '>'), f FROM bag ORDER BY word, f")).toBe(
      "<a>,NULL <a>,1.5 <new>,NULL",
    );
    const fault = await faultOf(
      apply(strict(await of("bag", { deletes: `${row("a")} UNION ALL ${row("a")}` }))),
    );
    expect([fault.code, fault.facts["rows"]]).toEqual(["divergence", 1]);
    expect(await rows("SELECT COUNT(*) FROM bag")).toBe("3");
    // A table without a key is touched whole.
    const touched: (Buffer | null)[] = [];
    await ledger.touched(
      table("bag"),
      0n,
      null,
      (_seq, keys) => touched.push(keys) > 0,
      new AbortController().signal,
    );
    expect(touched).toEqual([null, null]);
  });

  it("stores what a source alone stores: 0 in a counter, zero dates, error values; and leaves what it computes to it", async () => {
    const row = (id: number, day: string, label: string): string =>
      `SELECT ${String(id)}::integer, 7::integer, ${day}::date, '${label}'::text, '2001-02-03 04:05:06+00'::timestamptz, 5::integer`;
    await apply(
      strict(
        await of("odd", { inserts: `${row(0, "'-infinity'", "")} UNION ALL ${row(5, "'2024-02-29'", "b")}` }),
      ),
    );
    await apply(strict(await of("odd", { updates: row(5, "'-infinity'", "") })));
    expect(await rows("SELECT id, parent, day, label + 0, at, twice FROM odd ORDER BY id")).toBe(
      `0,7,0000-00-00,0,2001-02-03 04:05:06,${twice} 5,7,0000-00-00,0,2001-02-03 04:05:06,${twice}`,
    );
    // NULL would be the time of now.
    const none = `SELECT 6::integer, 7::integer, '2024-01-01'::date, 'a'::text, NULL::timestamptz, 1::integer`;
    expect((await faultOf(apply(strict(await of("odd", { inserts: none }))))).code).toBe("value-refused");
    // Before anything is known of the rows, what comes later has the last word.
    await apply(
      loose(
        await of("odd", {
          deletes: "SELECT 9::integer",
          updates: row(0, "'2000-01-01'", "a"),
          inserts: row(6, "'2000-01-01'", "a"),
        }),
      ),
    );
    expect(await rows("SELECT id, day FROM odd ORDER BY id")).toBe("0,2000-01-01 5,0000-00-00 6,2000-01-01");
  });

  it("writes nothing while a trigger stands on a table, or where none can be seen", async () => {
    await source.sql(
      "CREATE TRIGGER counting BEFORE INSERT ON counters FOR EACH ROW SET NEW.note = 'changed'",
    );
    const fault = await faultOf(open());
    await source.sql("DROP TRIGGER counting");
    expect([fault.code, fault.message]).toEqual([
      "source-refused",
      expect.stringContaining("counting stands on counters"),
    ]);
    const blind = reverseLedger(source.options, plan.migration);
    await source.account(source.options.user, source.options.password, "copy", ["copy"]);
    expect((await faultOf(blind.lane(plan, String(epoch)))).code).toBe("grant-missing");
  });

  const json = server !== "mysql56";
  // MySQL 5.6 computes no column: there it is a plain one, and the target's value.
  const twice = json ? "14" : "5";
  const tables = [
    "CREATE TABLE counters (id BIGINT NOT NULL PRIMARY KEY, note TEXT)",
    "CREATE TABLE words (word VARCHAR(9) CHARACTER SET latin1 NOT NULL, n INT NOT NULL, unique_word VARCHAR(10), PRIMARY KEY (word, n), UNIQUE (unique_word))",
    "CREATE TABLE names (word VARCHAR(9) CHARACTER SET latin1 NOT NULL PRIMARY KEY, value VARCHAR(5) NOT NULL, k INT NOT NULL, at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP)",
    `CREATE TABLE bag (word VARCHAR(9), f DOUBLE, day DATE, doc ${json ? "JSON" : "TEXT"})`,
    "CREATE TABLE odd (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, parent INT, day DATE, label ENUM('a', 'b') NOT NULL, at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP" +
      (json ? ", twice INT GENERATED ALWAYS AS (parent * 2) STORED" : ", twice INT") +
      ", FOREIGN KEY (parent) REFERENCES odd (id))",
  ];

  /** INSERTs and UPDATEs that the server has run. */
  async function statements(): Promise<{ readonly inserts: number; readonly updates: number }> {
    const found = new Map(
      (await source.sql("SHOW GLOBAL STATUS WHERE Variable_name IN ('Com_insert', 'Com_update')")).map(
        ([key, value]) => [(key ?? "").toLowerCase(), Number(value)],
      ),
    );
    return { inserts: found.get("com_insert") ?? 0, updates: found.get("com_update") ?? 0 };
  }

  /** The writer's session, by an administrator. */
  async function endWriter(): Promise<void> {
    const found = await source.sql(
      "SELECT CAST(id AS CHAR) FROM information_schema.PROCESSLIST WHERE user = ?",
      [account],
    );
    for (const [id] of found) await source.sql(`KILL ${id ?? ""}`);
  }
});
