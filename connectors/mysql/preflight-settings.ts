/**
 * The server's settings, judged for what this and later phases need of them. Only what the copy itself cannot do
 * without is an error; what the stream will need is a warning that says so, because it is cheap to set today and
 * expensive to find missing on the night. A setting that the server does not have is judged as that server behaves.
 */
import type { Finding, SourceEngine } from "../../src/model.js";
import { finding } from "./preflight-finding.js";
import { atLeast } from "./position.js";
import { judgeSession } from "./preflight-session.js";

/** What is read for the judgement. */
export const settingNames: readonly string[] = [
  "binlog_expire_logs_auto_purge",
  "binlog_expire_logs_seconds",
  "binlog_format",
  "binlog_order_commits",
  "binlog_row_image",
  "binlog_row_metadata",
  "binlog_row_value_options",
  "binlog_transaction_compression",
  "expire_logs_days",
  "gtid_mode",
  "innodb_flush_log_at_trx_commit",
  "innodb_native_foreign_keys",
  "log_bin",
  "log_bin_compress",
  "log_replica_updates",
  "log_slave_updates",
  "max_allowed_packet",
  "max_execution_time",
  "max_statement_time",
  "read_only",
  "sql_mode",
  "super_read_only",
  "sync_binlog",
  "system_time_zone",
  "time_zone",
];

export interface ServerState {
  readonly engine: SourceEngine;
  readonly version: string;
  readonly settings: ReadonlyMap<string, string>;
  readonly database: string;
  /** Binlog_Do_DB and Binlog_Ignore_DB of SHOW BINARY LOG STATUS; null when that could not be asked. */
  readonly filters: { readonly only: readonly string[]; readonly ignored: readonly string[] } | null;
  readonly markerDatabase: string;
  /** Whether the account passes read_only. */
  readonly passesReadOnly: boolean;
  /** Whether it applies another server's log; null where it does not say. */
  readonly replicates: boolean | null;
}

/** A day: less log than that is gone before a person has slept over a failure. */
const shortRetention = 86_400;

export function judgeSettings(state: ServerState): readonly Finding[] {
  return [
    ...judgeVersion(state),
    ...judgeBinlog(state),
    ...judgeDurability(state),
    ...judgeImages(state),
    ...judgeRetention(state),
    ...judgeFilters(state),
    ...judgeSession(state),
  ];
}

function judgeVersion({ engine, version }: ServerState): readonly Finding[] {
  const [major = 0, minor = 0] = version.split(".").map((part) => Number.parseInt(part, 10));
  const number = major * 100 + minor;
  const [oldest, tested] = engine === "mariadb" ? [1003, [1011]] : [506, [907]];
  const name = engine === "mariadb" ? "MariaDB" : "MySQL";
  if (number < oldest)
    return [
      finding(
        "source-version",
        "error",
        "server.version",
        `The source is ${name} ${version}; Headgate reads ${name} ${Math.floor(oldest / 100)}.${oldest % 100} and later.`,
        `Upgrade the source, or copy from a replica of a newer version.`,
      ),
    ];
  if (tested.includes(number)) return [];
  return [
    finding(
      "source-version-untested",
      "info",
      "server.version",
      `The source is ${name} ${version}; Headgate is tested with ${name} ${tested.map((each) => `${Math.floor(each / 100)}.${each % 100}`).join(", ")}.`,
      "Rehearse with a copy of this server first.",
    ),
  ];
}

function judgeBinlog({ engine, version, settings, replicates }: ServerState): readonly Finding[] {
  const found: Finding[] = [];
  const is = (name: string, value: string): boolean => settings.get(name)?.toUpperCase() === value;
  if (!is("log_bin", "ON")) {
    // Everything else about the log is moot.
    return [
      finding(
        "binlog-off",
        "error",
        "server.log_bin",
        "The source keeps no binary log: the copy has no position to start from, and nothing written meanwhile could follow.",
        "Set log_bin in the server's configuration and restart it.",
      ),
    ];
  }
  if (!is("binlog_format", "ROW"))
    found.push(
      finding(
        "binlog-format",
        "warning",
        "server.binlog_format",
        `binlog_format is ${settings.get("binlog_format") ?? "unknown"}; the stream needs ROW, statements cannot be replayed on another engine.`,
        "SET GLOBAL binlog_format = 'ROW'; and in the server's configuration. Sessions keep the old one until they log in again.",
      ),
    );
  const gtid = engine === "mariadb" || is("gtid_mode", "ON");
  if (!gtid)
    found.push(
      finding(
        "gtid-off",
        "info",
        "server.gtid_mode",
        `gtid_mode is ${settings.get("gtid_mode") ?? "not there"}: positions are file and offset, which hold for this one server only; the stream cannot follow a failover.`,
        "Turn gtid_mode on if the source may fail over during the migration.",
      ),
    );
  // What it applies of another server's log is in its tables and not in its own: the log looks whole, and says nothing.
  const unlogged = is("log_replica_updates", "OFF") || is("log_slave_updates", "OFF");
  if (unlogged && replicates !== false)
    found.push(
      finding(
        "replicated-not-logged",
        replicates === true ? "warning" : "info",
        "server.log_slave_updates",
        `log_slave_updates is OFF${replicates === true ? ", and the source is a replica of another server" : ""}: what it applies of another server's log is not in its own, and the stream would never see it.`,
        "Name the primary in source.url (a replica may stand in source.replica), or set log_slave_updates = ON in the server's configuration and restart it.",
      ),
    );
  // Before 5.7 a transaction is in gtid_executed before it is visible, as it is in the file.
  const exact = gtid && engine === "mysql" && atLeast(version, 5, 7);
  if (is("binlog_order_commits", "OFF"))
    found.push(
      finding(
        "binlog-order-commits",
        exact ? "info" : "warning",
        "server.binlog_order_commits",
        "binlog_order_commits is OFF: transactions may become visible in another order than the log's, so the stream cannot start from a file and offset.",
        "SET GLOBAL binlog_order_commits = ON;",
      ),
    );
  if (is("binlog_transaction_compression", "ON") || is("log_bin_compress", "ON"))
    found.push(
      finding(
        "binlog-compression",
        "info",
        `server.${engine === "mysql" ? "binlog_transaction_compression" : "log_bin_compress"}`,
        "The binary log is compressed; the stream unpacks it, at some cost in CPU.",
        "Nothing needs to be done.",
      ),
    );
  return found;
}

