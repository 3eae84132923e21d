import { describe, expect, it } from "vitest";
import { judgeSettings } from "./preflight-settings.js";
import type { ServerState } from "./preflight-settings.js";

const good: Readonly<Record<string, string>> = {
  binlog_expire_logs_auto_purge: "ON",
  binlog_expire_logs_seconds: "2592000",
  binlog_format: "ROW",
  binlog_order_commits: "ON",
  binlog_row_image: "FULL",
  binlog_row_metadata: "FULL",
  binlog_row_value_options: "",
  binlog_transaction_compression: "OFF",
  gtid_mode: "ON",
  innodb_flush_log_at_trx_commit: "1",
  log_bin: "ON",
  log_replica_updates: "ON",
  max_allowed_packet: "67108864",
  max_execution_time: "0",
  read_only: "OFF",
  sql_mode: "STRICT_TRANS_TABLES",
  super_read_only: "OFF",
  sync_binlog: "1",
  time_zone: "+00:00",
};

function judged(
  settings: Readonly<Record<string, string | undefined>>,
  rest: Partial<ServerState> = {},
): string[] {
  const known = Object.entries({ ...good, ...settings }).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  const state: ServerState = {
    engine: "mysql",
    version: "9.7.4",
    settings: new Map(known),
    database: "shop",
    filters: { only: [], ignored: [] },
    markerDatabase: "headgate",
    passesReadOnly: false,
    replicates: null,
    ...rest,
  };
  return judgeSettings(state).map((found) => `${found.severity} ${found.code} ${found.object}`);
}

describe("a server's settings", () => {
  it("that fit say nothing", () => {
    expect(judged({})).toEqual([]);
  });

  it.each([
    [{ log_bin: "OFF", binlog_format: "STATEMENT" }, ["error binlog-off server.log_bin"]],
    [{ binlog_format: "MIXED" }, ["warning binlog-format server.binlog_format"]],
    [{ binlog_row_image: "MINIMAL" }, ["warning binlog-row-image server.binlog_row_image"]],
    [{ binlog_row_image: "noblob" }, ["warning binlog-row-image server.binlog_row_image"]],
    [
      { binlog_row_value_options: "PARTIAL_JSON" },
      ["warning binlog-row-value-options server.binlog_row_value_options"],
    ],
    [{ binlog_row_metadata: "MINIMAL" }, ["info binlog-row-metadata server.binlog_row_metadata"]],
    [
      { binlog_transaction_compression: "ON" },
      ["info binlog-compression server.binlog_transaction_compression"],
    ],
    [{ sync_binlog: "0" }, ["warning log-not-durable server.sync_binlog"]],
    [{ sync_binlog: "1000" }, ["warning log-not-durable server.sync_binlog"]],
    [
      { innodb_flush_log_at_trx_commit: "2" },
      ["warning log-not-durable server.innodb_flush_log_at_trx_commit"],
    ],
    [
      { innodb_flush_log_at_trx_commit: "0", sync_binlog: "0" },
      ["warning log-not-durable server.sync_binlog"],
    ],
    [{ gtid_mode: "OFF_PERMISSIVE" }, ["info gtid-off server.gtid_mode"]],
    [{ binlog_order_commits: "OFF" }, ["info binlog-order-commits server.binlog_order_commits"]],
    [
      { gtid_mode: "OFF", binlog_order_commits: "OFF" },
      ["info gtid-off server.gtid_mode", "warning binlog-order-commits server.binlog_order_commits"],
    ],
    [{ binlog_expire_logs_seconds: "3600" }, ["warning binlog-retention server.binlog_expire_logs_seconds"]],
    [{ binlog_expire_logs_seconds: "0" }, []],
    [{ binlog_expire_logs_seconds: "3600", binlog_expire_logs_auto_purge: "OFF" }, []],
    [{ read_only: "ON" }, ["error source-read-only server.read_only"]],
    [{ super_read_only: "ON", read_only: "ON" }, ["error source-read-only server.read_only"]],
    [{ sql_mode: "NO_ENGINE_SUBSTITUTION" }, ["info sql-mode-lax server.sql_mode"]],
    [{ max_allowed_packet: "4194304" }, ["warning max-allowed-packet server.max_allowed_packet"]],
    [{ max_execution_time: "1000" }, ["info statement-limit server.max_execution_time"]],
    [{ time_zone: "SYSTEM", system_time_zone: "CET" }, ["info time-zone server.time_zone"]],
    [{ time_zone: "SYSTEM", system_time_zone: "UTC" }, []],
  ])("%j", (settings, expected) => {
    expect(judged(settings)).toEqual(expected);
  });

  it("wants commits in the log's order where a GTID may be there before its rows are seen (MySQL 5.6)", () => {
    const settings = { binlog_order_commits: "OFF" };
    const [code, object] = ["binlog-order-commits", "server.binlog_order_commits"];
    expect(judged(settings, { version: "5.6.24" })).toContain(`warning ${code} ${object}`);
    expect(judged(settings, { version: "5.7.44" })).toContain(`info ${code} ${object}`);
  });

  it.each([
    ["mysql", "log_replica_updates", null, ["info"]],
    ["mysql", "log_replica_updates", true, ["warning"]],
    ["mariadb", "log_slave_updates", true, ["warning"]],
    ["mariadb", "log_slave_updates", false, []],
  ] as const)(
    "a replica on %s that does not log what it applies: %s, %s",
    (engine, name, replicates, told) => {
      const settings = { log_replica_updates: undefined, [name]: "OFF" };
      expect(
        judged(settings, { engine, replicates }).filter((each) => each.includes("replicated-not-logged")),
      ).toEqual(told.map((severity) => `${severity} replicated-not-logged server.log_slave_updates`));
    },
  );

  it("lets an account pass read_only, never super_read_only", () => {
    expect(judged({ read_only: "ON" }, { passesReadOnly: true })).toEqual([]);
    expect(judged({ read_only: "ON", super_read_only: "ON" }, { passesReadOnly: true })).toEqual([
      "error source-read-only server.super_read_only",
    ]);
  });

  it.each([
    [{ only: ["other"], ignored: [] }, ["server.binlog_do_db", "server.binlog_do_db"]],
    [{ only: ["shop"], ignored: [] }, ["server.binlog_do_db"]],
    [{ only: ["shop", "headgate"], ignored: [] }, []],
    [{ only: [], ignored: ["shop"] }, ["server.binlog_ignore_db"]],
  ])("tells what the log leaves out: %j", (filters, objects) => {
    expect(judged({}, { filters })).toEqual(objects.map((object) => `warning binlog-filtered ${object}`));
  });

  it("knows what MariaDB and MySQL 5.6 do not have", () => {
    const mariadb = { gtid_mode: undefined, binlog_row_value_options: undefined, super_read_only: undefined };
    expect(judged(mariadb, { engine: "mariadb", version: "10.11.19-MariaDB-log" })).toEqual([]);
    expect(
      judged({ binlog_expire_logs_seconds: undefined, expire_logs_days: "0" }, { version: "5.6.24" }),
    ).toEqual(["info source-version-untested server.version"]);
  });

  it.each([
    ["mysql", "5.5.62", "error source-version server.version"],
    ["mysql", "8.4.3", "info source-version-untested server.version"],
    ["mysql", "10.0.1", "info source-version-untested server.version"],
    ["mariadb", "10.2.44-MariaDB", "error source-version server.version"],
    ["mariadb", "11.4.2-MariaDB", "info source-version-untested server.version"],
  ] as const)("%s %s", (engine, version, expected) => {
    expect(judged({}, { engine, version })).toEqual([expected]);
  });
});
