/**
 * One connection to MySQL or MariaDB for small statements: catalogue, preflight, profile, markers. Its session is
 * the one that types.md rule 2 asks for, set on every connection and not taken from the server's defaults: another
 * sql_mode, zone or character set would change what the very same statement returns. Every value comes back as
 * the text the server sent, so no number or date passes through JavaScript's own types. Rows in bulk are read
 * elsewhere, by the raw reader of the wire protocol.
 */
import type { Socket } from "node:net";
import { createConnection } from "mysql2/promise";
import type { Connection as DriverConnection, ResultSetHeader } from "mysql2/promise";
import { Fault } from "../../src/errors.js";
import type { SourceEngine } from "../../src/model.js";
import { stopReason, throwIfStopped } from "../../src/stop.js";
import { dial } from "./dial.js";
import { withEntry } from "./grant-names.js";
import { demandIdentity, identityOf, identityVariables } from "./server-identity.js";
import { serverErrorNumber, sourceFault } from "./server-error.js";
import { session, sessionWhereKnown } from "./session-settings.js";
import { untilLifted, withoutLimit } from "./statement-limit.js";
import { verified } from "./verified.js";

export type TlsOptions =
  { readonly mode: "off" } | { readonly mode: "verify-full"; readonly ca?: string | undefined };

export interface MysqlOptions {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** One database; the session stands in it. */
  readonly database: string;
  readonly tls: TlsOptions;
  /** Identity of the server that answered first: a connection that reaches another one is refused. */
  readonly expect?: string;
  /** Folder for what has to wait and is too much for memory; the system's own for such things where none is said. */
  readonly spill?: string;
  /** Milliseconds that a statement may go unanswered before its connection counts as lost; without it as long as the network takes. */
  readonly answerMs?: number;
}

/** What a statement that writes has done. */
export interface Written {
  readonly rows: number;
  /** Notes among them. */
  readonly warnings: number;
  /** What the server says of an INSERT of many rows, in its own language; empty of others. */
  readonly info: string;
}

export type Cell = string | null;
export type Row = readonly Cell[];

const connectMs = 10_000;

/** An open session. Close it, or use `await using`. Not for concurrent use: MySQL answers one statement at a time. */
export class Connection implements AsyncDisposable {
  readonly #driver: DriverConnection;
  readonly #socket: Socket;
  readonly #options: MysqlOptions;
  readonly engine: SourceEngine;
  /** VERSION(), e.g. `9.7.4` or `10.11.19-MariaDB-log`. */
  readonly version: string;
  /** CONNECTION_ID() in decimal. */
  readonly id: string;
  /** Which server this is (server-identity.ts). */
  readonly identity: string;
  #open = true;

  private constructor(
    driver: DriverConnection,
    socket: Socket,
    options: MysqlOptions,
    { version, id, identity }: { readonly version: string; readonly id: string; readonly identity: string },
  ) {
    this.#driver = driver;
    this.#socket = socket;
    this.#options = options;
    this.version = version;
    this.id = id;
    this.identity = identity;
    this.engine = /mariadb/iu.test(version) ? "mariadb" : "mysql";
  }

