/**
 * The stack itself, on real servers: what the contract promises of `npm run stack`, and what fault tests need of
 * kill and start. Whatever is killed or stopped lives in a data folder of its own, since other tests, and people,
 * use the checkout's servers.
 */
import { execFile } from "node:child_process";
import { mkdtempSync, realpathSync, rmSync, chmodSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { createConnection } from "mysql2/promise";
import type { RowDataPacket } from "mysql2/promise";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkout } from "./place.js";
import { down, kill, list, restart, start, up } from "./servers.js";
import { readState, writeState } from "./state.js";

const exec = promisify(execFile);

async function mysqlRow(url: string, query: string): Promise<Record<string, unknown>> {
  const connection = await createConnection(url);
  try {
    const [rows] = await connection.query<RowDataPacket[]>(query);
    return { ...rows[0] };
  } finally {
    await connection.end();
  }
}

async function postgresRows(url: string, query: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(query)).rows;
  } finally {
    await client.end();
  }
}

async function stack(...words: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  try {
    const { stdout, stderr } = await exec("npm", ["run", "--silent", "stack", "--", ...words], {
      cwd: checkout(),
      env: process.env,
    });
    return { code: 0, stdout, stderr };
  } catch (error) {
    if (!(error instanceof Error && "code" in error && "stdout" in error && "stderr" in error)) throw error;
    return { code: Number(error.code), stdout: String(error.stdout), stderr: String(error.stderr) };
  }
}

describe("the stack's servers", () => {
  it("are up, of their versions, with the settings that tests rely on", async () => {
    const servers = await up(["mysql9", "mariadb", "postgres18"]);
    const settings = `SELECT version() AS version, @@max_allowed_packet AS packet, @@performance_schema AS ps,
      @@time_zone AS zone, @@binlog_format AS format, @@binlog_row_image AS image, @@local_infile AS local_file,
      @@binlog_row_metadata AS metadata, @@bind_address AS address, @@character_set_server AS charset`;
    const expected = {
      packet: 268_435_456,
      ps: 1,
      zone: "+00:00",
      format: "ROW",
      image: "FULL",
      local_file: 0,
    };
    const rest = { metadata: "FULL", address: "127.0.0.1", charset: "utf8mb4" };
    const mysql = await mysqlRow(servers.mysql9.url, settings);
    expect(mysql).toMatchObject({ ...expected, ...rest, version: expect.stringMatching(/^9\./) as string });
    const maria = await mysqlRow(servers.mariadb.url, settings);
    expect(maria).toMatchObject({
      ...expected,
      ...rest,
      version: expect.stringMatching(/^10\.11\..*Maria/) as string,
    });
    const rows = await postgresRows(
      servers.postgres18.url,
      `SELECT name, setting FROM pg_settings WHERE name IN ('server_version', 'wal_level', 'fsync',
        'synchronous_commit', 'listen_addresses', 'max_wal_size', 'TimeZone') ORDER BY name COLLATE "C"`,
    );
    expect(Object.fromEntries(rows.map((row) => [row["name"], row["setting"]]))).toEqual({
      TimeZone: "UTC",
      fsync: "on",
      listen_addresses: "127.0.0.1",
      max_wal_size: "4096",
      server_version: expect.stringMatching(/^18\./) as string,
      synchronous_commit: "on",
      wal_level: "logical",
    });
  });

  it("are the same at the second up, which prints one object and takes less than 5 s", async () => {
    const servers = await up(["mysql9", "postgres18"]);
    // The first run may have to build; the second is what the promise is about.
    await stack("ps");
    const began = performance.now();
    const { code, stdout } = await stack("up", "mysql9", "postgres18", "--json");
    expect(performance.now() - began).toBeLessThan(5000);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual(servers);
  });

  it("are refused by name where there are none such, with stdout left empty", async () => {
    const unknown = await stack("up", "oracle");
    expect(unknown).toMatchObject({ code: 64, stdout: "" });
    expect(unknown.stderr).toContain('No server is called "oracle"');
    expect((await stack("up", "mysql9", "--provider", "moon")).code).toBe(64);
  });
});

describe("a server of one's own data folder", () => {
  let folder: string;
  let before: string | undefined;
  beforeAll(() => {
    folder = realpathSync(mkdtempSync("/tmp/headgate-servers-"));
    chmodSync(folder, 0o755);
    before = process.env["HEADGATE_STACK_DATA"];
    process.env["HEADGATE_STACK_DATA"] = folder;
  });
  afterAll(async () => {
    await down();
    if (before === undefined) delete process.env["HEADGATE_STACK_DATA"];
    else process.env["HEADGATE_STACK_DATA"] = before;
    rmSync(folder, { recursive: true });
  });

  it("comes back after kill -9 and after a restart, on the same port with what was committed", async () => {
    const first = await up(["postgres18", "mariadb"]);
    await postgresRows(first.postgres18.url, "CREATE TABLE kept AS SELECT 42 AS answer");
    await mysqlRow(first.mariadb.url, "CREATE DATABASE kept");
    await Promise.all([kill("postgres18"), kill("mariadb")]);
    expect(list()).toEqual([]);
    await expect(postgresRows(first.postgres18.url, "SELECT 1")).rejects.toThrow("ECONNREFUSED");

    const again = await start("postgres18");
    expect(again.url).toBe(first.postgres18.url);
    expect(again.pid).not.toBe(first.postgres18.pid);
    expect(await postgresRows(again.url, "SELECT answer FROM kept")).toEqual([{ answer: 42 }]);
    const maria = await start("mariadb");
    expect(maria.url).toBe(first.mariadb.url);
    expect(await mysqlRow(maria.url, "SHOW CREATE DATABASE kept")).toMatchObject({ Database: "kept" });

    const restarted = await restart("postgres18");
    expect(restarted.url).toBe(first.postgres18.url);
    expect(await postgresRows(restarted.url, "SELECT answer FROM kept")).toEqual([{ answer: 42 }]);
  });

  it("is the only thing that down stops: a pid that was given to somebody else is left alone", async () => {
    await up(["postgres18"]);
    const state = readState(folder);
    const real = state.postgres18!;
    // Our own pid, started at another moment: as if the server had gone and its number had come to us.
    writeState(folder, { postgres18: { ...real, process: { pid: process.pid, started: "before" } } });
    expect(await down(["postgres18"])).toEqual([]);
    writeState(folder, { postgres18: real });
    expect(await down(["postgres18"])).toEqual(["postgres18"]);
  });

  it("lies under that folder, logs included", async () => {
    const { postgres18 } = await up(["postgres18"]);
    expect(postgres18.log).toBe(join(folder, "log", "postgres18.log"));
    expect(list().map((one) => one.name)).toEqual(["postgres18"]);
  });
});
