/**
 * A source whose log was begun anew (RESET BINARY LOGS AND GTIDS, RESET MASTER) and has grown past what is applied, so that
 * file, offset and numbers are all there again and stand for other transactions: whoever went on from them would leave out
 * everything in between and be level without it.
 */
import { createConnection } from "mysql2/promise";
import type { Connection } from "mysql2/promise";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openMysql } from "../../connectors/mysql/source.js";
import type { Position } from "../../src/model.js";
import { ownServers } from "../faults/own-servers.js";
import { asEngine, makeSourceAccount } from "./accounts.js";
import { startLive } from "./live.js";
import type { Live, LiveSettings } from "./live.js";
import { optionsOf } from "./source-database.js";
import { databaseAt } from "./target-database.js";

let servers: Awaited<ReturnType<typeof ownServers<"mysql9" | "mariadb" | "postgres18">>>;

beforeAll(async () => {
  servers = await ownServers(["mysql9", "mariadb", "postgres18"]);
});
afterAll(async () => {
  await servers[Symbol.asyncDispose]();
});

const withoutGtids = ["ON_PERMISSIVE", "OFF_PERMISSIVE", "OFF"].map(
  (mode) => `SET GLOBAL gtid_mode = ${mode};`,
);

// The last one takes MySQL's GTIDs away.
describe.each([
  ["mysql9", "gtid"],
  ["mariadb", "gtid"],
  ["mysql9", "file"],
] as const)("%s, by %s", (name, by) => {
  const database = `hg_anew_${name}_${by}`;
  let admin: Connection;
  let next = 0;
  const reset = (): Promise<unknown> =>
    admin.query(name === "mariadb" ? "RESET MASTER" : "RESET BINARY LOGS AND GTIDS");
  const second = async (): Promise<string | undefined> =>
    ((await admin.query("SELECT UNIX_TIMESTAMP()"))[0] as string[][])[0]?.[0];
  /** Files are told apart by the second in which they were begun, and a copy of one empty table takes less than that. */
  const resetInAnotherSecond = async (begun: string | undefined): Promise<void> => {
    while ((await second()) === begun);
    await reset();
  };
  const open = async (): Promise<Position> => {
    await using source = await openMysql(optionsOf(asEngine(servers.servers[name].url, database), database));
    return await source.position();
  };
  /** Until the log reaches past the position by all that it is known by. */
  const outgrow = async ({ file, offset }: Position): Promise<void> => {
    for (;;) {
      await admin.query(
        Array.from({ length: 40 }, () => `INSERT INTO ${database}.t VALUES (${String((next += 1))})`).join(
          "; ",
        ),
      );
      const now = await open();
      if (now.file === file && Number(now.offset) > Number(offset) * 2) return;
    }
  };
  const life = async (
    run: (settings: LiveSettings, begun: string | undefined) => Promise<void>,
  ): Promise<void> => {
    admin = await createConnection({
      uri: servers.servers[name].url,
      rowsAsArray: true,
      multipleStatements: true,
    });
    if (by === "file") {
      const [[mode] = []] = (await admin.query("SELECT @@GLOBAL.gtid_mode"))[0] as string[][];
      if (mode === "ON") await admin.query(withoutGtids.join(" "));
    }
    await admin.query(
      `DROP DATABASE IF EXISTS ${database}; DROP DATABASE IF EXISTS headgate; CREATE DATABASE ${database}; CREATE TABLE ${database}.t (id INT PRIMARY KEY)`,
    );
    await makeSourceAccount(admin, database);
    await reset();
    const begun = await second();
    await using target = await databaseAt(servers.servers.postgres18.url, database);
    await run(
      {
        source: optionsOf(asEngine(servers.servers[name].url, database), database),
        target: target.options,
        migration: `20261127_${database}`,
      },
      begun,
    );
    await admin.end();
  };
  const refused = async (live: Live, sentence: RegExp): Promise<void> => {
    const fault = await live.ended;
    expect([fault?.code, fault?.message]).toEqual(["position-unknown", expect.stringMatching(sentence)]);
  };

  it("is not read on from where the engine before stood (trap 52)", async () => {
    await life(async (settings, begun) => {
      {
        await using live = startLive(settings);
        await live.event("going-on");
        await live.level();
        await live.stop();
      }
      const applied = await open();
      await resetInAnotherSecond(begun);
      await outgrow(applied);
      await using live = startLive(settings);
      await refused(live, /not the one that is applied up to .*begun anew/u);
    });
  });

  // Of a place in a file the server itself says nearly always that no event begins there.
  if (by === "file") return;

  it("is not taken for the one that a copy began with (trap 52)", async () => {
    await life(async (settings) => {
      let begun = false;
      await using live = startLive({
        ...settings,
        moment: async (moment) => {
          if (moment !== "start:recorded" || begun) return;
          begun = true;
          const noted = await open();
          await reset();
          await outgrow(noted);
        },
      });
      await refused(live, /does not have the marker .* with which the copy began/u);
    });
  });
});