  /** Connects, logs in and sets the session. Faults: server-unreachable, tls-refused, login-refused, database-missing, server-changed. */
  static async open(options: MysqlOptions): Promise<Connection> {
    const place = placeOf(options);
    const socket = dial(options);
    // The driver's own limit ends with the first byte, and a login may hang behind it.
    const silent = (): void => void socket.destroy(lost("ETIMEDOUT", "no answer while logging in"));
    socket.setTimeout(connectMs).on("timeout", silent);
    let driver: DriverConnection;
    try {
      driver = await createConnection({
        host: options.host,
        port: options.port,
        user: options.user,
        password: options.password,
        database: options.database,
        charset: "UTF8MB4_GENERAL_CI",
        connectTimeout: connectMs,
        enableKeepAlive: true,
        // None is kept here; mysql2 makes room for as many as it is told, which are 16,000 where nothing is said: 0.5 MB.
        maxPreparedStatements: 1,
        // A server may ask its client for any local file; ours has none to give.
        flags: ["-LOCAL_FILES"],
        multipleStatements: false,
        rowsAsArray: true,
        dateStrings: true,
        supportBigNumbers: true,
        bigNumberStrings: true,
        decimalNumbers: false,
        jsonStrings: true,
        typeCast: (field) => field.string("utf8"),
        stream: () => socket,
        ...(options.tls.mode === "off" ? {} : { ssl: verified(options.tls.ca) }),
      });
    } catch (error) {
      throw withEntry(sourceFault(error, place, "Connecting"), options.database);
    }
    // mysql2 emits `error` when an idle connection is cut; without a listener that would end the process. The
    // next statement on the connection fails with the same cause and is told then.
    driver.on("error", () => undefined);
    try {
      await untilLifted(() => driver.query(withoutLimit), serverErrorNumber);
      for (const statement of session) await driver.query(statement);
      const [known] = await driver.query({
        sql: "SHOW VARIABLES WHERE Variable_name IN (?)",
        values: [[...sessionWhereKnown.map(([name]) => name), ...identityVariables]],
      });
      const identity = identityOf(rowsOf(known));
      demandIdentity(place, options.expect, identity);
      const names = new Set(rowsOf(known).map((row) => row[0]));
      for (const [name, value] of sessionWhereKnown)
        if (names.has(name)) await driver.query(`SET SESSION ${name} = ${value}`);
      const [switches] = await driver.query("SELECT @@optimizer_switch");
      // MariaDB keeps a subquery's answer by what its collation holds equal: asked of 'A' it gives what it found for 'a'.
      if (rowsOf(switches)[0]?.[0]?.includes("subquery_cache=on") === true)
        await driver.query("SET SESSION optimizer_switch = 'subquery_cache=off'");
      const [facts] = await driver.query("SELECT VERSION(), CONNECTION_ID()");
      const [version, id] = rowsOf(facts)[0] ?? [];
      socket.setTimeout(0).off("timeout", silent);
      return new Connection(driver, socket, options, { version: version ?? "", id: id ?? "", identity });
    } catch (error) {
      driver.destroy();
      throw sourceFault(error, place, "Setting the session");
    }
  }

  /** Whether this side has not closed the session; the server may have. */
  get open(): boolean {
    return this.#open;
  }

