/**
 * Who is an administrator of a source, by the servers' own word and not by a name: SUPER, or one of the rights that it
 * was parted into, of an account of that name on any source that runs here. Asked over connections of its own, one a
 * server, which keep no process alive.
 */
import { createConnection } from "mysql2/promise";
import type { Connection } from "mysql2/promise";
import { isSource, ownServer } from "./matrix.js";
import { list } from "./stack/servers.js";

/** MySQL 8 spells them with an underscore, MariaDB with a blank. A copy, a check and a stream need none of them. */
const powers = [
  ...["SUPER", "SYSTEM_USER", "SYSTEM_VARIABLES_ADMIN", "CONNECTION_ADMIN", "ROLE_ADMIN", "BINLOG_ADMIN"],
  ...["SET_USER_ID", "SET_ANY_DEFINER", "REPLICATION_SLAVE_ADMIN", "CREATE USER", "SHUTDOWN", "FILE"],
  ...["CONNECTION ADMIN", "READ_ONLY ADMIN", "BINLOG ADMIN", "REPLICATION MASTER ADMIN", "SET USER"],
];

const open = new Map<string, Promise<Connection>>();

/** The right that makes the account one; null where it is none, or no server that runs here has it. */
export async function powerOf(user: string): Promise<string | null> {
  const own = ownServer("SOURCE");
  const urls = list().flatMap(({ name, url }) => (isSource(name) ? [url] : []));
  const found = await Promise.all(
    [...urls, ...(own === undefined ? [] : [own])].map((url) => ask(url, user)),
  );
  return found.find((power) => power !== null) ?? null;
}

async function ask(url: string, user: string): Promise<string | null> {
  try {
    const connection = await (open.get(url) ?? connect(url));
    const [rows] = await connection.query({
      sql: "SELECT PRIVILEGE_TYPE FROM information_schema.USER_PRIVILEGES WHERE PRIVILEGE_TYPE IN (?) AND LEFT(GRANTEE, CHAR_LENGTH(?) + 3) = CONCAT('''', ?, '''@')",
      values: [powers, user, user],
      rowsAsArray: true,
    });
    const [first]: unknown[] = Array.isArray(rows) ? rows : [];
    return Array.isArray(first) ? String(first[0]) : null;
  } catch (error) {
    open.delete(url);
    // A server that a test has just killed: nobody logs in there either, and the next login asks again.
    if (error instanceof Error && gone.test(`${"code" in error ? String(error.code) : ""} ${error.message}`))
      return null;
    throw error;
  }
}

/** Also one that takes no more connections, as a test may have it. */
const gone =
  /^(?:ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|PROTOCOL_|ER_SERVER_SHUTDOWN|ER_CON_COUNT_ERROR|ER_CONNECTION_KILLED)|closed state/u;

function connect(url: string): Promise<Connection> {
  const coming = createConnection({ uri: url }).then(async (connection) => {
    // Whatever defaults the server was given by a test.
    await connection.query("SET SESSION sql_big_selects = 1");
    connection.on("error", () => open.delete(url));
    const stream: unknown = Reflect.get(Object(Reflect.get(connection, "connection")), "stream");
    const unref: unknown = Reflect.get(Object(stream), "unref");
    if (typeof unref === "function") Reflect.apply(unref, stream, []);
    return connection;
  });
  open.set(url, coming);
  return coming;
}
