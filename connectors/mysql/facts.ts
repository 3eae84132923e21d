/** What a source says of itself: who it is, and the settings that a migration depends on. */
import type { ServerFacts } from "../../src/model.js";
import type { Connection, MysqlOptions } from "./connection.js";

/** Settings that later phases depend on; preflight judges them. */
const settings = [
  "binlog_format",
  "binlog_order_commits",
  "binlog_row_image",
  "binlog_row_metadata",
  "binlog_transaction_compression",
  "character_set_server",
  "gtid_mode",
  "gtid_strict_mode",
  "innodb_native_foreign_keys",
  "log_bin",
  "lower_case_table_names",
  "max_allowed_packet",
  "server_id",
  "sql_mode",
];

export async function factsOf(connection: Connection, options: MysqlOptions): Promise<ServerFacts> {
  const values = await connection.variables(settings);
  return {
    engine: connection.engine,
    version: connection.version,
    identity: connection.identity,
    database: options.database,
    settings: Object.fromEntries([...values].filter(([name]) => settings.includes(name))),
  };
}