  /** host:port, for sentences. */
  get place(): string {
    return placeOf(this.#options);
  }

  /**
   * Runs one statement and returns its rows, every cell as the text the server sent. `params` fill `?` by the
   * driver's quoting, an array fills `IN (?)`. An abort ends the statement on the server too, closes this
   * connection and throws the signal's Fault.
   */
  async query(
    sql: string,
    params: readonly (string | number | null | Buffer | readonly string[])[] = [],
    signal?: AbortSignal,
  ): Promise<readonly Row[]> {
    if (signal !== undefined) throwIfStopped(signal);
    let onAbort = (): void => undefined;
    // The driver forgets a statement whose socket is cut, so the abort itself must end the wait.
    const stopped = new Promise<never>((_resolve, reject) => {
      onAbort = (): void => {
        this.#kill().then(() => reject(new Error("stopped")), reject);
      };
    });
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      const asked = { sql, values: [...params], ...this.#limit() };
      const [result] = await Promise.race([this.#driver.query(asked), stopped]);
      return rowsOf(result);
    } catch (error) {
      if (signal?.aborted === true) throw stopReason(signal);
      throw sourceFault(error, this.place, "A statement failed");
    } finally {
      signal?.removeEventListener("abort", onAbort);
    }
  }

  /**
   * Runs one statement that writes. Bytes are bound as bytes. `rows` are those that it found, whether it changed them or not.
   * `long`: it takes as long as a table is big, and no limit of ours is on it.
   */
  async write(sql: string, params: readonly (string | Buffer | null)[] = [], long = false): Promise<Written> {
    try {
      const limit = long ? {} : this.#limit();
      const [result] = await this.#driver.query<ResultSetHeader>({ sql, values: [...params], ...limit });
      return { rows: result.affectedRows, warnings: result.warningStatus, info: result.info };
    } catch (error) {
      throw sourceFault(error, this.place, "A statement failed");
    }
  }

  /** The same with the columns' names, for statements whose columns differ from server to server. */
  async named(sql: string): Promise<readonly ReadonlyMap<string, Cell>[]> {
    try {
      const [rows, fields] = await this.#driver.query({ sql, rowsAsArray: true, ...this.#limit() });
      const names = fields.map((field) => field.name);
      return rowsOf(rows).map((row) => new Map(names.map((name, at) => [name, row[at] ?? null])));
    } catch (error) {
      throw sourceFault(error, this.place, "A statement failed");
    }
  }

  /** Runs a query that returns one row with one cell; null when there is no row. */
  async value(sql: string, params: readonly (string | number | null | Buffer)[] = []): Promise<Cell> {
    const rows = await this.query(sql, params);
    return rows[0]?.[0] ?? null;
  }

  /** Global variables by name, those that the server does not know left out. */
  async variables(names: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const rows = await this.query("SHOW GLOBAL VARIABLES WHERE Variable_name IN (?)", [names]);
    return new Map(rows.map(([name, value]) => [(name ?? "").toLowerCase(), value ?? ""]));
  }

  /** Whether the server answers on this session, within so many milliseconds. */
  async answers(milliseconds: number): Promise<boolean> {
    try {
      await this.#driver.query({ sql: "DO 0", timeout: milliseconds });
      return true;
    } catch (error) {
      const fault = sourceFault(error, this.place, "Asking whether it answers");
      if (fault.code !== "connection-lost") throw fault;
      return false;
    }
  }

  /** Leaves it without a word, whatever is under way on it: that fails as on a lost connection, and may take effect still. */
  cut(): void {
    this.#open = false;
    this.#socket.destroy(lost("ECONNRESET", "its answer was not waited for any longer"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    try {
      await this.#driver.end();
    } catch (error) {
      // A connection that is already gone is as closed as it can be; anything else is told.
      const fault = sourceFault(error, this.place, "Closing");
      this.#driver.destroy();
      if (fault.code !== "connection-lost" && fault.code !== "source-refused") throw fault;
    }
  }

  #limit(): { readonly timeout?: number } {
    return this.#options.answerMs === undefined ? {} : { timeout: this.#options.answerMs };
  }

  /**
   * Ends this session on the server from a second connection, so that no abandoned aggregate keeps scanning. If
   * that fails the socket is cut, and the server ends the statement when it next writes to it.
   */
  async #kill(): Promise<void> {
    this.#open = false;
    try {
      await using other = await Connection.open(this.#options);
      await other.query(`KILL ${this.id}`);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
    } finally {
      this.#driver.destroy();
    }
  }
}

/** As Node says it of a socket. */
function lost(code: "ECONNRESET" | "ETIMEDOUT", why: string): Error {
  return Object.assign(new Error(why), { code });
}

function placeOf(options: MysqlOptions): string {
  return `${options.host}:${options.port}`;
}

/** Checks what the driver handed over instead of believing its types; a statement without rows has none. */
function rowsOf(result: unknown): readonly Row[] {
  if (!Array.isArray(result)) return [];
  // A compound statement answers with a list of results, its own OK at the end: the first result is what it says.
  const last: unknown = result.at(-1);
  if (result.length > 0 && !Array.isArray(last)) return rowsOf(result[0]);
  return result.map((row: unknown) => {
    if (!Array.isArray(row)) throw new Fault("bug", "The driver returned a row that is no array.");
    return row.map((cell: unknown) => {
      if (cell === null || typeof cell === "string") return cell;
      throw new Fault("bug", `The driver returned a cell of type ${typeof cell}.`);
    });
  });
}