/** What a commit waits for. A crash of the server alone loses nothing with most of these; one of its machine does. */
function judgeDurability({ settings }: ServerState): readonly Finding[] {
  if (settings.get("log_bin")?.toUpperCase() !== "ON") return [];
  const lax = ["sync_binlog", "innodb_flush_log_at_trx_commit"].flatMap((name) => {
    const value = settings.get(name);
    return value === undefined || value === "1" ? [] : [{ name, value }];
  });
  const [first] = lax;
  if (first === undefined) return [];
  return [
    finding(
      "log-not-durable",
      "warning",
      `server.${first.name}`,
      `${lax.map(({ name, value }) => `${name} is ${value}`).join(", ")}: when the source's machine dies, the end of its log or of its tables may be lost that the target has applied already. A shorter log stops the stream by name (position-unknown), and all is copied again; what only its tables have lost no log tells, and a verification alone finds.`,
      `${lax.map(({ name }) => `SET GLOBAL ${name} = 1;`).join(" ")} for as long as the migration lasts.`,
    ),
  ];
}

function judgeImages({ settings }: ServerState): readonly Finding[] {
  const found: Finding[] = [];
  const image = settings.get("binlog_row_image")?.toUpperCase();
  if (image !== undefined && image !== "FULL")
    found.push(
      finding(
        "binlog-row-image",
        "warning",
        "server.binlog_row_image",
        `binlog_row_image is ${image}; the stream needs FULL, a column that is absent from an event cannot be told from one that did not change.`,
        "SET GLOBAL binlog_row_image = 'FULL'; and in the server's configuration.",
      ),
    );
  const options = settings.get("binlog_row_value_options") ?? "";
  if (options !== "")
    found.push(
      finding(
        "binlog-row-value-options",
        "warning",
        "server.binlog_row_value_options",
        `binlog_row_value_options is ${options}: updates of JSON columns are logged in part, which the stream refuses.`,
        "SET GLOBAL binlog_row_value_options = '';",
      ),
    );
  const metadata = settings.get("binlog_row_metadata")?.toUpperCase();
  if (metadata !== undefined && metadata !== "FULL")
    found.push(
      finding(
        "binlog-row-metadata",
        "info",
        "server.binlog_row_metadata",
        `binlog_row_metadata is ${metadata}: events carry no column names, so the stream relies on the catalogue alone to notice DDL.`,
        "SET GLOBAL binlog_row_metadata = 'FULL';",
      ),
    );
  return found;
}

function judgeRetention({ settings }: ServerState): readonly Finding[] {
  if (settings.get("log_bin")?.toUpperCase() !== "ON") return [];
  if (settings.get("binlog_expire_logs_auto_purge")?.toUpperCase() === "OFF") return [];
  const seconds = Number(settings.get("binlog_expire_logs_seconds") ?? "0");
  const days = Number(settings.get("expire_logs_days") ?? "0");
  // 0 in both means that logs are never purged by age; the seconds win where both are set.
  const kept = seconds > 0 ? seconds : days * 86_400;
  if (kept === 0 || kept >= shortRetention) return [];
  return [
    finding(
      "binlog-retention",
      "warning",
      "server.binlog_expire_logs_seconds",
      `The source purges its binary log after ${kept} seconds; the stream needs it from the start of the copy until it has caught up.`,
      "SET GLOBAL binlog_expire_logs_seconds = 604800; or longer than the copy takes, with a night to spare.",
    ),
  ];
}

function judgeFilters({ filters, database, markerDatabase }: ServerState): readonly Finding[] {
  if (filters === null) return [];
  return [database, markerDatabase]
    .filter(
      (name) => filters.ignored.includes(name) || (filters.only.length > 0 && !filters.only.includes(name)),
    )
    .map((name) =>
      finding(
        "binlog-filtered",
        "warning",
        `server.binlog_${filters.ignored.includes(name) ? "ignore" : "do"}_db`,
        `The binary log leaves out the database ${name}; the stream would never see its changes.`,
        "Take binlog_do_db and binlog_ignore_db out of the server's configuration and restart it.",
      ),
    );
}
