/**
 * kill -9 of the source in the middle of a read: the reader says "connection-lost", never "end of rows", and after
 * the server is back the same source object reads on.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openMysql } from "../../connectors/mysql/source.js";
import type { RowSink } from "../../src/port.js";
import { openAdmin, openSink } from "../conformance/sources.js";
import { engineName, enginePassword, makeSourceAccount } from "../world/accounts.js";
import { kill, start } from "../world/stack/servers.js";
import type { Server } from "../world/stack/servers.js";
import { ownServers } from "./own-servers.js";

const database = "read_kill";
const never = new AbortController().signal;
let own: { readonly servers: Record<"mysql9" | "mariadb", Server> } & AsyncDisposable;

beforeAll(async () => {
  own = await ownServers(["mysql9", "mariadb"]);
});

afterAll(async () => {
  await own[Symbol.asyncDispose]();
});

describe.each(["mysql9", "mariadb"] as const)("%s", (name) => {
  it("copy-ends-early-on-bad-connection: killed in mid-read, the read fails; started again, the source reads on", async () => {
    const { hostname, port } = new URL(own.servers[name].url);
    const root = {
      host: hostname,
      port: Number(port),
      user: "root",
      password: "",
      database,
      tls: { mode: "off" } as const,
    };
    const options = { ...root, user: engineName(database), password: enginePassword };
    const admin = await openAdmin(root);
    await admin.query(
      `CREATE DATABASE ${database}; USE ${database}; CREATE TABLE t (id int primary key auto_increment, pad text)`,
    );
    await admin.query("INSERT INTO t (pad) VALUES (REPEAT('x', 1000))");
    for (let i = 0; i < 15; i++) await admin.query("INSERT INTO t (pad) SELECT pad FROM t");
    await makeSourceAccount(admin, database);
    await admin.end();

    await using source = await openMysql(options);
    const query = { table: "t", select: ["id", "pad"], key: null, range: null, ordered: false };
    {
      await using reader = await source.reader(2);
      if (reader === null) throw new Error("no slot");
      let taken = 0;
      let reached: () => void = () => undefined;
      const middle = new Promise<void>((resolve) => (reached = resolve));
      let open: () => void = () => undefined;
      const gate = new Promise<void>((resolve) => (open = resolve));
      const sink: RowSink = {
        row: () => {
          if (++taken === 100) reached();
        },
        full: () => taken >= 100,
        drained: () => gate,
      };
      const reading = reader.read(query, sink, never);
      const told = expect(reading).rejects.toMatchObject({ code: "connection-lost", retriable: true });
      await middle;
      await kill(name);
      open();
      await told;
      expect(taken).toBeLessThan(32_768);
      // What the source asks next on its own connection is told as lost, too; the one after connects anew.
      await expect(source.position()).rejects.toMatchObject({ retriable: true });
    }
    await start(name);
    await expect(source.position()).resolves.toMatchObject({ kind: "gtid" });
    await using reader = await source.reader(2);
    await expect(
      reader?.read(
        query,
        openSink(() => undefined),
        never,
      ),
    ).resolves.toEqual({ rows: 32_768 });
  });

  it("a position holds a GTID set of many servers whole", async ({ skip }) => {
    if (name === "mariadb") skip("MariaDB's position holds one entry a domain, not one a server");
    const { hostname, port } = new URL(own.servers[name].url);
    const root = {
      host: hostname,
      port: Number(port),
      user: "root",
      password: "",
      database,
      tls: { mode: "off" } as const,
    };
    const options = { ...root, user: engineName(database), password: enginePassword };
    const admin = await openAdmin(root);
    const uuids = Array.from(
      { length: 60 },
      (_, i) => `3e11fa47-71ca-11e1-9e33-c80aa9${String(429000 + i * 37)}`,
    );
    for (const uuid of uuids)
      await admin.query(
        `SET SESSION gtid_next = '${uuid}:7'; BEGIN; COMMIT; SET SESSION gtid_next = 'AUTOMATIC'`,
      );
    await admin.end();
    await using source = await openMysql(options);
    const position = await source.position();
    if (position.kind !== "gtid") throw new Error("no GTID set");
    expect(position.set.length).toBeGreaterThan(2000);
    for (const uuid of uuids) expect(position.set).toContain(`${uuid}:7`);
  });
});
