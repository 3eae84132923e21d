/**
 * Each kind of DDL at each place in a migration's life, from each source: either the engine goes on, and then both sides
 * are equal by the oracle, or it stops, and then it says what, where and what to do next. Nothing between. Each is
 * an engine of its own, so that no other's stop hides a difference.
 */
import { createConnection } from "mysql2/promise";
import type { Connection } from "mysql2/promise";
import { describe, expect, it } from "vitest";
import type { Catalogue } from "../../src/model.js";
import { kinds } from "./ddl/kinds.js";
import type { Kind } from "./ddl/kinds.js";
import { judges } from "./journey.js";
import { startLive } from "./live.js";
import type { Live, LiveSettings } from "./live.js";
import { testSources } from "./matrix.js";
import { compare } from "./oracle/oracle.js";
import { sourceDatabase, sourceUrl } from "./source-database.js";
import { targetDatabase } from "./target-database.js";
import type { TargetDatabase } from "./target-database.js";

const gate = process.env["HEADGATE_GATE"] === "1";
const database = "hg_ddl";

const places = ["before the start", "while it copies", "past the join", "while no engine runs"] as const;
type Place = (typeof places)[number];

/** Those of `npm test`. */
const share: readonly string[] = [
  "mysql9: two columns change names, past the join",
  "mysql9: a column is renamed, while it copies",
  "mariadb: a column is dropped and one of its name and type added, while no engine runs",
];

const cases = testSources.flatMap((server) =>
  places.flatMap((place) =>
    kinds
      .filter(({ sources }) => sources?.includes(server) ?? true)
      .map((kind) => ({ server, place, kind, title: `${server}: ${kind.name}, ${place}` }))
      .filter(({ title }) => gate || share.includes(title)),
  ),
);

const written = [
  "INSERT INTO t (v) VALUES ('after')",
  "UPDATE t SET v = 'after' WHERE id = 1",
  "DELETE FROM t WHERE id = 110",
];

async function say(connection: Connection, statements: readonly string[]): Promise<void> {
  for (const statement of statements) await connection.query(statement);
}

/** The engine with the kind's statements said at the place. */
async function walked(
  kind: Kind,
  place: Place,
  connection: Connection,
  settings: LiveSettings,
): Promise<Live> {
  const change = async (): Promise<void> => {
    await say(connection, kind.statements);
    await say(connection, kind.after ?? written);
  };
  let done: Promise<void> | null = null;
  const once = (): Promise<void> => (done ??= change());
  switch (place) {
    case "before the start":
      return startLive({
        ...settings,
        over: (source) => ({
          position: async () => {
            await once();
            return source.position();
          },
        }),
      });
    case "while it copies":
      return startLive({
        ...settings,
        moment: async (moment) => {
          if (moment === "range:committed") await once();
        },
      });
    case "past the join": {
      const live = startLive(settings);
      await live.event("going-on");
      await live.level();
      await change();
      return live;
    }
    case "while no engine runs": {
      // By the plan that it was begun with, as `run` has it from the folder.
      let planned: Promise<Catalogue> | null = null;
      const again: LiveSettings = {
        ...settings,
        over: (source) => ({ catalogue: (stop) => (planned ??= source.catalogue(stop)) }),
      };
      const live = startLive(again);
      await live.event("going-on");
      await live.level();
      await live.stop();
      await change();
      return startLive(again);
    }
  }
}

async function demandEqual(kind: Kind, target: TargetDatabase, url: string): Promise<void> {
  const [from, to] = await judges(url, target.url);
  try {
    const only = kind.beside === true ? { only: ["t", "p"] } : {};
    const verdicts = await compare(from, to, { database, schema: "public", ...only });
    expect(verdicts.filter(({ equal }) => !equal)).toEqual([]);
    if (kind.beside === true) return;
    const there = await target.sql(
      "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY 1",
    );
    expect(there.map(({ name }) => name)).toEqual(verdicts.map(({ table }) => table).sort());
  } finally {
    await from.end();
    await to.end();
  }
}

describe("goes on equal, or stops by name", () => {
  it.each(cases.map((one) => [one.title, one] as const))("%s", async (title, { server, place, kind }) => {
    await using source = await sourceDatabase(database, server);
    await using target = await targetDatabase(`${database}_${server}`);
    const url = new URL(await sourceUrl(server));
    url.pathname = `/${database}`;
    const connection = await createConnection({
      uri: url.href,
      charset: "utf8mb4",
      multipleStatements: true,
    });
    try {
      await say(connection, [
        "SET SESSION sql_mode = 'NO_ENGINE_SUBSTITUTION'",
        "CREATE TABLE p (id INT PRIMARY KEY)",
        "CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, v VARCHAR(20), n INT, m INT) DEFAULT CHARACTER SET utf8mb4",
        `INSERT INTO p VALUES ${Array.from({ length: 120 }, (_, i) => `(${String(500 + i)})`).join()}`,
        `INSERT INTO t (v, n, m) VALUES ${Array.from({ length: 120 }, (_, i) => `('row ${String(i)}', ${String(i)}, ${String(500 + i)})`).join()}`,
        ...(kind.made ?? []),
      ]);
      const settings: LiveSettings = {
        ...{ source: source.options, target: target.options, migration: "20261127_ddl" },
        workers: 1,
      };
      await using live = await walked(kind, place, connection, settings);
      const fault = await Promise.race([
        live.ended,
        live.level().then(
          () => null,
          () => live.ended,
        ),
      ]);
      if (fault === null) {
        console.log(`${title}: goes on`);
        await demandEqual(kind, target, url.href);
        return;
      }
      console.log(`${title}: ${fault.code}: ${fault.message} -> ${fault.next}`);
      expect(["schema-changed", "plan-stale"]).toContain(fault.code);
      expect(fault.message).toMatch(/\b(?:t|u|_t_\w+)\b/u);
      expect(fault.next).toMatch(/headgate \w/u);
      if (fault.code !== "schema-changed") return;
      expect(fault.message).toMatch(/[0-9a-f-]{36}:\d+|\d+-\d+-\d+|\w+\.\d{6}:\d+/u);
      // As the log has it: the server spells some anew.
      const begins = kind.statements.map((statement) => /^\w+ \w+/u.exec(statement)?.[0] ?? statement);
      expect(begins.some((words) => fault.message.includes(words))).toBe(true);
    } finally {
      connection.destroy();
    }
  });
});
