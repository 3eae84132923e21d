/**
 * How MySQL and MariaDB are set up and started for tests: small buffers, a full row binlog with column names, GTIDs,
 * UTC, loopback only. The log is flushed to the kernel at each commit but to the disk once a second: a killed server
 * loses nothing, only a machine that loses power would.
 */
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createConnection } from "mysql2/promise";
import type { RowDataPacket } from "mysql2/promise";
import type { Name } from "./names.js";
import type { Programs } from "./offer.js";
import { handToServer, serverAccount, serverFolder } from "./place.js";
import type { Home } from "./home.js";
import { Refusal } from "./refusal.js";
import { run } from "./tool.js";

/** Without name resolution a login from 127.0.0.1 is not one from localhost: it needs an account of its own. */
const loopbackRoot = [
  "CREATE USER IF NOT EXISTS 'root'@'127.0.0.1' IDENTIFIED BY '';",
  "GRANT ALL ON *.* TO 'root'@'127.0.0.1' WITH GRANT OPTION;",
];

const common = [
  "--bind-address=127.0.0.1",
  "--skip-name-resolve",
  // Relative to the data folder: the path of a socket may have 107 bytes, that of a checkout more.
  "--socket=server.sock",
  "--log-bin=binlog",
  "--binlog-format=ROW",
  "--binlog-row-image=FULL",
  "--sync-binlog=0",
  "--local-infile=OFF",
  "--character-set-server=utf8mb4",
  "--default-time-zone=+00:00",
  "--max-allowed-packet=256M",
  "--performance-schema=ON",
  "--innodb-buffer-pool-size=256M",
  "--innodb-flush-log-at-trx-commit=2",
];

const own: Partial<Record<Name, readonly string[]>> = {
  mysql9: [
    "--server-id=9",
    "--mysqlx=OFF",
    "--gtid-mode=ON",
    "--enforce-gtid-consistency=ON",
    "--binlog-row-metadata=FULL",
    "--innodb-redo-log-capacity=1G",
  ],
  mysql56: [
    "--server-id=56",
    "--gtid-mode=ON",
    "--enforce-gtid-consistency",
    "--log-slave-updates",
    "--sql-mode=STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION",
    // A value of 64 MB must fit a tenth of its two log files.
    "--innodb-log-file-size=512M",
  ],
  mariadb: [
    "--server-id=10",
    "--gtid-strict-mode=ON",
    "--log-slave-updates=ON",
    "--binlog-row-metadata=FULL",
    "--innodb-log-file-size=1G",
  ],
};

/** The whole command line of a running server. */
export function mysqlCommand(name: Name, programs: Programs, home: Home, port: number): readonly string[] {
  return [
    ...programs.server,
    // MySQL 9 given no defaults at all would not load what SET PERSIST has written either.
    name === "mysql9" ? "--defaults-file=/dev/null" : "--no-defaults",
    ...programs.layout,
    `--datadir=${home.data}`,
    `--pid-file=${home.data}/server.pid`,
    ownTemp(home),
    `--secure-file-priv=${serverFolder(home.files)}`,
    `--port=${port}`,
    ...common,
    ...(own[name] ?? []),
  ];
}

/** Fills the empty folder `data` with a new server's system tables; root has no password. */
export async function mysqlInitialize(
  name: Name,
  programs: Programs,
  home: Home,
  data: string,
): Promise<void> {
  const options = { cwd: data, env: { ...process.env, ...programs.env }, ...serverAccount() };
  const start = [...programs.server, "--no-defaults", ...programs.layout, `--datadir=${data}`, ownTemp(home)];
  if (name === "mariadb") {
    if (programs.share === undefined) throw new Refusal(1, "MariaDB came without its bootstrap SQL.");
    const bootstrap = ["--bootstrap", "--log-warnings=0", "--enforce-storage-engine="];
    const sizes = ["--max-allowed-packet=8M", "--net-buffer-length=16K"];
    await run([...start, ...bootstrap, ...sizes], { ...options, input: mariadbBootstrap(programs.share) });
  } else if (programs.template !== undefined) {
    cpSync(programs.template, data, { recursive: true });
    // The server's own id: each copy is a server of its own and makes one when it starts.
    rmSync(join(data, "auto.cnf"), { force: true });
    handToServer(data);
  } else {
    const first = join(data, "..", `${name}.first.sql`);
    writeFileSync(first, `${loopbackRoot.join("\n")}\n`, { mode: 0o644 });
    await run([...start, "--initialize-insecure", `--init-file=${first}`], options);
  }
}

/** A server deletes other servers' temporary tables from its temp folder when it starts: none may share one. */
function ownTemp(home: Home): string {
  return `--tmpdir=${serverFolder(home.temp)}`;
}

/** What mariadb-install-db would feed to the server, which is a shell script that wants a whole installation. */
function mariadbBootstrap(share: string): string {
  const files = [
    "mysql_system_tables.sql",
    "mysql_performance_tables.sql",
    "mysql_system_tables_data.sql",
    "fill_help_tables.sql",
    "maria_add_gis_sp_bootstrap.sql",
    "mysql_sys_schema.sql",
  ];
  return [
    "CREATE DATABASE IF NOT EXISTS mysql;",
    "USE mysql;",
    "SET @auth_root_socket=NULL;",
    // The lines that would add accounts for this machine's own name, which no login has without name resolution.
    ...files.map((file) =>
      readFileSync(join(share, file), "utf8").replaceAll(/^.*@current_hostname.*$/gm, ""),
    ),
    "FLUSH PRIVILEGES;",
    ...loopbackRoot,
    "",
  ].join("\n");
}

export function mysqlUrl(port: number): string {
  return `mysql://root@127.0.0.1:${port}/`;
}

/** The data folder of the server that answers on this port: the proof that it is the one we started. */
export async function mysqlDataFolder(port: number): Promise<string> {
  const connection = await createConnection({
    host: "127.0.0.1",
    port,
    user: "root",
    connectTimeout: 10_000,
  });
  try {
    const [rows] = await connection.query<(RowDataPacket & { folder: string })[]>(
      "SELECT @@datadir AS folder",
    );
    return rows[0]?.folder ?? "";
  } finally {
    await connection.end();
  }
}
