/**
 * Positions, markers and exact cuts on real servers. A cut is right when the rows in its view are exactly those
 * whose events stand in the source's log at or before its position, while somebody writes all the time.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openMysql } from "../../connectors/mysql/source.js";
import type { Position } from "../../src/model.js";
import { testSources } from "../world/matrix.js";
import { named, openAdmin, openSink, sources } from "./sources.js";
import type { TestSource } from "./sources.js";

const never = new AbortController().signal;
let all: readonly TestSource[];

beforeAll(async () => {
  all = await sources("read_cut");
});

afterAll(async () => {
  for (const { admin } of all) await admin.end();
});

describe.each(testSources)("%s", (name) => {
  const here = (): TestSource => named(all, name);

  /** Rows of inserts into `table` that the log holds from one position to another. */
  async function logged(table: string, from: Position, to: Position): Promise<number> {
    expect(from.file).toBe(to.file);
    const [events] = await here().admin.query(`SHOW BINLOG EVENTS IN '${from.file}' FROM ${from.offset}`);
    let count = 0;
    let ours = false;
    for (const event of events as { Event_type: string; End_log_pos: string; Info: string }[]) {
      if (BigInt(event.End_log_pos) > BigInt(to.offset)) break;
      if (event.Event_type === "Table_map") ours = event.Info.includes(`.${table})`);
      if (ours && event.Event_type.startsWith("Write_rows")) count++;
    }
    return count;
  }

  it("a cut holds exactly what its position says, while others write, here and elsewhere", async () => {
    const { admin, options } = here();
    await admin.query("CREATE TABLE busy (a int, b varchar(20)); CREATE TABLE other (a int); FLUSH LOGS");
    await using source = await openMysql(options);
    const from = await source.position();
    const stop = new AbortController();
    const written: number[] = [];
    const writers = ["busy", "other", "busy"].map(async (table, w) => {
      const writer = await openAdmin(here().root);
      await writer.query(`USE \`${options.database}\``);
      let count = 0;
      // One row a transaction, so that a row is an event.
      while (!stop.signal.aborted) await writer.query(`INSERT INTO ${table} (a) VALUES (${count++})`);
      written[w] = count;
      await writer.end();
    });
    const cuts: { rows: number; position: Position }[] = [];
    for (let i = 0; i < 8; i++) {
      await using cut = await source.exactCut(["busy"], 2);
      if (cut === null) throw new Error("no slot");
      // The view stands still while the table goes on.
      const position = await source.position();
      expect(position).not.toEqual(cut.position);
      const query = { table: "busy", select: ["a", "b"], key: null, range: null, ordered: false };
      const any = openSink(() => undefined);
      const { rows } = await cut.reader.read(query, any, never);
      expect(await cut.reader.read(query, any, never)).toEqual({ rows });
      cuts.push({ rows, position: cut.position });
    }
    stop.abort();
    await Promise.all(writers);
    for (const { rows, position } of cuts) expect(await logged("busy", from, position)).toBe(rows);
    expect(cuts[0]!.rows).toBeLessThan(cuts[7]!.rows);
    // Slots and locks are given back.
    await using again = await source.exactCut(["busy"], 1);
    expect(again).not.toBeNull();
    await admin.query("INSERT INTO busy (a) VALUES (-1)");
  });

  it("waits for an open transaction on the table no longer than told, and names its holder", async ({
    skip,
  }) => {
    if (here().engine === "mariadb") skip("MariaDB takes no lock for a cut");
    const { admin, options } = here();
    await admin.query("CREATE TABLE held (a int)");
    const holder = await openAdmin(here().root);
    await holder.query(`USE \`${options.database}\`; START TRANSACTION; INSERT INTO held VALUES (1)`);
    // The inventory's grants let an account see who is in the way; a copy does without.
    await admin.query("REVOKE SELECT ON performance_schema.* FROM ?@'%'", [options.user]);
    await using source = await openMysql(options);
    const blind: unknown = await source.exactCut(["held"], 2).catch((error: unknown) => error);
    expect(blind).toMatchObject({
      code: "source-busy",
      message: expect.stringMatching(/^A transaction holds held; .*within 5 s/u) as string,
      next: expect.stringMatching(/named: GRANT PROCESS ON .*; GRANT SELECT ON .*;$/u) as string,
    });
    // A copy's rights do not show other sessions; the two that it names do.
    const { next } = blind as { next: string };
    await admin.query(next.slice(next.indexOf("GRANT PROCESS")));
    await expect(source.exactCut(["held"], 2)).rejects.toMatchObject({
      code: "source-busy",
      message: expect.stringMatching(/connection \d+ \(root@.*within 5 s/u) as string,
    });
    await holder.query("COMMIT");
    await holder.end();
    await using cut = await source.exactCut(["held"], 2);
    const query = { table: "held", select: ["a"], key: null, range: null, ordered: false };
    await expect(
      cut?.reader.read(
        query,
        openSink(() => undefined),
        never,
      ),
    ).resolves.toEqual({ rows: 1 });
  });

  it("markers have ids that grow, in a table for each lane, made once", async () => {
    const { admin, options } = here();
    await using source = await openMysql(options);
    const lanes = ["read_cut_a", "read_cut_b"];
    await source.prepareMarkers(lanes);
    const before = await source.position();
    await source.prepareMarkers(lanes);
    const between = await source.position();
    const first = await source.mark("read_cut_a", "start");
    const second = await source.mark("read_cut_a", "join 'x'");
    expect(BigInt(second)).toBeGreaterThan(BigInt(first));
    await source.mark("read_cut_b", "start");
    const after = await source.position();
    expect(before).toEqual(between);
    expect(after).not.toEqual(before);
    const [notes] = await admin.query("SELECT note FROM headgate.marker_read_cut_a ORDER BY id DESC LIMIT 2");
    expect(notes).toEqual([{ note: "join 'x'" }, { note: "start" }]);
    await admin.query("DROP TABLE headgate.marker_read_cut_a, headgate.marker_read_cut_b");
  });

  it("a position is a GTID set with file and offset, and names the server", async () => {
    const { options } = here();
    await using source = await openMysql(options);
    const position = await source.position();
    const facts = await source.facts();
    expect(position).toMatchObject({
      kind: "gtid",
      set: expect.stringMatching(
        here().engine === "mariadb" ? /^\d+-\d+-\d+/u : /^[0-9a-f-]{36}:\d/u,
      ) as string,
      offset: expect.stringMatching(/^\d+$/u) as string,
    });
    expect(facts.engine).toBe(here().engine === "mariadb" ? "mariadb" : "mysql");
    expect(facts.identity).not.toBe("");
    await using again = await openMysql(options);
    expect((await again.facts()).identity).toBe(facts.identity);
  });

  it("prepared transactions are told by name", async () => {
    const { admin, options } = here();
    await admin.query("CREATE TABLE xa (a int)");
    await using source = await openMysql(options);
    await admin.query(
      "XA START 'read-cut-1','b'; INSERT INTO xa VALUES (1); XA END 'read-cut-1','b'; XA PREPARE 'read-cut-1','b'",
    );
    expect(await source.preparedTransactions()).toContain("read-cut-1");
    await admin.query("XA ROLLBACK 'read-cut-1','b'");
    expect(await source.preparedTransactions()).not.toContain("read-cut-1");
  });
});
