/**
 * When what a log holds can be read (design.md, decision 10), on every kind of source: what is asked for is waited for
 * where the server can be asked, and told by a commit of our own where it cannot.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Connection } from "../../connectors/mysql/connection.js";
import { reached } from "../../connectors/mysql/replica.js";
import { openMysql } from "../../connectors/mysql/source.js";
import { Fault } from "../../src/errors.js";
import type { Position } from "../../src/model.js";
import type { Source } from "../../src/port.js";
import { serversAreNamed, testSources } from "../world/matrix.js";
import type { SourceName } from "../world/matrix.js";
import { sourceDatabase } from "../world/source-database.js";
import type { SourceDatabase } from "../world/source-database.js";

const servers: readonly SourceName[] = serversAreNamed ? testSources : ["mysql9", "mysql56", "mariadb"];
const never = new AbortController().signal;

describe.each(servers)("%s", (name) => {
  let database: SourceDatabase;
  let source: Source;
  beforeAll(async () => {
    database = await sourceDatabase("seen_here", name);
    source = await openMysql(database.options);
    await source.prepareMarkers(["seen_lane"]);
    await database.sql("CREATE TABLE t (id INT PRIMARY KEY)");
  });
  afterAll(async () => {
    await source[Symbol.asyncDispose]();
    await database.sql("DROP TABLE IF EXISTS headgate.marker_seen_lane");
    await database[Symbol.asyncDispose]();
  });

  const markers = async (): Promise<number> =>
    Number((await database.sql("SELECT COUNT(*) FROM headgate.marker_seen_lane"))[0]?.[0]);

  it("a position that was reached is seen at once, and a marker is committed only where nobody can be asked", async () => {
    await database.sql("INSERT INTO t VALUES (1)");
    const position = await source.position();
    const before = await markers();
    await source.seen("seen_lane", position, never);
    const asked = position.kind === "gtid" && name === "mysql9";
    expect((await markers()) - before).toBe(asked ? 0 : 1);
    const file: Position = { kind: "file", file: position.file, offset: position.offset };
    await source.seen("seen_lane", file, never);
    expect((await markers()) - before).toBe(asked ? 1 : 2);
  });

  it("a replica of its kind says whether it has a position or not, by what it has to be asked with", async () => {
    await database.sql("INSERT INTO t VALUES (2)");
    await using connection = await Connection.open(database.options);
    const position = await source.position();
    // This one follows nobody, so it can be asked only where the answer is that of its own transactions.
    if (position.kind === "gtid" && name !== "mariadb") {
      expect(await reached(connection, position, never, 1)).toBe(true);
      const far = { ...position, set: position.set.replace(/\d+$/u, "1000000000000") };
      expect(await reached(connection, far, never, 1)).toBe(false);
    } else expect(await reached(connection, position, never, 1)).not.toBeNull();
  });

  it("committed-in-binlog-not-yet-visible: one that was not is waited for, until it is or until told to stop", async ({
    skip,
  }) => {
    if (name !== "mysql9") skip("only a server with MySQL's GTIDs can be asked to wait for a position");
    const uuid = (await source.facts()).identity;
    // A number that no transaction takes by itself.
    const far: Position = { kind: "gtid", set: `${uuid}:1000000000000`, file: "", offset: "0" };
    const control = new AbortController();
    let over = false;
    const seen = source.seen("seen_lane", far, control.signal).finally(() => {
      over = true;
    });
    const told = expect(seen).rejects.toMatchObject({ code: "terminated" });
    // Longer than one question of it lasts.
    await database.sql("SELECT SLEEP(1.2)");
    expect(over).toBe(false);
    control.abort(new Fault("terminated", "told to stop"));
    await told;
  });
});
